"""Deploying an environment in waves: what `keyline deploy` and `keyline destroy` do."""
