"""What an expression in a model's code stands for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from vizkit.importers.script_values import UNKNOWN, Dotted, Plain, Ref, Several, refs_in

_BINARY = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.MatMult: "matmul",
    ast.Pow: "pow",
    ast.Mod: "remainder",
    ast.FloorDiv: "floor_divide",
}


class Expressions:
    """Finds values; what they need of calls and names is the walk's."""

    call: Callable[..., Any]
    attribute: Callable[..., Any]
    step: Callable[[], None]

    def value(self, node: ast.expr | None, env: dict[str, Any], scope: str) -> Any:
        """Return what an expression stands for."""
        self.step()
        find = getattr(self, f"_of_{type(node).__name__.lower()}", None)
        return UNKNOWN if find is None else find(node, env, scope)

    def _of_constant(self, node: ast.Constant, env: dict[str, Any], scope: str) -> Any:
        return Plain(node.value)

    def _of_name(self, node: ast.Name, env: dict[str, Any], scope: str) -> Any:
        return env.get(node.id, Dotted(node.id))

    def _of_attribute(self, node: ast.Attribute, env: dict[str, Any], scope: str) -> Any:
        owner = self.value(node.value, env, scope)
        if isinstance(owner, Ref):
            return self.attribute(owner, node.attr)
        return self.attribute(owner, node.attr)

    def _of_tuple(self, node: ast.Tuple, env: dict[str, Any], scope: str) -> Any:
        return Several([self.value(each, env, scope) for each in node.elts])

    def _of_list(self, node: ast.List, env: dict[str, Any], scope: str) -> Any:
        return Several([self.value(each, env, scope) for each in node.elts])

    def _of_dict(self, node: ast.Dict, env: dict[str, Any], scope: str) -> Any:
        keys = [str(getattr(key, "value", place)) for place, key in enumerate(node.keys)]
        return Several([self.value(each, env, scope) for each in node.values], keys)

    def _of_subscript(self, node: ast.Subscript, env: dict[str, Any], scope: str) -> Any:
        owner, place = self.value(node.value, env, scope), self.value(node.slice, env, scope)
        if not isinstance(owner, Several):
            return owner if isinstance(owner, Ref) else UNKNOWN
        at = place.value if isinstance(place, Plain) and place.known else None
        if owner.names and str(at) in owner.names:
            return owner.items[owner.names.index(str(at))]
        if isinstance(at, int) and -len(owner.items) <= at < len(owner.items):
            return owner.items[at]
        return Several(list(refs_in(owner)))

    def _of_unaryop(self, node: ast.UnaryOp, env: dict[str, Any], scope: str) -> Any:
        value = self.value(node.operand, env, scope)
        if isinstance(value, Ref):
            return self.call(Dotted("torch.neg"), [value], {}, scope)
        if not isinstance(value, Plain) or not value.known:
            return UNKNOWN
        if isinstance(node.op, ast.Not):
            return Plain(not value.value)
        is_number = isinstance(value.value, (int, float))
        return Plain(-value.value) if isinstance(node.op, ast.USub) and is_number else UNKNOWN

    def _of_binop(self, node: ast.BinOp, env: dict[str, Any], scope: str) -> Any:
        pair = [self.value(node.left, env, scope), self.value(node.right, env, scope)]
        name = _BINARY.get(type(node.op), type(node.op).__name__.lower())
        return self.call(Dotted(f"torch.{name}"), pair, {}, scope)

    def _of_compare(self, node: ast.Compare, env: dict[str, Any], scope: str) -> Any:
        left = self.value(node.left, env, scope)
        right = self.value(node.comparators[0], env, scope)
        if isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            known = not isinstance(left, Plain) or left.known
            if known and right == Plain(None):
                is_none = left == Plain(None)
                return Plain(is_none if isinstance(node.ops[0], ast.Is) else not is_none)
            return UNKNOWN
        return self.call(Dotted("torch.compare"), [left, right], {}, scope)

    def _of_ifexp(self, node: ast.IfExp, env: dict[str, Any], scope: str) -> Any:
        test = self.value(node.test, env, scope)
        if isinstance(test, Plain) and test.known:
            return self.value(node.body if test.value else node.orelse, env, scope)
        return Several([self.value(node.body, env, scope), self.value(node.orelse, env, scope)])

    def _of_call(self, node: ast.Call, env: dict[str, Any], scope: str) -> Any:
        given = [self.value(each, env, scope) for each in node.args]
        named = {each.arg: self.value(each.value, env, scope) for each in node.keywords if each.arg}
        target = self.value(node.func, env, scope)
        if target == Dotted("getattr") and len(given) >= 2 and isinstance(given[1], Plain):
            return self.attribute(given[0], str(given[1].value))
        return self.call(target, given, named, scope)
