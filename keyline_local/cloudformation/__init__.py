"""Reading a synthesized assembly into resources: stacks, intrinsic functions, types."""
