"""What an unquoted YAML scalar means: the core schema of YAML 1.2, and where YAML 1.1 would read it otherwise."""

from __future__ import annotations

import math
import re

STR = "tag:yaml.org,2002:str"
NULL = "tag:yaml.org,2002:null"
BOOL = "tag:yaml.org,2002:bool"
INT = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"
MERGE = "tag:yaml.org,2002:merge"
TIMESTAMP = "tag:yaml.org,2002:timestamp"
NUMBER = "number"  # ours: starts like a number, settled when it is built
NOT_JSON = "not-json"  # ours: .nan and .inf
OLD_BOOL = "old-bool"  # ours: a boolean for YAML 1.1, a word for us

TRUE_WORDS = frozenset({"true", "True", "TRUE"})
FALSE_WORDS = frozenset({"false", "False", "FALSE"})
OLD_TRUE = frozenset({"yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})
OLD_FALSE = frozenset({"no", "No", "NO", "off", "Off", "OFF", "n", "N"})

WORDS: dict[str, str] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), NULL),
    **dict.fromkeys(TRUE_WORDS | FALSE_WORDS, BOOL),
    **dict.fromkeys(OLD_TRUE | OLD_FALSE, OLD_BOOL),
    **dict.fromkeys((sign + dot for sign in ("", "+", "-") for dot in (".inf", ".Inf", ".INF")), NOT_JSON),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), NOT_JSON),
    "<<": MERGE,
}
STARTS = frozenset("0123456789+-.")

_DECIMAL = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OLD_OCTAL = re.compile(r"[-+]?0[0-7]+")
_BARE_EXPONENT = re.compile(r"[-+]?[0-9]+[eE][0-9]+")
MAX_DIGITS = 300


class NotJson(ValueError):
    """A number that JSON cannot hold, or that no reader would give back unchanged."""


def number(text: str) -> int | float | str:
    """The number that `text` spells in YAML 1.2, or `text` itself (dates, times, versions).

    Raises `NotJson` for a number that overflows.
    """
    if _DECIMAL.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise NotJson(f"a number of {len(text)} digits; put it in quotes if it is text")
        return int(text)
    if _PREFIXED.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise NotJson(f"a number of {len(text)} digits; put it in quotes if it is text")
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if not math.isfinite(value):
            raise NotJson(f"{text[:40]} is too large for a number; put it in quotes if it is text")
        return value
    return text


def ambiguity(text: str, value: int | float | str) -> str | None:
    """How other readers take this unquoted scalar, where they differ from us; None where all agree."""
    if text in OLD_TRUE or text in OLD_FALSE:
        return f"read as the text {text!r}; YAML 1.1 readers take it for {'true' if text in OLD_TRUE else 'false'}"
    if isinstance(value, int) and len(text.lstrip("+-")) > 1 and _OLD_OCTAL.fullmatch(text):
        return f"read as the number {value}; YAML 1.1 readers take it for octal {int(text, 8)}"
    if isinstance(value, float) and _BARE_EXPONENT.fullmatch(text):
        return f"read as the number {value}; YAML 1.1 readers take it for text"
    return None
