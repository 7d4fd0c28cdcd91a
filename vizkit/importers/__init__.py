"""Graphs out of other tools' files: one thin file per format, and none runs what it reads."""
