"""Whole tables, read by commands: in parallel segments, at a rate, from where one was killed."""
