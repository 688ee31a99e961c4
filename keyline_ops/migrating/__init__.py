"""`keyline migrate`: backfills of a system's tables, and the phases around them."""
