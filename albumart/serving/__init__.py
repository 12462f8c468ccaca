"""The champion answers."""
