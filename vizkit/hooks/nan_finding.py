"""A finding about numbers that are not finite, from what is known of a step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vizkit.hooks.nan_cause import DATA, LOSS, WEIGHT, Cause
from vizkit.hooks.nan_values import MOST_SAMPLES
from vizkit.hooks.nan_words import free_sentence, sentence_of
from vizkit.kinds.finding.finding import Finding

KIND = "nan_origin"
MOST_PARAMETERS = 64
MOST_SPREAD = 200


@dataclass(frozen=True)
class Health:
    """What a row tells: loss and norm, None where not measured; norms of parameters, in order."""

    step: int
    loss: float | None = None
    grad_norm: float | None = None
    norms: Sequence[tuple[str, float]] = field(default_factory=tuple)

    @property
    def bad_loss(self) -> bool:
        """Tell whether the loss is not finite."""
        return self.loss is not None and not math.isfinite(self.loss)

    @property
    def bad_gradients(self) -> bool:
        """Tell whether the gradients are not."""
        return self.grad_norm is not None and not math.isfinite(self.grad_norm)

    @property
    def is_known(self) -> bool:
        """Tell whether anything was measured."""
        return self.loss is not None or self.grad_norm is not None


def finding_of(health: Health, cause: Cause | None, notes: Sequence[str] = ()) -> Finding:
    """Return the finding. cause: what a search found; notes: why it found nothing, or not all."""
    bad, frontier = _frontier(health.norms)
    if cause is None:
        sentence = free_sentence(health.loss, health.grad_norm, frontier, len(bad))
        if notes:
            sentence = sentence.partition(" vizkit.watch(")[0]
            sentence += f" Its origin was not found: {'; '.join(notes)}."
    else:
        sentence = sentence_of(cause)
    tags = ("loss",) * health.bad_loss + ("grad_norm",) * health.bad_gradients
    place = {} if cause is None else _place(cause)
    weight = (cause.name,) if cause is not None and cause.sort == WEIGHT else ()
    return Finding(
        kind=KIND,
        step=health.step,
        sentence=sentence,
        level="error",
        tags=tags or ("loss",),
        parameters=(*weight, *(name for name in bad if name not in weight))[:MOST_PARAMETERS],
        evidence=_evidence(health, cause, notes),
        **place,
    )


def _place(cause: Cause) -> dict[str, Any]:
    path = cause.path
    if cause.sort == WEIGHT and not path:
        path = cause.name.rpartition(".")[0]
    return {
        "paths": (path,) if path or (cause.node and cause.phase != LOSS) else (),
        "node": cause.node,
        "op": cause.op,
        "source": cause.source,
        "spread": tuple(cause.spread)[:MOST_SPREAD],
    }


def _evidence(health: Health, cause: Cause | None, notes: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"loss": health.loss, "grad_norm": health.grad_norm}
    found = {name: value for name, value in found.items() if value is not None}
    if cause is not None:
        found |= {"phase": cause.phase, "came_from": cause.sort, "made": cause.made}
        found |= {"inputs": cause.inputs, "dtype": cause.dtype} if cause.inputs else {}
        found |= {"name": cause.name} if cause.name else {}
    if cause is not None and cause.samples and (cause.sort == DATA or cause.batch):
        found |= {"samples": cause.samples[:MOST_SAMPLES], "bad_samples": len(cause.samples)}
        found["batch"] = cause.batch
    notes = [*notes, *(cause.notes if cause else ())]
    return found | ({"notes": notes} if notes else {})


def _frontier(norms: Sequence[tuple[str, float]]) -> tuple[list[str], str]:
    """Return the parameters whose gradients are not finite, and words on where that ends.

    A backward pass runs from the last layer to the first: what is finite lies behind what went
    wrong.
    """
    bad = [name for name, norm in norms if math.isinf(norm)]
    # NaN is also what stands where a parameter had no gradient.
    if any(math.isnan(norm) for _, norm in norms) and not all(
        math.isfinite(norm) for _, norm in norms
    ):
        bad = [name for name, norm in norms if not math.isfinite(norm)]
    last = max((place for place, (name, _) in enumerate(norms) if name in set(bad)), default=-1)
    if not bad or last + 1 >= len(norms):
        return bad, ""
    return bad, f" They went wrong between {norms[last + 1][0]} (finite) and {norms[last][0]}."
