"""Graph: the module tree of the watched model."""

from __future__ import annotations

from ..components import Graph
from .page import Page

PAGE = Page(key="graph", path="/graph", title="Graph", component=Graph)
