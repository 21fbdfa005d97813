"""One finding about the input: what is wrong, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from reconciler.types.address import Address
from reconciler.types.json import Json
from reconciler.types.source import Source, Span


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

    def at(self, span: Span | None) -> Diagnostic:
        """The same finding with its place in the file."""
        return replace(self, span=span)
