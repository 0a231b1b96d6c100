"""The review loop: the most doubtful rows of a translate-train run go to people, their corrections
come back into the export, the translation memory and later projections."""
