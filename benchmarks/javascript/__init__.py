"""The app of this project as a JavaScript program, to synthesize the two side by side."""
