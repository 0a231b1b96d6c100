"""Text in, hypotheses out: engine, model store, languages, sentences, training a translator."""
