"""OpenAPI 3.1 documents of the systems' APIs, derived from what their handlers are."""
