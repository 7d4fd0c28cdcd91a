"""Graph: the module tree of a watched model, and the graph that its steps ran."""
