"""What is around every page: header, sidebar of runs, replay bar."""

from __future__ import annotations

import json

import dash_mantine_components as dmc
from dash import html

from .components import Header, ReplayBar, Sidebar
from .pages import PAGES
from .theme import FOOTER_HEIGHT, HEADER_HEIGHT, SIDEBAR_WIDTH, THEME


def layout() -> dmc.MantineProvider:
    """Build the shell with every page in it.

    The browser shows the page of the address (``vk.router``); changing pages asks the server
    nothing. ``vk-provider`` and ``vk-shell`` are the ids through which the scripts set the colour
    scheme and fold the sidebar.
    """
    return dmc.MantineProvider(_shell(), id="vk-provider", theme=THEME)


def _shell() -> dmc.AppShell:
    return dmc.AppShell(
        [
            dmc.AppShellHeader(Header(id="vk-header"), className="vk-shell-header"),
            dmc.AppShellNavbar(Sidebar(id="vk-sidebar"), className="vk-shell-sidebar"),
            dmc.AppShellMain(_pages(), className="vk-shell-main"),
            dmc.AppShellFooter(ReplayBar(id="vk-replay"), className="vk-shell-footer"),
        ],
        id="vk-shell",
        header={"height": HEADER_HEIGHT},
        navbar={
            "width": SIDEBAR_WIDTH,
            "breakpoint": "sm",
            "collapsed": {"mobile": True, "desktop": False},
        },
        footer={"height": FOOTER_HEIGHT},
        padding=0,
        transitionDuration=0,
    )


def _pages() -> html.Div:
    return html.Div(
        [
            page.component(id=f"vk-page-{page.key}", page=page.key, className="vk-page")
            for page in PAGES
        ],
        id="vk-pages",
        **{"data-vk-pages": json.dumps([[page.key, page.path, page.title] for page in PAGES])},
    )
