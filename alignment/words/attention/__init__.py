"""Word alignment from a translator's attention, of its own pass or of forced decoding."""
