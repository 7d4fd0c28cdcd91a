"""Every point of a selection, as a file."""

from __future__ import annotations

from starlette.responses import Response

from ..state import ViewerState
from .params import Params
from .problems import Problem


def export(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/export: the chosen series with every point."""
    raise Problem("soon", "soon", 501)
