"""The table engine: AG Grid as the package dash-ag-grid ships it, loaded by the page that needs it.

Dash would put a component library of 1.3 MB into every page. The package is therefore not imported:
we serve its script ourselves, and assets/js/46_grid_engine.js takes AG Grid out of it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from .static import ASK_AGAIN, FOREVER

PATH = "/vendor/ag-grid.min.js"


def script() -> Path:
    """Return where the package keeps its script.

    Raises:
        ModuleNotFoundError: if dash-ag-grid is not installed.
    """
    spec = find_spec("dash_ag_grid")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("dash-ag-grid is missing: pip install dash-ag-grid")
    return Path(spec.submodule_search_locations[0]) / "dash_ag_grid.min.js"


def address(base_path: str = "/") -> str:
    """Return the address of the script with its change time, so that it may be kept for ever."""
    return f"{base_path}{PATH[1:]}?m={script().stat().st_mtime}"


def route() -> Route:
    """Return the route that serves the script."""
    return Route(PATH, _answer)


async def _answer(request: Request) -> Response:
    kept = FOREVER if "m" in request.query_params else ASK_AGAIN
    return FileResponse(script(), media_type="text/javascript", headers={"cache-control": kept})
