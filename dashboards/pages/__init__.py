"""The pages, in the order of the tabs."""

from __future__ import annotations

from . import gradients, graph, overview, runs, scalars
from .page import Page

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    runs.PAGE,
    scalars.PAGE,
    gradients.PAGE,
    graph.PAGE,
)

__all__ = ["PAGES", "Page"]
