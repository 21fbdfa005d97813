"""The only thing a reporter sees: what a verb found or did, in one account or in two side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from reconciler.types.address import Address
from reconciler.types.change import Action
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json
from reconciler.types.kind import KindSpec
from reconciler.types.plan import Plan, Summary


class Standing(Enum):
    """What an address is in the two accounts."""

    SAME = "same"
    """In both; the manifests want the same, and the second account holds it."""
    DIFFERS = "differs"
    """In both, and the manifests want different things, or the second account does not hold what they want of it."""
    ONLY_HERE = "only_here"
    """In the first account; promoting creates it in the second."""
    ONLY_THERE = "only_there"
    """In the second account only."""
    NOWHERE = "nowhere"
    """Declared, and not created in either yet."""


@dataclass(frozen=True, slots=True)
class DesiredDifference:
    """One leaf that the manifests want differently, without secrets: references are `{"ref": "kind.name"}`, secrets
    `{"env": NAME}` or `{"file": path}`."""

    path: str
    """Canonical pointer."""
    here: Json
    there: Json


@dataclass(frozen=True, slots=True)
class Side:
    """One resource in the two accounts."""

    address: Address
    kind: KindSpec = field(compare=False, repr=False)
    standing: Standing
    desired: tuple[DesiredDifference, ...] = ()
    """What the manifests say for the one against what they say for the other."""
    pending: tuple[str, ...] = ()
    """Canonical pointers at which the second account does not hold what the manifests want of it."""
    action: Action = Action.NOOP
    """What promoting does to it in the second account."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`here` and `there` are the names of the workspaces."""

    here: str
    there: str
    sides: tuple[Side, ...]
    waiting: int = 0
    """Changes that the first account itself still waits for."""

    def counts(self) -> Mapping[Standing, int]:
        """How many addresses of each standing."""
        return {standing: sum(side.standing is standing for side in self.sides) for standing in Standing}


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
class Provenance:
    """Of what commit a report is, when it was made and who asked for it; each empty where it is not known."""

    commit: str = ""
    """With `-dirty` behind it where the files differ from it."""
    author: str = ""
    """Whose commit it is."""
    date: str = ""
    """`2026-11-30 17:05 UTC`"""
    who: str = ""
    """Who started the run, where a CI says so."""


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
    made: Provenance | None = None
    """For the heading of what people read later."""
    home: str = ""
    """The folder of the manifests, seen from that of the run: paths of sources are relative to it."""
    reached: bool = True
    """False where an error ended the run before there was anything to tell."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a reporter may write. Machine formats ignore all of it but `folder`."""

    color: bool = False
    width: int = 100
    verbose: bool = False
    quiet: bool = False
    detail: str = "full"
    """full | compact (like changes are one block) | summary (a line each) | auto (compact beyond a screen). Markdown
    and HTML are compact unless this says full."""
    rows: int = 0
    """Lines of a screen."""
    folder: str = ""
    """Where the run took place, seen from where it was called (`-C`): scanners want the paths of files from there.
    Relative, with forward slashes; empty when it is the same place."""
