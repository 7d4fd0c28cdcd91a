"""Scalars: every curve, as cards by tag prefix."""

from __future__ import annotations

from ..components import Scalars
from .page import Page

PAGE = Page(key="scalars", path="/scalars", title="Scalars", component=Scalars)
