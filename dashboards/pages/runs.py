"""Runs: every run as a row, its config and its metrics as columns."""

from __future__ import annotations

from ..components import RunTable
from .page import Page

PAGE = Page(key="runs", path="/runs", title="Runs", component=RunTable)
