"""Downstream models: fit, predict, save, load."""
