"""IAL: the memory of an assistant: its history, its embeddings and what a search finds in them."""
