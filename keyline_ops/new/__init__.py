"""Write the files of a new system."""
