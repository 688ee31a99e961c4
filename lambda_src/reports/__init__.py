"""K9: users, their reports, and product embeddings."""
