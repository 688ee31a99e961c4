"""Embeddings of a user's messages, and the search for those that are similar to a vector."""
