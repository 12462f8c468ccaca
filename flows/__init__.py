"""Prefect flows: one file per deployment; a body is a paragraph of task calls."""
