"""Every point of a selection, as a file to keep."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from vizkit.playback.export import FORMS, Part, choose
from vizkit.playback.export import export as write_export

from ..state import ViewerState
from .params import Params

MEDIA = {"csv": "text/csv", "json": "application/json", "parquet": "application/octet-stream"}


def export(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/export: the chosen series with every point of every attempt."""
    form = params.choice("format", tuple(FORMS))
    runs = params.many("run") or tuple(row.name for row in state.index.runs())
    tags_of = {run: [row.tag for row in state.index.tags(run)] for run in runs}
    parts = _parts(state, choose(tags_of, params.many("tag")))
    with tempfile.NamedTemporaryFile(prefix="vizkit-", delete=False) as file:
        path = Path(file.name)
        try:
            write_export(parts, form, file)
        except BaseException:
            path.unlink()
            raise
    name = f"{Path(runs[0]).name if len(runs) == 1 else state.logdir.name}.{form}"
    return FileResponse(
        path, media_type=MEDIA[form], filename=name, background=BackgroundTask(path.unlink)
    )


def _parts(state: ViewerState, pairs: list[tuple[str, str]]) -> Iterator[Part]:
    return (Part(run, tag, state.index.read(run, tag)) for run, tag in pairs)
