"""Rules about texts that hold whatever the task: graphemes, words, scripts, language tags."""
