"""What configurations name of predictors, apart, so that reading them loads no trainer."""

from __future__ import annotations

DEFAULT_TIMEOUT = 3600.0
"""Seconds that a command gets for the rows that it is given at once."""
COMMAND_PREFIX = "command:"
"""What a predictor begins with that is a command to run."""
