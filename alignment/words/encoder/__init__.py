"""Word alignment by the similarity of contextual embeddings, from any `transformers` encoder."""
