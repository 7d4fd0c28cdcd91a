"""Where it is looked up: chunks and pyramid on a SQL database, derived from the event files."""

from vizkit.index.index import Index

__all__ = ["Index"]
