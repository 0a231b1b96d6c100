"""translate-train: labelled rows translated to other languages, with their labels projected."""
