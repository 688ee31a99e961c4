"""Records of a file into an environment's table: resumable, and every line accounted for."""
