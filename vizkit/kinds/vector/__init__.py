"""Vector: many named numbers of one step, such as the gradient norms of all parameters."""
