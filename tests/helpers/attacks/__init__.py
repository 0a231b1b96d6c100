"""Attacks: damaged inputs, kills, flipped bits, hostile folders; for the tests and a benchmark."""
