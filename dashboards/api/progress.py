"""How far indexing is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from ..state import ViewerState
from .answers import as_json
from .params import Params


def progress(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/progress: bytes, files, runs and points indexed so far, and the time left."""
    return as_json(progress_of(state))


def progress_of(state: ViewerState) -> dict[str, Any]:
    """Return what the page and the API tell about indexing; seconds_left is null if unknown."""
    return asdict(state.ingest.progress())
