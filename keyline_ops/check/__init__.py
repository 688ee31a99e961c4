"""Checks of the declarations, the environments and the handlers, without synthesis."""
