"""The pipelines (translate-train, translate-test, ...) and what they share, without Prefect."""
