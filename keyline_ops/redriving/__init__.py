"""Records that a stream consumer gave up on, handed to it again."""
