"""Commands of `keyline` by subject; each imports what it runs when it is called."""
