"""Where in a cover a saved model looks for a class, and whether that can be believed."""
