"""Prefect tasks: a name, a policy, and one call each into albumart."""
