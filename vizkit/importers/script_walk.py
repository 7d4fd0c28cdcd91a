"""Following the code of a traced or scripted model, statement by statement; nothing is run."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vizkit.importers.building import Building
from vizkit.importers.script_operations import Operations, names_of
from vizkit.importers.script_values import (
    UNKNOWN,
    Dotted,
    Held,
    Method,
    Plain,
    Ref,
    Several,
    refs_in,
)
from vizkit.importers.stubs import Stub, TensorStub, held_by, settings_of

Names = dict[str, Any]

DEEPEST = 64
MOST_STEPS = 500_000
"""Statements and expressions that are followed: code can call itself exponentially often."""


class Walk(Operations):
    """Follows functions, and adds an operation for each call of torch that makes tensors."""

    def __init__(
        self, building: Building, code: Mapping[str, ast.AST], stored: Callable[..., str]
    ) -> None:
        self.building = building
        self.raised = False
        self._code = code
        self._stored = stored
        self._depth = self._steps = 0
        self.made = Counter()
        self._calls: Counter[tuple[str, str]] = Counter()

    def function(
        self, found: ast.FunctionDef, given: Sequence[Any], named: Names, scope: str
    ) -> Any:
        """Return what a function returns for these arguments."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError("its functions call each other too deeply")
        names = [each.arg for each in found.args.args]
        defaults = found.args.defaults
        env: Names = dict.fromkeys(names, UNKNOWN)
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            env[name] = self.value(default, env, scope)
        env.update(zip(names, given, strict=False))
        env.update((name, value) for name, value in named.items() if name in env)
        result = self.block(found.body, env, scope)
        self._depth -= 1
        return Plain() if result is None else result

    def block(self, body: Sequence[ast.stmt], env: Names, scope: str) -> Any:
        """Follow statements; return what a `return` among them gives, None without one."""
        for statement in body:
            self.step()
            if isinstance(statement, ast.Return):
                return self.value(statement.value, env, scope)
            if isinstance(statement, ast.Assign):
                found = self.value(statement.value, env, scope)
                for target in statement.targets:
                    self._assign(target, found, env)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                self._assign(statement.target, self.value(statement.value, env, scope), env)
            elif isinstance(statement, ast.Expr):
                self.value(statement.value, env, scope)
            elif isinstance(statement, ast.If):
                result = self._branches(statement, env, scope)
                if result is not None:
                    return result
            elif isinstance(statement, (ast.For, ast.While)):
                self._loop(statement, env, scope)
        return None

    def step(self) -> None:
        """Count what is followed.

        Raises:
            ValueError: if that is too much.
        """
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise ValueError(f"following its code takes more than {MOST_STEPS:,} steps")

    def _assign(self, target: ast.expr, value: Any, env: Names) -> None:
        if isinstance(target, ast.Name):
            env[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            several = isinstance(value, Several) and len(value.items) == len(target.elts)
            for place, part in enumerate(target.elts):
                self._assign(part, value.items[place] if several else value, env)

    def _branches(self, statement: ast.If, env: Names, scope: str) -> Any:
        test = self.value(statement.test, env, scope)
        if isinstance(test, Plain) and test.known:
            return self.block(statement.body if test.value else statement.orelse, env, scope)
        ends = []
        for name, body in (("if", statement.body), ("else", statement.orelse)):
            before, self.raised = self.raised, False
            inner = dict(env)
            result = self.block(body, inner, self._inside(scope, name))
            if not self.raised:  # a branch that only complains is no way through
                ends.append((inner, result))
            self.raised = before
        if len(ends) < 2:
            inner, result = ends[0] if ends else (env, None)
            env.update(inner)
            return result
        (one, first), (other, second) = ends
        changed = [n for n in one if n in other and one[n] != other[n]]
        joined = self._joined("if", [test], [(one[n], other[n]) for n in changed], scope)
        env.update(zip(changed, joined, strict=True))
        if first is None or second is None:
            return None
        return self._joined("if", [test], [(first, second)], scope)[0]

    def _loop(self, statement: ast.For | ast.While, env: Names, scope: str) -> None:
        kind = "for" if isinstance(statement, ast.For) else "while"
        inner = dict(env)
        read = []
        if isinstance(statement, ast.For):
            self._assign(statement.target, UNKNOWN, inner)
        else:
            read.append(self.value(statement.test, inner, scope))
        self.block(statement.body, inner, self._inside(scope, kind))
        changed = [n for n in env if inner[n] != env[n]]
        joined = self._joined(kind, read, [(env[n], inner[n]) for n in changed], scope)
        env.update(zip(changed, joined, strict=True))

    def _joined(
        self, kind: str, read: list[Any], ways: list[tuple[Any, Any]], scope: str
    ) -> list[Any]:
        """Return values that came one way or another, out of one node that reads them all."""
        of_graph = [any(True for each in pair for _ in refs_in(each)) for pair in ways]
        if not any(of_graph):
            return [UNKNOWN for _ in ways]
        reads = [ref.name for value in read for ref in refs_in(value)]
        reads += [ref.name for pair in ways for each in pair for ref in refs_in(each)]
        makes = [self.fresh(kind) for _ in range(sum(of_graph))]
        self.building.running(kind, scope, makes, reads)
        names = iter(makes)
        return [Ref(next(names)) if is_ref else UNKNOWN for is_ref in of_graph]

    def _inside(self, scope: str, name: str) -> str:
        number = self._calls[scope, name]
        self._calls[scope, name] += 1
        path = self.building.path(scope, name)
        return self.building.scope(scope, name, name, path=path, call=number)

    def attribute(self, owner: Any, name: str) -> Any:
        """Return what a name of an object stands for."""
        if isinstance(owner, Dotted):
            return Dotted(f"{owner.name}.{name}")
        if isinstance(owner, Ref):
            return Method(owner, name)
        if not isinstance(owner, Held):
            return UNKNOWN
        found = held_by(owner.stub).get(name, owner)
        path = f"{owner.path}.{name}".strip(".")
        if isinstance(found, TensorStub):
            return Ref(self._stored(path, found))
        if isinstance(found, Stub):
            return Held(path, found)
        if isinstance(found, list):
            return Several([self._item(f"{path}.{place}", x) for place, x in enumerate(found)])
        return Method(owner, name) if found is owner else Plain(found)

    def _item(self, path: str, value: Any) -> Any:
        is_tensor = isinstance(value, TensorStub)
        return Ref(self._stored(path, value)) if is_tensor else Plain(value)

    def call(self, target: Any, given: list[Any], named: Names, scope: str) -> Any:
        """Return what a call gives; operations that make tensors become nodes."""
        if isinstance(target, Held):
            target = Method(target, "forward")
        if isinstance(target, Method) and isinstance(target.owner, Held):
            return self._method(target.owner, target.name, given, named, scope)
        if isinstance(target, Method):
            given, target = [target.owner, *given], Dotted(f"torch.{target.name}")
        if not isinstance(target, Dotted):
            return UNKNOWN
        code = self._code.get(target.name)
        if isinstance(code, ast.FunctionDef):
            return self.function(code, given, named, scope)
        return self.operation(target.name, given, named, scope)

    def _method(self, owner: Held, name: str, given: list[Any], named: Names, scope: str) -> Any:
        code = method_of(owner.stub, name, self._code)
        if name.startswith("forward"):
            scope = self._called(owner, scope)
        if isinstance(code, ast.FunctionDef):
            return self.function(code, [owner, *given], named, scope)
        reads = [*given, *named.values(), *self._parameters(owner)]
        made = self.fresh(owner.stub.kind)
        told = [(key, text) for key, text in settings_of(owner.stub).items() if text]
        self.building.running(owner.stub.kind, scope, [made], names_of(reads), attributes=told)
        return Ref(made)

    def _called(self, owner: Held, scope: str) -> str:
        number = self._calls[scope, owner.path]
        self._calls[scope, owner.path] += 1
        outer = self.building.path(scope)
        name = owner.path.removeprefix(f"{outer}.") if outer else owner.path
        kind = owner.stub.kind
        return self.building.scope(scope, name, kind, path=owner.path, call=number)

    def _parameters(self, owner: Held) -> list[Ref]:
        found = held_by(owner.stub).items()
        tensors = [(name, each) for name, each in found if isinstance(each, TensorStub)]
        return [Ref(self._stored(f"{owner.path}.{name}", each)) for name, each in tensors]


def method_of(stub: Any, name: str, code: Mapping[str, ast.AST]) -> ast.AST | None:
    """Return the code of a method; of one with several forms, forward__0 and so on, the first."""
    qualified = f"{stub.module}.{stub.kind}.{name}"
    return code.get(qualified) or code.get(f"{qualified}__0")
