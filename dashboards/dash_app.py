"""The Dash app: the shell with all pages, on the FastAPI server it needs. Slow to import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dash import Dash
from fastapi import FastAPI

from . import grid, shell, static
from .pages import PAGES

PLOTLY = "vendor/plotly-cartesian.min.js"
DASHS_OWN = {
    "dash_core_components": "dash/dcc/",
    "dash_html_components": "dash/html/",
    "dash_table": "dash/dash_table/",
}
"""Suites that Dash puts on every page, and where their scripts lie."""

INDEX_HTML = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        {%favicon%}
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
        </footer>
    </body>
</html>"""

PATHS = tuple(page.path for page in PAGES)


class VizkitDash(Dash):  # type: ignore[misc]
    """Dash, less the component suites that no page uses."""

    def _collect_and_register_resources(self, *args: Any, **kwargs: Any) -> list[Any]:
        sources: list[Any] = super()._collect_and_register_resources(*args, **kwargs)
        unused = [f"/{DASHS_OWN[name]}" for name in DASHS_OWN.keys() - self._used()]
        return [each for each in sources if not any(part in str(each) for part in unused)]

    def _used(self) -> set[str]:
        return set(namespaces(json.loads(json.dumps(self.get_layout(), default=_plain))))


def namespaces(layout: Any) -> Iterator[str]:
    """Yield the namespace of every component in a layout as Dash writes it to JSON."""
    if isinstance(layout, dict):
        if "namespace" in layout and "type" in layout:
            yield layout["namespace"]
        for inner in layout.values():
            yield from namespaces(inner)
    elif isinstance(layout, list):
        for inner in layout:
            yield from namespaces(inner)


def build_dash(base_path: str = "/") -> tuple[FastAPI, Dash]:
    """Build the Dash app as a proxy shows it under `base_path`, and the server that it is in.

    base_path: starts and ends with a slash.
    """
    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app = VizkitDash(
        "dashboards",
        server=server,
        title="vizkit",
        update_title=None,
        index_string=INDEX_HTML,
        assets_folder=str(static.FOLDER),
        assets_path_ignore=["^(vendor|worker)$"],
        assets_ignore=r"\.gz$",
        requests_pathname_prefix=base_path,
        routes_pathname_prefix="/",
        serve_locally=True,
        compress=False,
        suppress_callback_exceptions=True,
        add_log_handler=False,
        meta_tags=_meta_tags(base_path),
    )
    # Dash opens a websocket of its own in every tab unless told not to; ours is /ws.
    app.backend.websocket_capability = False
    app.layout = shell.layout
    return server, app


def policy(app: Dash) -> str:
    """Return the Content-Security-Policy of its pages."""
    hashes = " ".join(app.csp_hashes())
    return (
        f"default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
    )


def _meta_tags(base_path: str) -> list[dict[str, str]]:
    """Tell the scripts where they live: base path, and what charts and the table load lazily."""
    return [
        {"name": "viewport", "content": "width=device-width, initial-scale=1"},
        {"name": "vizkit-base", "content": base_path},
        {"name": "vizkit-grid", "content": grid.address(base_path)},
        {"name": "vizkit-plotly", "content": static.fingerprinted(PLOTLY, base_path)},
    ]


def _plain(component: Any) -> Any:
    return component.to_plotly_json()
