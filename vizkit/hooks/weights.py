"""Norms of weights and how far a step moves them, on scheduled steps only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vizkit.hooks.norms import Numbers, norms_of, plain, quotient

EXACT = 1 << 20
"""Parameters beyond this size are sampled: nobody has the memory for a copy of them."""

SAMPLE = 8192
"""Random places per sampled parameter: its update ratio is 0.5 % off in the median, 1.5 at p95.

Regular strides or a block would see rows instead of weights (up to 40 % off).
"""


@dataclass(frozen=True)
class Before:
    """Copies made before the step, of `parameters[i]` or a sample of it; and all the norms."""

    pieces: list[Tensor]
    norms: Numbers
    piece_norms: Numbers


class Weights:
    """Compares weights before and after a step."""

    def __init__(self) -> None:
        # A generator of our own: the user's random numbers stay what they are without us.
        self._random = torch.Generator().manual_seed(0)
        self._places: dict[tuple[int, torch.device], Tensor] = {}

    @torch.no_grad()
    def before(self, parameters: Sequence[Tensor]) -> Before:
        """Copy what `after` compares with."""
        pieces = [self._piece(parameter).clone() for parameter in parameters]
        whole = norms_of([parameter.detach() for parameter in parameters])
        if all(parameter.numel() <= EXACT for parameter in parameters):
            return Before(pieces, whole, whole)
        return Before(pieces, whole, norms_of(pieces))

    @torch.no_grad()
    def after(self, before: Before, parameters: Sequence[Tensor]) -> Numbers:
        """Return ||change|| / ||weight before|| of each; NaN where the weight was zero."""
        now = [self._piece(parameter) for parameter in parameters]
        changes = [after - piece for after, piece in zip(now, before.pieces, strict=True)]
        return quotient(norms_of(changes), before.piece_norms)

    def _piece(self, parameter: Tensor) -> Tensor:
        values = plain(parameter.detach())
        if values.numel() <= EXACT:
            return values
        return values.reshape(-1)[self._sample(values.numel(), values.device)]

    def _sample(self, size: int, device: torch.device) -> Tensor:
        # The same places for all of one size: fewer to keep, and just as random.
        places = self._places.get((size, device))
        if places is None:
            places = torch.randint(size, (SAMPLE,), generator=self._random).to(device)
            self._places[size, device] = places
        return places
