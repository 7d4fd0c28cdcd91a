"""Finding: what should be looked at, in words, with its evidence and where to pin it."""
