"""Who calls us: one thin file per framework."""
