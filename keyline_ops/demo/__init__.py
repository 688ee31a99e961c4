"""The demonstration: every access pattern run through the deployed-as-synthesized system."""
