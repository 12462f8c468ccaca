"""From a dataset version to a candidate model."""

import os

# The same study and data must give the same model. TensorFlow reads this when it first computes;
# without it, its threads add up gradients in whatever order they come.
os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")
