"""What people look at: pages, charts, samples, highlighted spans."""
