"""Functions under AWS's own runtime interface client, each in an environment of its own."""
