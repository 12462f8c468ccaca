"""Numbers about a model on a frozen test split, each with the interval that belongs to it."""
