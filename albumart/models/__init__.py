"""Backbones, heads and the network that joins them. Keras 3, on any of its backends."""
