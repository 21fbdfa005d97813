"""The schema check: tables of rules, and the error map that the API prints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from reconciler.types.json import Json, Object

Rule: TypeAlias = Callable[[Json], str | None]
Rules: TypeAlias = Mapping[str, Rule]


def string(value: Json) -> str | None:
    return None if isinstance(value, str) else "Not a valid string."


def boolean(value: Json) -> str | None:
    """True, false, and the two as text: the documentation itself writes "true"."""
    return None if isinstance(value, bool) or value in ("true", "false") else "Not a valid boolean."


def number(value: Json) -> str | None:
    return None if isinstance(value, int | float) and not isinstance(value, bool) else "Not a valid number."


def mapping(value: Json) -> str | None:
    return None if isinstance(value, dict) else "Not a valid mapping type."


def sequence(value: Json) -> str | None:
    return None if isinstance(value, list) else "Not a valid list."


def strings(most: int = 0, length: int = 0) -> Rule:
    """A list of strings with at most `most` items of at most `length` characters (0: any)."""

    def check(value: Json) -> str | None:
        if not isinstance(value, list):
            return "Not a valid list."
        if any(not isinstance(item, str) for item in value):
            return "Not a valid string."
        if most and len(value) > most:
            return f"Longer than maximum length {most}."
        if length and any(isinstance(item, str) and len(item) > length for item in value):
            return f"Longer than maximum length {length}."
        return None

    return check


def one_of(*choices: str) -> Rule:
    """One of the words."""

    def check(value: Json) -> str | None:
        return None if value in choices else f"Must be one of: {', '.join(choices)}."

    return check


def text(most: int = 0, least: int = 0, pattern: str = "") -> Rule:
    """A string within limits."""

    def check(value: Json) -> str | None:
        if not isinstance(value, str):
            return "Not a valid string."
        if least and len(value) < least:
            return f"Shorter than minimum length {least}."
        if most and len(value) > most:
            return f"Longer than maximum length {most}."
        if pattern and not re.fullmatch(pattern, value):
            return "String does not match expected pattern."
        return None

    return check


def find_errors(body: Object, rules: Rules, *, never_null: tuple[str, ...] = ()) -> dict[str, Json]:
    """The error map of `body`, nested as the body is; empty when all is well.

    Rules are keyed by dotted path (`layers.stt.stt_engine`); absent members are fine, null is unless listed.
    """
    errors: dict[str, Json] = {}
    for path, rule in rules.items():
        found, value = _find(body, path.split("."))
        if not found or (value is None and path not in never_null):
            continue
        problem = "Field may not be null." if value is None else rule(value)
        if problem:
            note(errors, path.split("."), problem)
    return errors


def require(body: Object, errors: dict[str, Json], *names: str) -> None:
    """Add an entry for each of `names` that the body lacks."""
    for name in names:
        if name not in body:
            errors.setdefault(name, ["Missing data for required field."])


def _find(body: Json, tokens: list[str]) -> tuple[bool, Json]:
    for token in tokens:
        if not isinstance(body, dict) or token not in body:
            return False, None
        body = body[token]
    return True, body


def note(errors: dict[str, Json], tokens: list[str], problem: str) -> None:
    """Put a problem into the error map at its place; one that stands there already stays."""
    for token in tokens[:-1]:
        inner = errors.setdefault(token, {})
        if not isinstance(inner, dict):
            return
        errors = inner
    errors.setdefault(tokens[-1], [problem])
