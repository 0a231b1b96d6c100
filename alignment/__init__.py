"""Word alignment, symmetrization, sentence alignment and span projection."""
