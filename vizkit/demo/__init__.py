"""A real training to look at: a small CNN on handwritten digits, with its viewer."""
