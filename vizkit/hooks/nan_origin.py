"""Searches the origin of what is not finite while the step that met it still stands."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from vizkit.hooks import scaling
from vizkit.hooks.eager_modules import anything_compiled
from vizkit.hooks.graph_trace import plain_name
from vizkit.hooks.guard import Guard
from vizkit.hooks.nan_backward import backward_cause
from vizkit.hooks.nan_cause import LOSS, OPERATION, Cause
from vizkit.hooks.nan_kept import ForwardPass, Kept
from vizkit.hooks.nan_lines import line_of, users_frame
from vizkit.hooks.nan_rerun import nodes_before, rerun
from vizkit.hooks.nan_saved import cause_in_loss
from vizkit.hooks.roster import Roster
from vizkit.hooks.rows import Part
from vizkit.hooks.shapes import is_compiled
from vizkit.hooks.subject import Subject, unwrapped

_Passes = list[tuple[nn.Module, ForwardPass]]

STEEP = frozenset({"Sqrt", "Rsqrt", "Pow", "Div", "Log", "Norm", "LinalgVectorNorm", "Std", "Acos"})
"""Operations with a slope that is infinite somewhere."""


class NanOrigin:
    """Keeps what a re-run needs; runs it once when a loss or gradients are not finite.

    `cause` and `notes` tell what was found since `forget`, and why it was not more; `step`: when.
    """

    def __init__(self, subject: Subject, roster: Roster, criterion: Any, guard: Guard) -> None:
        self.cause: Cause | None = None
        self.notes: list[str] = []
        self.is_searching = True
        self.step: int | None = None
        self._roster = roster
        self._roots: list[Any] = []
        model = subject.model()
        inner = None if model is None else unwrapped(model)
        self._never = "" if model is None or inner is None else _reason_against(model, inner)
        wants = inner is not None and not self._never
        self._model = Kept(inner, guard) if inner is not None and wants else None
        is_module = isinstance(criterion, nn.Module) and wants
        self._criterion = Kept(criterion, guard) if is_module else None

    def backward_begins(self, roots: tuple[Any, ...]) -> None:
        """Look at the losses; a search runs now, while weights and the graph are as they were."""
        losses = [each for each in roots if isinstance(each, Tensor) and each.grad_fn is not None]
        self._roots += [each.grad_fn for each in losses]
        if self.is_searching:
            for loss in losses:
                if loss.numel() == 1 and not math.isfinite(float(scaling.unscaled(loss))):
                    self._search(partial(self._of_loss, loss))
                    return

    def gradients_ready(self, part: Part) -> None:
        """Look at the gradients that an optimizer is about to use."""
        norm = part.grad_norm if self.is_searching else None
        if norm is not None and not math.isfinite(float(norm)):
            self._search(self._of_gradients)

    def step_ended(self, step: int) -> None:
        """Let go of what the step needed."""
        if not self.is_searching and self.step is None:
            self.step = step
        self._roots.clear()
        for kept in filter(None, (self._model, self._criterion)):
            kept.clear()

    def forget(self) -> None:
        """Be ready for the next time."""
        self.cause, self.notes, self.step, self.is_searching = None, [], None, True

    def remove(self) -> None:
        """Take all hooks off."""
        self._roots.clear()
        for kept in filter(None, (self._model, self._criterion)):
            kept.remove()

    def _search(self, act: Any) -> None:
        self.is_searching = False
        never = self._never or (_reason_now() if self._model is not None else "")
        if never:
            self.notes.append(never)
            return
        try:
            self.cause = act()
        # The user's own code runs here a second time: whatever it raises is no matter of ours.
        except Exception as error:
            self.notes.append(f"the re-run raised {error!r:.200}")

    def _of_loss(self, loss: Tensor) -> Cause | None:
        names = self._roster.canonical()
        passes = self._passes(self._model)
        for model, kept in passes:
            with rerun(model, kept, names) as again:
                cause = again.cause()
            if cause is not None:
                return cause
        for criterion, kept in self._passes(self._criterion):
            with rerun(criterion, kept, names, LOSS) as again:
                cause = again.cause()
            if cause is not None:
                cause.path = cause.node = ""
                return cause
        if self._model is not None and len(passes) < len(self._model.passes):
            return None
        since = max((kept.stop for _, kept in passes), default=0)
        found = self._with_line(cause_in_loss(loss, since, names), passes)
        if found is None and passes:
            self.notes.append("it began in the loss, outside of the model")
        return found

    def _of_gradients(self) -> Cause | None:
        plan, parameters = self._roster.whole()
        places = zip(plan.positions, parameters, strict=True)
        named = {self._roster.names[place]: parameter for place, parameter in places}
        passes = self._passes(self._model)
        for model, kept in passes:
            with rerun(model, kept, self._roster.canonical()) as again:
                cause = backward_cause(again, kept.gradients, named)
            if cause is not None:
                return self._in_loss(cause, kept.stop, passes) if cause.phase == LOSS else cause
        if not passes and self._model is None:
            self.notes.append("without a module there is no forward pass to run again")
        return None

    def _in_loss(self, cause: Cause, since: int, passes: _Passes) -> Cause | None:
        """Name the only operation of the loss that has an infinite slope."""
        nodes = [each for each in nodes_before(self._roots) if each._sequence_nr() >= since]
        steep = {name for each in nodes if (name := plain_name(each.name())) in STEEP}
        if len(steep) == 1:
            cause.op = steep.pop().lower()
        return self._with_line(cause, passes)

    def _with_line(self, cause: Cause | None, passes: _Passes) -> Cause | None:
        frame = users_frame()
        if cause is not None and frame is not None and cause.sort == OPERATION and passes:
            cause.source = line_of(cause.op, frame, passes[0][1].called_from)
        return cause

    def _passes(self, kept: Kept | None) -> _Passes:
        """Return (module, forward pass) of what can be run again, the last one first."""
        model = None if kept is None else kept.model
        if kept is None or model is None:
            return []
        intact = [(model, each) for each in reversed(kept.passes) if each.is_intact]
        if len(intact) < len(kept.passes):
            self.notes.append("inputs were written to after they were read")
        return intact


_COMPILED = "what torch.compile made cannot be run again operation by operation"


def _reason_against(model: nn.Module, inner: nn.Module) -> str:
    """Return why a model cannot be run again, "" if it can."""
    if is_compiled(model):
        return _COMPILED
    if any(isinstance(each, torch.jit.ScriptModule) for each in inner.modules()):
        return "a TorchScript module cannot be run again operation by operation"
    return ""


def _reason_now() -> str:
    """Return what has come up since that speaks against it."""
    distributed = torch.distributed
    is_several = distributed.is_available() and distributed.is_initialized()
    if is_several and distributed.get_world_size() > 1:
        return "with several processes a forward pass of one alone could wait for the others"
    return _COMPILED if anything_compiled() else ""
