"""Findings: what is wrong, where it stands, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from reconciler.types.address import Address
from reconciler.types.json import Json


@dataclass(frozen=True, slots=True)
class Source:
    """A document in a manifest file; turned into a `Span` only when there is something to report."""

    path: str
    """Path as the user would write it: relative to the project folder, with forward slashes."""
    document: int = 0
    """Number of the document in the file, from 0."""
    base: str = ""
    """JSON pointer from the document to the spec: `/spec` in an envelope, empty in a bare body."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file. Lines and columns count from 1, columns in characters."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Severity(Enum):
    """Errors stop a run before anything is sent; warnings are shown; infos are shown with --verbose."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Fix:
    """A safe replacement of the value at the diagnostic's pointer (`remove` drops the member)."""

    summary: str
    value: Json = None
    remove: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """`code` is stable (L03 for a lint rule, E-words for the loader and the planner)."""

    code: str
    severity: Severity
    summary: str
    detail: str = ""
    hint: str | None = None
    address: Address | None = None
    pointer: str | None = None
    """Canonical JSON pointer into the spec, where the finding is about one value."""
    source: Source | None = None
    span: Span | None = None
    """Filled by the loader from `source` and `pointer`, only for what is shown."""
    fix: Fix | None = field(default=None, compare=False)
    accepted: bool = field(default=False, compare=False)
    """The project's baseline holds it: shown folded, counted by nobody."""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    @property
    def key(self) -> tuple[str, Address | None, str | None]:
        """The same for two findings of one kind about one value, in whatever words."""
        return self.code, self.address, self.pointer

    def at(self, span: Span | None) -> Diagnostic:
        """The same finding with its place in the file."""
        return replace(self, span=span)
