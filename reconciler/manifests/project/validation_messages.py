"""What is wrong with a value of the project file, by the kind of error and in words of ours, not a library's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from reconciler.types.json import Json

WANTED = {
    "bool": "true or false", "dict": "a mapping", "float": "a number", "int": "a whole number", "list": "a list",
    "model": "a mapping", "string": "a text", "model_attributes": "a mapping",
}  # fmt: skip
"""The first word of pydantic's `..._type` error codes (and of `..._parsing`), as what had to stand there."""
LIMITS = {
    "greater_than": ("gt", "more than"), "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"), "less_than_equal": ("le", "at most"),
}  # fmt: skip


def explain_errors(errors: Iterable[Mapping[str, Any]], document: Json) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Place, kind of error and what is wrong, for each of pydantic's errors about `document`; the text is empty for
    unknown and missing keys, whose names say it. A value that may be of several types has one error for each of them
    there, and one here.
    """
    rest = [(_place(one, document), one) for one in errors]
    done: set[tuple[str, ...]] = set()
    for place, error in rest:
        if _wanted(error) is None:
            yield place, str(error["type"]), _said(error)
        elif place not in done:
            done.add(place)
            words = dict.fromkeys(str(wanted) for at, one in rest if at == place and (wanted := _wanted(one)))
            if WANTED["float"] in words:
                words.pop(WANTED["int"], None)  # a whole number is a number
            given = error.get("input")
            what = "a text" if isinstance(given, str) else shown(given)  # it may be a secret at the wrong place
            yield place, str(error["type"]), f"{' or '.join(words)} is wanted here, not {what}"


def shown(value: object) -> str:
    """A value as a person would call it; never the whole of a long one."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    cut = text if len(text) <= 60 else f"{text[:57]}..."
    return repr(cut) if isinstance(value, str) else f"the number {cut}"


def _place(error: Mapping[str, Any], document: Json) -> tuple[str, ...]:
    """The keys that lead there; what else pydantic notes (the member of a union that was tried) stands in no file."""
    found: list[str] = []
    here = document
    for token in error["loc"]:
        if (isinstance(here, dict) and token in here) or (
            isinstance(here, list) and isinstance(token, int) and token < len(here)
        ):
            here = here[token]
        elif error["type"] != "missing":
            continue
        found.append(str(token))
    return tuple(found)


def _wanted(error: Mapping[str, Any]) -> str | None:
    """The type that had to stand there, where that is what is wrong."""
    word, _, end = str(error["type"]).rpartition("_")
    return WANTED.get(word) if end in {"type", "parsing"} else None


def _said(error: Mapping[str, Any]) -> str:
    word, about = str(error["type"]), error.get("ctx") or {}
    value = error.get("input")
    given = shown(value)
    if word in {"extra_forbidden", "missing"}:
        return ""
    if word == "literal_error":
        known = re.findall(r"'([^']*)'", str(about.get("expected", "")))
        close = get_close_matches(value, known, n=1) if isinstance(value, str) else []
        meant = f"; did you mean {close[0]}?" if close and len(known) > 1 else ""
        return f"{' or '.join(known)} is wanted here, not {given}{meant}"
    if word in LIMITS:
        name, text = LIMITS[word]
        return f"{text} {about.get(name)} is wanted here, not {given}"
    if word in {"too_short", "string_too_short"}:
        return "it is empty: leave the key out, or name something"
    if word == "string_pattern_mismatch":
        return f"{given} is no name: letters, digits and _ . - are, at most 128, and the first is no . or -"
    if word == "value_error":
        text = str(about.get("error", "")) or "this value is not accepted"
        return text[:1].lower() + text[1:]
    return f"{given} is not accepted here"
