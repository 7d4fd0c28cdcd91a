"""Graph: the module tree of a watched model."""
