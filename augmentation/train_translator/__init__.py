"""Training a translator from parallel corpora."""
