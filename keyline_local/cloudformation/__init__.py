"""What a synthesized assembly says, read into resources: stacks, intrinsic functions, types."""
