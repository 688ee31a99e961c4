"""The embedded engine, its tables brought up to the template, and the guard in front of it."""
