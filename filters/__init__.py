"""Quality tests: score apart from accept; every dropped row keeps its reason."""
