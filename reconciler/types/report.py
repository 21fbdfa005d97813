"""The only thing a reporter sees: what a verb found or did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from reconciler.types.address import Address
from reconciler.types.change import Action
from reconciler.types.comparison import Comparison
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.plan import Plan, Summary


@dataclass(frozen=True, slots=True)
class StepResult:
    """The outcome of one change."""

    address: Address
    action: Action
    outcome: str
    """done | failed | skipped"""
    id: str | None = None
    message: str | None = None
    hint: str | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    exit_code: int = 1
    """What a failure of this step says: 5 when its object moved since the plan was made."""


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """done + failed + skipped == planned. `summary` counts what was really done."""

    steps: tuple[StepResult, ...] = ()
    summary: Summary = Summary()
    serial: int = 0
    interrupted: bool = False

    def count(self, outcome: str) -> int:
        return sum(1 for step in self.steps if step.outcome == outcome)


@dataclass(frozen=True, slots=True)
class RuleText:
    """What is written about a lint rule."""

    name: str
    severity: Severity
    what: str
    why: str
    page: str
    """All of it, with examples."""


@dataclass(frozen=True, slots=True)
class Report:
    """`verb` is plan | apply | destroy | drift | validate | show ..."""

    verb: str
    workspace: str = ""
    plan: Plan | None = None
    result: ApplyResult | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    exit_code: int = 0
    notes: tuple[str, ...] = field(default_factory=tuple)
    """Lines for a person: "3 unmanaged objects", "no state: nothing to compare"."""
    comparison: Comparison | None = None
    """Where two workspaces were held against each other; `plan` is that of the second one."""
    rules: Callable[[str], RuleText | None] = field(default=lambda code: None, compare=False, repr=False)
    """What is written about the lint rule of a code; None for a code of any other finding."""
    reached: bool = True
    """False where an error ended the run before there was anything to tell."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a reporter may write. Machine formats ignore all of it but `folder`."""

    color: bool = False
    width: int = 100
    verbose: bool = False
    quiet: bool = False
    folder: str = ""
    """Where the run took place, seen from where it was called (`-C`): scanners want the paths of files from there.
    Relative, with forward slashes; empty when it is the same place."""
