"""Scripts that measure, and what they measured (`RESULTS.md`)."""
