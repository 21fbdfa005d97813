"""JSON text -> values: duplicate keys, NaN and lone surrogates are errors; positions are worked out on demand."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from json import decoder

from reconciler.manifests.read.yaml_reader import MAX_PROBLEMS
from reconciler.manifests.read.yaml_rules import MAX_DEPTH, TOO_DEEP, span_at
from reconciler.manifests.tree.problems import DUPLICATE, YAML, Findings
from reconciler.types.diagnostic import Span
from reconciler.types.json import Json, Object

_TOKEN = re.compile(r"[ \t\r\n]*(?:([{}\[\],:])|(\")|([^\s{}\[\],:\"]+))")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


class _Refused(ValueError):
    """A value that Python's parser accepts and JSON does not have."""


def parse_json(text: str, path: str, findings: Findings) -> list[tuple[int, Json]]:
    """The one document of `text` as `[(0, value)]`, or nothing where it is empty or wrong. Never raises."""
    if not text.strip():
        return []
    duplicates = 0

    def members(pairs: list[tuple[str, Json]]) -> Object:
        nonlocal duplicates
        result = dict(pairs)
        duplicates += len(result) != len(pairs)
        return result

    try:
        value: Json = json.loads(text, object_pairs_hook=members, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as problem:
        span = Span(path, problem.lineno, problem.colno)
        findings.error(YAML, f"not valid JSON: {problem.msg}", span=span, hint=_hint(text, problem.pos))
        return []
    except RecursionError:
        findings.error(YAML, TOO_DEEP, span=Span(path, 1, 1))
        return []
    except ValueError as problem:
        reason = str(problem) if isinstance(problem, _Refused) else "a number with too many digits"
        findings.error(YAML, f"not valid JSON: {reason}", span=_first_odd(text, path))
        return []
    if duplicates:
        _report_duplicates(text, path, findings)
    if _too_deep(text):
        findings.error(YAML, TOO_DEEP, span=Span(path, 1, 1))
        return []
    lone = _lone_surrogate(text)
    if lone is not None:
        findings.error(
            YAML, "not valid JSON: half of a surrogate pair is not a character", span=span_at(text, lone, path)
        )
        return []
    return [] if value is None else [(0, value)]


def places(text: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """For every member and item of a well-formed text: (tokens, offset of the key, offset of the value)."""
    stack: list[str | int] = []  # the current key or index of every open container
    kinds: list[str] = []
    at = 0
    key_at = -1
    expect_key = False
    while match := _TOKEN.match(text, at):
        start, at = match.end(), match.end()
        sign, quote = match.group(1), match.group(2)
        offset = start - len(match.group(match.lastindex or 0))
        if quote:
            word, at = decoder.scanstring(  # type: ignore[attr-defined]
                text, start, True
            )
            if expect_key:
                stack[-1] = word
                key_at, expect_key = offset, False
                continue
        if sign == ":":
            continue
        if sign == ",":
            if kinds[-1] == "[":
                stack[-1] = int(stack[-1]) + 1
            expect_key = kinds[-1] == "{"
            continue
        if sign in {"}", "]"}:
            stack.pop()
            kinds.pop()
            expect_key = False
            continue
        is_item = bool(kinds) and kinds[-1] == "["
        yield tuple(str(part) for part in stack), offset if is_item or not kinds else key_at, offset
        if sign in {"{", "["}:
            stack.append(0 if sign == "[" else "")
            kinds.append(sign)
            expect_key = sign == "{"


def _report_duplicates(text: str, path: str, findings: Findings) -> None:
    seen: dict[tuple[str, ...], int] = {}
    before = len(findings.items)
    for tokens, key_at, _ in places(text):
        if tokens in seen:
            first = span_at(text, seen[tokens], path)
            findings.error(
                DUPLICATE,
                f"the key {tokens[-1]!r} stands twice in one object (first at line {first.line}, "
                f"column {first.column})",
                span=span_at(text, key_at, path),
                hint="keep one of the two",
            )
            if len(findings.items) - before >= MAX_PROBLEMS:
                return
        else:
            seen[tokens] = key_at


def _refuse(word: str) -> Json:
    raise _Refused(f"{word} is not a JSON value")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused(f"{text[:40]} is too large for a number")
    return value


def _hint(text: str, at: int) -> str | None:
    before = text[:at].rstrip()
    after = text[at:].lstrip(", \t\r\n")[:1]
    # Python 3.13 points at the comma, older ones behind it.
    if (before.endswith(",") or text[at : at + 1] == ",") and after in {"}", "]"}:
        return "remove the comma before the closing bracket"
    if text[at : at + 2] in {"//", "/*"} or text[at : at + 1] == "#":
        return "JSON has no comments: remove it, or rename the file to .yaml and let the comment start with #"
    if text[at : at + 1] in {"\n", "\t", "\r"}:
        return "write a line end inside a text as \\n and a tab as \\t"
    if text[at : at + 1] == "'":
        return "JSON wants double quotes"
    return None


def _first_odd(text: str, path: str) -> Span:
    match = re.search(r"(?<![\"\w])-?(?:NaN|Infinity|\d{309,}|\d+(?:\.\d+)?[eE]\+?\d{3,})", text)
    return span_at(text, match.start() if match else 0, path)


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    return any(len(tokens) >= MAX_DEPTH for tokens, _, _ in places(text))


def _lone_surrogate(text: str) -> int | None:
    r"""Offset of an escape such as `\ud83d` without its other half."""
    if "\\ud" not in text and "\\uD" not in text:
        return None
    high: re.Match[str] | None = None
    for match in _ESCAPE.finditer(text):
        code = int(match.group(1) or "0", 16)
        if 0xDC00 <= code < 0xE000 and high is not None and high.end() == match.start():
            high = None
        elif high is not None or 0xDC00 <= code < 0xE000:
            return (high or match).start()
        elif 0xD800 <= code < 0xDC00:
            high = match
    return high.start() if high is not None else None
