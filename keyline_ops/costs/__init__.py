"""What the systems' specifications say about cost, computed again."""
