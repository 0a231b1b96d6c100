"""Benchmark scripts, and their results (`RESULTS.md`)."""
