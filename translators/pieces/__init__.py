"""Texts cut into a model's pieces and put together again, with the offset of every piece."""
