"""Stored albums and covers → a manifest that names its own content, and arrays in its order."""
