"""translate-test: translate, predict, project the predictions back."""
