"""Mediphant: drug interactions checked, on a single table."""
