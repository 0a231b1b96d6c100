"""train-translator: a translation model trained from parallel corpora."""
