"""Metadata lives in setup.cfg; this line lets pip accept the folder."""

from setuptools import setup

setup()
