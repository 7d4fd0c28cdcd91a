"""Every point of a selection, as a file to keep, sent while it is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from vizkit.playback.export import FORMS, Part, choose, exported

from ..state import ViewerState
from .params import Params

MEDIA = {"csv": "text/csv", "json": "application/json", "parquet": "application/octet-stream"}


def export(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/export: the chosen series with every point of every attempt.

    A series is looked up when its turn comes, and holds what there is then. The work ends with
    the connection.
    """
    form = params.choice("format", tuple(FORMS))
    runs = params.many("run") or tuple(row.name for row in state.index.runs())
    pairs = choose({run: state.index.tag_names(run) for run in runs}, params.many("tag"))
    pieces = exported(_parts(state, pairs), form)
    name = f"{Path(runs[0]).name if len(runs) == 1 else state.logdir.name}.{form}"
    named = {"content-disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    if name.isascii() and quote(name) == name:
        named = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type=MEDIA[form], headers=named)


def _parts(state: ViewerState, pairs: list[tuple[str, str]]) -> Iterator[Part]:
    return (Part.of(run, tag, state.index.series(run, tag)) for run, tag in pairs)
