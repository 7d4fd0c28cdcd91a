"""Run info: what started a run, with which config, where, and how it ended."""
