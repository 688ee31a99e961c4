"""What can be known of the declarations, the environments and the handlers without synthesis."""
