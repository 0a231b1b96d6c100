"""Rows and spans onto translations."""
