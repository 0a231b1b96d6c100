"""translate-train: labelled rows in other languages."""
