"""Training a Marian translator: examples, batches, the forward pass, the loop."""
