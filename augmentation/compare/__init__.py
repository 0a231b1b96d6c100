"""Which way of transfer is best? A comparison of strategies."""
