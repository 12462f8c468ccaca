"""From a dataset version to a candidate model, and the baselines beside it."""
