"""The list that every step of loading adds to: what is wrong with the input, and where."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypedDict, Unpack

from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity, Source, Span

LITERAL_SECRET = "L03"
YAML = "E-yaml"
DUPLICATE = "E-duplicate"
ENCODING = "E-encoding"
SIZE = "E-size"
CONFLICT = "E-conflict"
FILE = "E-file"
KIND = "E-kind"
NAME = "E-name"
ID = "E-id"
FIELD = "E-field"
REF = "E-ref"
CYCLE = "E-cycle"
MASK = "E-mask"
TOOLS = "E-tools"
OVERLAY = "E-overlay"
PROJECT = "E-project"
FOREIGN = "E-foreign"
AMBIGUOUS = "E-yaml11"


class Where(TypedDict, total=False):
    """What a finding may say beside its sentence; as in `Diagnostic`."""

    source: Source | None
    pointer: str | None
    span: Span | None
    hint: str | None
    address: Address | None


MOST_COMPARED = 100_000
"""Names that are compared with words that nobody knows, in one load: about a second."""


class Findings:
    """Collects diagnostics; loading goes on, so that one run shows everything that is wrong."""

    def __init__(self) -> None:
        self.items: list[Diagnostic] = []

    def add(self, severity: Severity, code: str, summary: str, **where: Unpack[Where]) -> None:
        self.items.append(Diagnostic(code, severity, summary, **where))

    def error(self, code: str, summary: str, **where: Unpack[Where]) -> None:
        self.add(Severity.ERROR, code, summary, **where)

    def warning(self, code: str, summary: str, **where: Unpack[Where]) -> None:
        self.add(Severity.WARNING, code, summary, **where)

    def info(self, code: str, summary: str, **where: Unpack[Where]) -> None:
        self.add(Severity.INFO, code, summary, **where)

    @property
    def has_errors(self) -> bool:
        return any(item.is_error for item in self.items)


def suggest(word: str, known: Iterable[str]) -> str | None:
    """`did you mean 'x'?`, or None when nothing known is close to `word`."""
    return Suggestions(known).of(word)


class Suggestions:
    """Hints for many words that one set of names lacks. Close names are looked for until `MOST_COMPARED` of them
    were compared: what a file holds a thousand times must not cost a thousand times the project."""

    def __init__(self, known: Iterable[str]) -> None:
        self._names = list(known)
        self._folded = {_folded(name): name for name in self._names}
        self._left = MOST_COMPARED

    def of(self, word: str) -> str | None:
        """`did you mean 'x'?`, or None when nothing known is close to `word`, or nobody looked any more."""
        same = self._folded.get(_folded(word), word)
        if same != word:
            return f"did you mean {same!r}?"
        if self._left <= 0:
            return None
        self._left -= len(self._names)
        close = get_close_matches(word, self._names, n=1, cutoff=0.6)
        return f"did you mean {close[0]!r}?" if close else None


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")
