"""The servers beside the functions: the other AWS APIs, the cache, the logs."""
