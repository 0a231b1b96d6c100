"""The pure steps: translate-train, translate-test, back-translation, and their configuration."""
