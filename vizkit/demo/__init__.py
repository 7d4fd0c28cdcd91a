"""A real training to look at: a small CNN on scikit-learn's handwritten digits, with its viewer."""
