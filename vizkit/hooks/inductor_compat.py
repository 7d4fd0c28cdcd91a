"""What torch tells of its compiler in private only: each piece may be missing, and is tested."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

TRACE = "torch.__trace"
"""The logger of structured records; it is what the tool tlparse reads."""
_SETTINGS = {"force_disable_caches": True, "trace.provenance_tracking_level": 1}
"""A compiler that answers from a cache would say nothing; provenance: which operation is where."""
_MAPPINGS = "inductor_provenance_tracking_node_mappings"
_BREAKS = "dynamo_graph_break_reason"
_PLACE = re.compile(r"^Graph break in user code at (.+:\d+)", re.MULTILINE)
_REASON = re.compile(r"^(?:Graph Break )?Reason: (.+)", re.MULTILINE)

Record = tuple[Mapping[str, Any], Any]


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[Record] = []

    def emit(self, record: logging.LogRecord) -> None:
        about = getattr(record, "metadata", None)
        if isinstance(about, dict) and "artifact" in about:
            payload = getattr(record, "payload", None)
            self.records.append((about["artifact"], payload() if callable(payload) else payload))


@contextmanager
def listening() -> Iterator[list[Record]]:
    """Give a list that grows with what the compiler tells; afterwards all is as before."""
    logger, listener = logging.getLogger(TRACE), _Listener()
    level, propagates, handlers = logger.level, logger.propagate, list(logger.handlers)
    logger.addHandler(listener)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        with ExitStack() as patched:
            for name, value in _SETTINGS.items():
                _patch(patched, name, value)
            yield listener.records
    finally:
        # One of torch's takes itself off at its first record.
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagates


def mappings_in(records: list[Record]) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    """Return the nodes in each kernel, and what each of these was in the graph before."""
    kernels: dict[str, list[str]] = {}
    origins: dict[str, list[str]] = {}
    for about, payload in records:
        if about.get("name") == _MAPPINGS and payload:
            found = json.loads(payload)
            kernels.update(found.get("cppCodeToPost", {}))
            origins.update(found.get("postToPre", {}))
    return kernels, origins


def breaks_in(records: list[Record]) -> list[str]:
    """Return why the model fell into several graphs, each with its place in the user's code."""
    found = [_told(str(payload)) for about, payload in records if about.get("name") == _BREAKS]
    return list(dict.fromkeys(found))


def inductor_of(model: nn.Module) -> Callable[..., Any] | str:
    """Return what compiles the graphs of a model, or the name of a backend that is not inductor."""
    try:
        from torch._dynamo.backends.registry import lookup_backend
        from torch._dynamo.eval_frame import innermost_backend

        default: Callable[..., Any] = lookup_backend("inductor")
        callback = getattr(getattr(model, "dynamo_ctx", None), "callback", None)
        backend: Any = innermost_backend(callback) if callback is not None else default
    except (ImportError, AttributeError) as error:
        return f"of this torch ({error})"
    name = getattr(backend, "compiler_name", "")
    if backend is default or name == "inductor":
        return backend  # type: ignore[no-any-return]
    return str(name or getattr(backend, "__name__", backend))


def _patch(patched: ExitStack, name: str, value: Any) -> None:
    try:
        import torch._inductor.config as config

        patched.enter_context(config.patch({name: value}))
    except (ImportError, AttributeError, KeyError):
        return  # an older torch; it says what it says


def is_compiled(model: nn.Module) -> bool:
    """Tell whether torch.compile was called on a module."""
    optimized = torch._dynamo.OptimizedModule
    return isinstance(model, optimized) or getattr(model, "_compiled_call_impl", None) is not None


def _told(reason: str) -> str:
    """Return why the model was cut, and at which line of the user's code."""
    place, why = _PLACE.search(reason), _REASON.search(reason)
    where = f" at {place.group(1)}" if place else ""
    what = why.group(1) if why else next(iter(reason.strip().splitlines()), "no reason told")
    return f"graph break{where}: {what}"[:300]
