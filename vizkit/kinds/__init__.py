"""What can be seen: one folder per kind, with its value and its encoding."""
