"""What the shell must know about a page."""

from __future__ import annotations

from dataclasses import dataclass

from ..components import Island


@dataclass(frozen=True)
class Page:
    """One tab.

    Attributes:
        key: short name; ``data-vk-page`` in the document and ``store.page`` in the scripts.
        path: where it lives, below the base path.
        title: the word on the tab.
        component: the island that fills it.
    """

    key: str
    path: str
    title: str
    component: type[Island]
