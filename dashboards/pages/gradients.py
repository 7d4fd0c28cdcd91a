"""Gradients: layers by steps, coloured by the norm."""

from __future__ import annotations

from ..components import Gradients
from .page import Page

PAGE = Page(key="gradients", path="/gradients", title="Gradients", component=Gradients)
