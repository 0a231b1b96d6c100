"""Rules about texts, for every task: graphemes, words, scripts, language tags."""
