"""One request through the real API of each system: what `keyline smoke` does."""
