"""Deployed tables: what they are, how many items they hold, their backups and their return."""
