"""Learning rates: of one group, of several groups, of several optimizers."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vizkit.hooks.losses import Number, number

Rates = dict[str, Number]
"""By the group's name; "" when the optimizer has only one."""


def rates_of(optimizer: Any) -> Rates:
    """Return the rate that each group steps with now; a copy where it lives on a device."""
    groups = optimizer.param_groups
    if len(groups) == 1:
        return {"": _rate(groups[0]["lr"])} if "lr" in groups[0] else {}
    return {
        str(group.get("name", place)): _rate(group["lr"])
        for place, group in enumerate(groups)
        if "lr" in group
    }


def rate_tag(label: str, group: str) -> str:
    """Return the tag of one rate: `lr`, `lr/GROUP`, `lr/OPTIMIZER` or `lr/OPTIMIZER.GROUP`."""
    name = ".".join(part for part in (label, group) if part)
    return f"lr/{name}" if name else "lr"


def _rate(rate: Any) -> Number:
    return number(rate) if isinstance(rate, Tensor) else float(rate)
