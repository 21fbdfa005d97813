"""What YAML means here: which plain words are numbers, booleans and null; and why a text is no YAML, in our words.

The reason is told by what stands in the text, not by the parser's wording, so that each has a way out.
"""

from __future__ import annotations

import math
import re
from typing import Any

from reconciler.manifests.tree.problems import YAML, Findings
from reconciler.types.diagnostic import Span

MAX_DEPTH = 100
"""Nesting beyond this is refused; a persona with tool schemas needs about 20."""
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"

_INDENT = "check the indentation: members of one mapping, and items of one list, start in the same column"
_QUOTE = "put the value in quotes"
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'|(?:^|\s)#.*|[\[\]{}]')
_LEAD = re.compile(r"[-?](?:[ \t]+|$)")
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


def report_syntax(problem: Exception, text: str, path: str, findings: Findings, start: int = 0) -> None:
    """Add a parser's error about the document at `start` to `findings` with file, line, column and a hint."""
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    deep = depth_exceeded(text[start:], (mark.index if mark is not None else len(text)) - start)
    if deep is not None:
        findings.error(YAML, TOO_DEEP, span=span_at(text, start + deep, path), hint="write it flatter")
        return
    character = getattr(problem, "character", None)
    if isinstance(character, int):
        offset = max(text.find(chr(character), start), 0)
        findings.error(
            YAML,
            f"not valid YAML: the control character U+{character:04X} may not stand in a file",
            span=span_at(text, offset, path),
            hint="remove it, or write it as an escape in double quotes",
        )
        return
    if mark is None:
        findings.error(YAML, "not valid YAML", span=Span(path, 1, 1))
        return
    what, hint, place = _explain(text, mark, getattr(problem, "context_mark", None))
    findings.error(YAML, f"not valid YAML: {what}", span=Span(path, place.line + 1, place.column + 1), hint=hint)


def _explain(text: str, mark: Any, context: Any) -> tuple[str, str, Any]:
    """(what is wrong, what to do, where) for the place where reading stopped and the one where its part began."""
    rest = text[mark.index :]
    sign = rest[:1]
    opener = text[context.index : context.index + 1] if context is not None else ""
    word = re.split(r"[\s,\[\]{}]", rest, maxsplit=1)[0][:40]
    ended = not rest.strip()
    if opener in ("'", '"'):
        if ended:
            return "a quote that is never closed", "close the quote", context
        return "an escape that double quotes do not have", "use single quotes, or write the backslash twice", mark
    if opener in ("[", "{"):
        close = "]" if opener == "[" else "}"
        begun = f"the {opener} of line {context.line + 1}, column {context.column + 1}"
        return f"{begun} is not closed, or a ',' is missing", f"write , or {close} before this place", mark
    if sign == "\t":
        return "a tab cannot indent", "indent with spaces", mark
    if sign == "*" and len(word) > 1:
        return f"the alias {word} has no anchor before it", f"define &{word[1:]} first, or {_QUOTE}", mark
    if sign == "&" and len(word) > 1:
        return f"the anchor {word} stands twice", "give each anchor a name of its own", mark
    if (sign == "%" and mark.column == 0) or opener == "%":
        return "a directive that is not known", "remove the line that starts with %", mark
    if sign and sign in "@`%":
        return f"a value cannot start with {sign}", _QUOTE, mark
    if sign and sign in "]},":
        return f"a {sign} where a value was expected", f"write the value, or {_QUOTE}", mark
    at_start = not text[text.rfind("\n", 0, mark.index) + 1 : mark.index].strip()
    if sign == ":" and at_start:
        return "a key is missing before the colon", f"write the key, or {_QUOTE}", mark
    if sign == ":":
        return "a second ': ' in one value", "put a value that contains ': ' in quotes, or use a block text (|)", mark
    if opener in ("&", "*"):
        return f"a name is missing after {opener}", f"write the name, or {_QUOTE}", mark
    if opener in ("|", ">"):
        return f"text in the line of {opener}", f"start the text in the next line, or {_QUOTE}", mark
    if "!" in (opener, sign):
        return "a tag that cannot be read", f"remove the tag, or {_QUOTE}", mark
    if ended:
        what = _unclosed(text)
        return (f"{what} is not closed", "close it", mark) if what else ("the text ends too early", "go on", mark)
    if sign == "-" and not at_start:
        return "a list cannot start in this line", "start it in the next line", mark
    if at_start:
        return "a line that fits neither what is above it nor a new key", _INDENT, mark
    return f"nothing may follow here, and {word or sign!r} does", f"put the whole value in quotes, or {_INDENT}", mark


def _unclosed(text: str) -> str | None:
    """The last bracket that nothing closes, by its place."""
    open_at: list[int] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        for found in _STRUCTURE.finditer(line):
            if found.group() in "[{":
                open_at.append(offset + found.start())
            elif found.group() in "]}" and open_at:
                open_at.pop()
        offset += len(line)
    if not open_at:
        return None
    span = span_at(text, open_at[-1], "")
    return f"the {text[open_at[-1]]} of line {span.line}, column {span.column}"


def depth_exceeded(text: str, end: int) -> int | None:
    """Offset at which the nesting of the first document of `text` goes past `MAX_DEPTH` before `end`, as far as can
    be told without parsing; None where it does not. Only for texts that a parser refused by a limit of its own."""
    columns: list[int] = []
    brackets = 0
    offset = 0
    for line in text[:end].splitlines(keepends=True):
        at = len(line) - len(line.lstrip(" "))
        if offset and re.match(r"---(?:\s|$)", line):
            return None  # the next document, whatever it seems to stand in
        if brackets == 0 and line.strip() and line[at] != "#":
            while columns and columns[-1] >= at:
                columns.pop()
            columns.append(at)
            while lead := _LEAD.match(line, at):
                at = lead.end()
                columns.append(at)
                if len(columns) > MAX_DEPTH:
                    return offset + at
        if len(columns) > MAX_DEPTH:
            return offset + at
        for found in _STRUCTURE.finditer(line, at):
            if found.group() in "[{":
                brackets += 1
                if brackets + len(columns) - 1 > MAX_DEPTH:
                    return offset + found.start()
            elif found.group() in "]}":
                brackets = max(brackets - 1, 0)
        offset += len(line)
    return None


def span_at(text: str, offset: int, path: str) -> Span:
    """The place of a character offset in `text`."""
    return Span(path, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


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
