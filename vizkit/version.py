"""The version, apart from the front door: the viewer reads it without the writing half."""

__version__ = "0.1.0"
