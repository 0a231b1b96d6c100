"""Few-shot: some labelled rows of the target language, sampled for training."""
