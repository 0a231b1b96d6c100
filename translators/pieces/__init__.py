"""Texts cut into a model's pieces and pieces joined to texts, with the offset of every piece."""
