"""Reports for people: HTML pages, charts, samples of rows, highlighted spans."""
