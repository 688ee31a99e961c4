"""Roles: who calls, what the role's statements allow, and the guard that enforces it."""
