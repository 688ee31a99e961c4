"""The notes system: notes that a user writes and reads."""
