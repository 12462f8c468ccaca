"""Polite and safe HTTP: the only room that touches the network's wire."""
