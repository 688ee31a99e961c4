"""AWS for tests of recovery: an emulator that remembers, and is deployed to from templates."""
