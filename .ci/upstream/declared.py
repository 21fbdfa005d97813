"""What a module of pydantic models declares: its classes with their members, its constants, its functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


class Unreadable(Exception):
    """A package that is not built as it was: what to compare has to be found again."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a model."""

    words: frozenset[str] = frozenset()
    """The texts that its type allows; empty: not told one by one."""
    models: tuple[str, ...] = ()
    """Names of the models in its type."""
    is_list: bool = False
    limits: Mapping[str, int | float] = field(default_factory=dict)
    """`min_length`, `max_length`, `ge`, `le`, `gt`, `lt`."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module."""

    where: str
    constants: Mapping[str, object]
    models: Mapping[str, Mapping[str, Member]]
    """Class -> member -> what is said of it, inherited ones included."""
    tree: ast.Module

    def arguments(self, name: str) -> frozenset[str]:
        """Of a class's `__init__`. Raises `Unreadable`."""
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                        return frozenset(one.arg for one in (*inner.args.args, *inner.args.kwonlyargs))
        raise Unreadable(f"{self.where} has no {name} any more")


def parse(where: str, source: str) -> Module:
    """Raises `Unreadable`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise Unreadable(f"{where} cannot be parsed: {error}") from None
    constants: dict[str, object] = {}
    aliases: dict[str, ast.expr] = {}
    for node in tree.body:
        for name, value in _assigned(node):
            aliases[name] = value
            try:
                constants[name] = ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError):
                continue
    models: dict[str, dict[str, Member]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            members: dict[str, Member] = {}
            for base in node.bases:
                members |= models.get(base.id, {}) if isinstance(base, ast.Name) else {}
            for inner in node.body:
                if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                    members[inner.target.id] = _member(inner, aliases, constants)
            models[node.name] = members
    return Module(where, constants, models, tree)


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value


def _member(node: ast.AnnAssign, aliases: Mapping[str, ast.expr], constants: Mapping[str, object]) -> Member:
    words, names = set[str](), list[str]()
    left, seen = [node.annotation], set[str]()
    while left:
        part = left.pop()
        if isinstance(part, ast.Name):
            if part.id in aliases and part.id not in seen:
                seen.add(part.id)
                left.append(aliases[part.id])
            else:
                names.append(part.id)
        elif isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name) and part.value.id == "Literal":
            words |= {one.value for one in ast.walk(part.slice) if isinstance(one, ast.Constant)
                      and isinstance(one.value, str)}  # fmt: skip
        else:
            left += [one for one in ast.iter_child_nodes(part) if isinstance(one, ast.expr)]
    limits: dict[str, int | float] = {}
    if isinstance(node.value, ast.Call):
        for keyword in node.value.keywords:
            value = keyword.value
            told = value.value if isinstance(value, ast.Constant) else None
            told = constants.get(value.id) if isinstance(value, ast.Name) else told
            if keyword.arg in ("min_length", "max_length", "ge", "le", "gt", "lt") and isinstance(told, int | float):
                limits[keyword.arg] = told
    models = tuple(one for one in names if one[:1].isupper() and one not in ("Any", "Literal", "Annotated"))
    return Member(frozenset(words), models, "list" in names, limits)
