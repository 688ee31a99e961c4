"""The ledger of requirements: what each line asks, where it is built, and which tests prove it."""
