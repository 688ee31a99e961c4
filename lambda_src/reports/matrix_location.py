"""The place of matrices: the function and the stack that deploys it both use it."""

BUCKET_VARIABLE = "SIMILARITY_BUCKET"
"""The environment variable with the name of the bucket; empty or absent to share no matrices."""
KEY_PREFIX = "matrices/"
"""What the key of every matrix in the bucket begins with."""
