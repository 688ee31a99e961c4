"""Messages to run the systems on: invented ones, and those of public data sets."""
