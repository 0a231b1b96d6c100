"""translate-test: rows translated, predicted on, and the predictions projected back."""
