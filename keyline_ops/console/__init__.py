"""The console: pages at the address of a local platform, to look at and to use what it runs."""
