"""The terms of the filter language, made into functions that look up, compare and calculate."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from vizkit.playback.names import (
    FACTS,
    METRICS,
    Get,
    Name,
    dotted,
    key_in,
    mistake,
    plain,
    slashed,
    word,
)
from vizkit.playback.patterns import pattern
from vizkit.playback.subjects import UNKNOWN, Subject, configured, item

MOST_DEPTH = 40

FUNCTIONS = ("matches", "has", "finite", "time")
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_COUNT: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Compiler:
    """Turns the tree of one expression into a function. names: what it looks up."""

    def __init__(self) -> None:
        self.names: list[Name] = []
        self._depth = 0
        self._terms: Mapping[type[ast.AST], Callable[[Any], Get]] = {
            ast.Constant: self._constant,
            ast.Name: self._path,
            ast.Attribute: self._path,
            ast.Subscript: self._item,
            ast.BoolOp: self._either,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._count,
            ast.Compare: self._compare,
            ast.Call: self._call,
            ast.List: self._list,
            ast.Tuple: self._list,
            ast.Set: self._list,
        }

    def term(self, node: ast.expr) -> Get:
        """Return the function of a node.

        Raises:
            UsageError: if it, or something in it, is not of the language.
        """
        make = self._terms.get(type(node))
        if make is None:
            raise mistake(node, f"{word(node)} is not part of the filter language.")
        if self._depth >= MOST_DEPTH:
            raise mistake(node, f"more than {MOST_DEPTH} terms in each other.")
        self._depth += 1
        get = make(node)
        self._depth -= 1
        return get

    def _constant(self, node: ast.Constant) -> Get:
        value = node.value
        if not isinstance(value, (bool, int, float, str)) and value is not None:
            raise mistake(node, f"{value!r:.50} is not part of the filter language.")
        return lambda _: value

    def _path(self, node: ast.Name | ast.Attribute) -> Get:
        path = dotted(node)
        if path is None:
            raise mistake(node, "a dot follows a name only, as in optimizer.lr.")
        if path in FACTS:
            return FACTS[path]
        if path.startswith("config."):
            key = path.removeprefix("config.")
            return self._named(path, node, lambda subject: configured(subject, key))
        return self._named(path, node, lambda subject: plain(subject, path))

    def _item(self, node: ast.Subscript) -> Get:
        key = key_in(node.slice)
        whose = node.value.id if isinstance(node.value, ast.Name) else ""
        if whose in METRICS and isinstance(key, str):
            return self._metric(node, whose, key)
        if whose == "config" and isinstance(key, str):
            return self._named(f'config["{key}"]', node, lambda each: configured(each, str(key)))
        inner = self.term(node.value)
        return lambda subject: item(inner(subject), key)

    def _metric(self, node: ast.expr, whose: str, tag: str) -> Get:
        value = operator.attrgetter(METRICS[whose])

        def get(subject: Subject) -> Any:
            summary = subject.metrics.get(tag)
            return UNKNOWN if summary is None else value(summary)

        return self._named(f'{whose}["{tag}"]', node, get)

    def _named(self, text: str, node: ast.expr, get: Get) -> Get:
        self.names.append(Name(text, node, get))
        return get

    def _either(self, node: ast.BoolOp) -> Get:
        terms = [self.term(each) for each in node.values]
        decide = all if isinstance(node.op, ast.And) else any
        return lambda subject: decide(bool(term(subject)) for term in terms)

    def _unary(self, node: ast.UnaryOp) -> Get:
        inner = self.term(node.operand)
        if isinstance(node.op, ast.Not):
            return lambda subject: not inner(subject)
        if isinstance(node.op, ast.USub):
            return lambda subject: _counted(operator.sub, 0, inner(subject))
        if isinstance(node.op, ast.UAdd):
            return lambda subject: _counted(operator.add, 0, inner(subject))
        raise mistake(node, "~ is not part of the filter language; write not.")

    def _count(self, node: ast.BinOp) -> Get:
        count = _COUNT.get(type(node.op))
        if count is None:
            raise mistake(node, "of calculations there are + - * / only.")
        known = len(self.names)
        left, right = self.term(node.left), self.term(node.right)
        tag = slashed(node)
        if tag is None:
            return lambda subject: _counted(count, left(subject), right(subject))
        del self.names[known:]  # val/loss is the metric of that name where there is one

        def get(subject: Subject) -> Any:
            summary = subject.metrics.get(tag)
            if summary is not None:
                return summary.last
            return _counted(operator.truediv, left(subject), right(subject))

        return self._named(tag, node, get)

    def _compare(self, node: ast.Compare) -> Get:
        first = self.term(node.left)
        rest = [
            (_comparison(op, node), self.term(right))
            for op, right in zip(node.ops, node.comparators, strict=True)
        ]

        def get(subject: Subject) -> bool:
            left = first(subject)
            for compare, term in rest:
                right = term(subject)
                if not _holds(compare, left, right):
                    return False
                left = right
            return True

        return get

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> Get:
        terms = [self.term(each) for each in node.elts]
        return lambda subject: [term(subject) for term in terms]

    def _call(self, node: ast.Call) -> Get:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS or node.keywords:
            raise mistake(node, f"of functions there are {', '.join(FUNCTIONS)} only.")
        wanted = 2 if name == "matches" else 1
        if len(node.args) != wanted:
            raise mistake(node, f"{name} takes {wanted} value{'s' * (wanted > 1)}.")
        made: Get = getattr(self, f"_{name}")(*node.args)
        return made

    def _matches(self, value: ast.expr, text: ast.expr) -> Get:
        get, sought = self.term(value), _text(text, 'matches takes a pattern, as in "^base".')
        found = pattern(sought).found
        return lambda subject: isinstance(value := get(subject), str) and found(value)

    def _has(self, value: ast.expr) -> Get:
        known = len(self.names)
        get = self.term(value)
        del self.names[known:]  # to ask whether a name is there is no mistake
        return lambda subject: get(subject) is not UNKNOWN

    def _finite(self, value: ast.expr) -> Get:
        get = self.term(value)
        return lambda subject: _is_number(found := get(subject)) and _is_finite(found)

    def _time(self, value: ast.expr) -> Get:
        text = _text(value, 'time takes a date, as in time("2026-01-31 18:00").')
        try:
            seconds = datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            raise mistake(value, f"{text!r:.50} is no date like 2026-01-31 18:00.") from None
        return lambda _: seconds


def _text(node: ast.expr, hint: str) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise mistake(node, hint)


def _comparison(op: ast.cmpop, node: ast.expr) -> Callable[[Any, Any], Any]:
    if type(op) not in _COMPARE:
        raise mistake(node, "is is not part of the filter language; write == or !=.")
    return _COMPARE[type(op)]


def _holds(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    """Compare; what is not known, or of kinds that have no order, does not hold."""
    if left is UNKNOWN or right is UNKNOWN:
        return False
    try:
        return bool(compare(left, right))
    except (TypeError, RecursionError):
        return False


def _counted(count: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Calculate; UNKNOWN where a value is not known or no number, or there is no result."""
    if not (_is_number(left) and _is_number(right)):
        return UNKNOWN
    try:
        return count(left, right)
    except (ZeroDivisionError, OverflowError):
        return UNKNOWN


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _is_finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)
