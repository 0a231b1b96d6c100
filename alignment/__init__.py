"""Word alignment and the projection of spans onto translations."""
