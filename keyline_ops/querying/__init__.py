"""`keyline query`: one declared read, for a look."""
