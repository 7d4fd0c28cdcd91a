"""Names and order of everything watched, and where each optimizer's parameters stand in it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vizkit.hooks.subject import Subject


@dataclass(eq=False)
class Plan:
    """One optimizer's parameters: `positions[i]` in the roster of its i-th one."""

    label: str
    ids: list[int]
    positions: NDArray[np.intp]
    covers: bool
    """Whether these are all parameters that the subject trains."""


class Roster:
    """Grows when an optimizer brings parameters that were not known before."""

    def __init__(self, subject: Subject, optimizers: list[Any]) -> None:
        self._subject = subject
        self._only = [weakref.ref(optimizer) for optimizer in optimizers]
        self._plans: weakref.WeakKeyDictionary[Any, Plan] = weakref.WeakKeyDictionary()
        self._strangers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.names: tuple[str, ...] = ()
        self._index: dict[str, int] = {}
        self._known: dict[int, str] = {}
        self._read_names()

    def plan(self, optimizer: Any, parameters: list[Tensor]) -> Plan | None:
        """Return the plan for an optimizer that holds `parameters`, None for a stranger's."""
        plan = self._plans.get(optimizer)
        ids = [id(parameter) for parameter in parameters]
        if plan is not None and plan.ids == ids:
            return plan
        if plan is None and not self._is_worth_asking(optimizer):
            return None
        self._read_names()
        if not self._owns(ids):
            return None
        made = self._make(optimizer, parameters, plan)
        self._plans[optimizer] = made
        return made

    def whole(self) -> tuple[Plan, list[Tensor]]:
        """Return a plan for all that is watched, each parameter once, and the parameters."""
        self._read_names()
        parameters = {self._known[id(p)]: p for _, p in self._subject.parameters()}
        positions = np.array([self._index[name] for name in parameters], np.intp)
        found = list(parameters.values())
        return Plan("", [id(p) for p in found], positions, covers=True), found

    def canonical(self) -> dict[int, str]:
        """Return the name of each parameter by its id; a shared one has its first name."""
        return self._known

    def _is_worth_asking(self, optimizer: Any) -> bool:
        # An optimizer becomes ours when the model's parameters are replaced by its own: ask again
        # at its 1st, 2nd, 4th, 8th ... step.
        count = self._strangers.get(optimizer, 0) + 1
        self._strangers[optimizer] = count
        return count & (count - 1) == 0

    def _read_names(self) -> None:
        self._known = {}
        for name, parameter in self._subject.parameters():
            if self._known.setdefault(id(parameter), name) == name:
                self._add(name)

    def _add(self, name: str) -> int:
        if name not in self._index:
            self._index[name] = len(self.names)
            self.names += (name,)
        return self._index[name]

    def _owns(self, ids: list[int]) -> bool:
        only = {id(p) for given in self._only for p in parameters_of(given())}
        wanted = only or self._known.keys()
        return any(each in wanted for each in ids)

    def _make(self, optimizer: Any, parameters: list[Tensor], old: Plan | None) -> Plan:
        given = _names_of_groups(optimizer)
        names = [
            self._known.get(id(parameter), fallback)
            for parameter, fallback in zip(parameters, given, strict=True)
        ]
        positions = np.array([self._add(name) for name in names], np.intp)
        held = {id(parameter) for parameter in parameters}
        trained = [p for _, p in self._subject.parameters() if p.requires_grad]
        covers = all(id(p) in held for p in trained)
        label = old.label if old is not None else self._label(optimizer, names)
        return Plan(label, [id(p) for p in parameters], positions, covers)

    def _label(self, optimizer: Any, names: list[str]) -> str:
        """Return what tells this optimizer from others: the modules it trains, or its class."""
        common = commonprefix([name.split(".")[:-1] for name in names])
        label = base = ".".join(common) or type(optimizer).__name__
        taken = {plan.label for plan in self._plans.values()}
        number = 2
        while label in taken:
            label = f"{base}-{number}"
            number += 1
        return label


def parameters_of(optimizer: Any) -> list[Tensor]:
    """Return the parameters of all groups of an optimizer, none of None."""
    if optimizer is None:
        return []
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _names_of_groups(optimizer: Any) -> list[str]:
    kind = type(optimizer).__name__
    return [
        group["param_names"][i] if "param_names" in group else f"{kind}.{place}.{i}"
        for place, group in enumerate(optimizer.param_groups)
        for i, _ in enumerate(group["params"])
    ]
