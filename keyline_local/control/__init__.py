"""Requests of a second terminal to a running platform."""
