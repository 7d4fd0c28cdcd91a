"""The HTTP API, versioned under /api/v1; docs/http_api.md is its manual."""

from __future__ import annotations

from fastapi import FastAPI

from ..state import ViewerState


def add_routes(server: FastAPI, state: ViewerState) -> None:
    """Add every route of the API to a server."""
