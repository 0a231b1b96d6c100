"""How rows and texts are translated: configuration, setup, segments, memory, reassembly."""
