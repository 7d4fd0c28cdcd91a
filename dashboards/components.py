"""Our own Dash components: each one mounts a plain JavaScript class from assets/js into a div.

The classes here only name things. What they look like and do lives in the script that calls
``vk.register(name, class)``; the scripts are assets, so Dash loads them before its renderer.
"""

from __future__ import annotations

from typing import Any, ClassVar

from dash.development.base_component import Component


class Island(Component):  # type: ignore[misc]
    """A div that React renders once and a JavaScript class owns from then on.

    Keyword arguments: ``id``, ``className``, ``page`` (the key of the page it belongs to: it is
    mounted on the first visit and hidden while another page is shown), ``data-*``, ``aria-*``.
    """

    _namespace: ClassVar[str] = "vizkit"
    _type: ClassVar[str] = "Island"
    _children_props: ClassVar[list[str]] = []
    _base_nodes: ClassVar[list[str]] = ["children"]
    _prop_names: ClassVar[list[str]] = ["id", "className", "page"]
    _valid_wildcard_attributes: ClassVar[list[str]] = ["data-", "aria-"]
    available_properties: ClassVar[list[str]] = _prop_names
    available_wildcard_properties: ClassVar[list[str]] = _valid_wildcard_attributes

    def __init__(self, **props: Any) -> None:
        super().__init__(**props)


class Header(Island):
    """Tabs, search, live indicator, theme and help."""

    _type = "Header"


class Sidebar(Island):
    """The list of runs with its filter."""

    _type = "Sidebar"


class ReplayBar(Island):
    """The playhead: play, scrub, follow live."""

    _type = "ReplayBar"


class Overview(Island):
    """One row per run: is it healthy?"""

    _type = "Overview"


class RunTable(Island):
    """Every run as a row of a table."""

    _type = "RunTable"


class Scalars(Island):
    """Chart cards by tag prefix."""

    _type = "Scalars"


class Gradients(Island):
    """The layer by step heatmap of gradient norms."""

    _type = "Gradients"


class Graph(Island):
    """The module tree of the watched model."""

    _type = "Graph"
