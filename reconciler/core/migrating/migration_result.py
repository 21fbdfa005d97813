"""What a run of the migrations made of a project: each finding with what became of it, and the files that change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from reconciler.core.migrating.migration import Finding, Question
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic


class Status(Enum):
    """What became of a finding."""

    DONE = "done"
    """The new text of the files has it."""
    OPEN = "open"
    """Waits for an answer."""
    REFUSED = "refused"
    """Could not be written without touching something else."""
    REPORTED = "reported"
    """Nothing that a file could be changed for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One finding of one migration in one manifest."""

    id: str
    name: str
    address: Address
    path: str
    status: Status
    finding: Finding
    reason: str = ""
    """Why it was refused, with the place."""

    @property
    def automatic(self) -> bool:
        """Carried out, or to be, without a person."""
        return self.status is Status.DONE and self.finding.answer is None


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file. `before` is None for a new one."""

    path: str
    before: bytes | None
    after: bytes


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """All of a run."""

    outcomes: tuple[Outcome, ...] = ()
    files: tuple[FileChange, ...] = ()
    kept: tuple[Outcome, ...] = ()
    """What a comment in the file keeps as it is; no outcome, because somebody decided it already."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Files that could not be read, so that nobody looked at them."""
    manifests: int = 0
    """How many were looked at."""
    held: frozenset[str] = frozenset()
    """Paths of the files that hold documents of ours, below the project's home, asked for or not."""
    prefix: str = ""
    """What stands before the paths, seen from where the run takes place."""
    secrets: frozenset[str] = field(default_factory=frozenset, repr=False)
    """Literal secrets of the files, to be kept out of everything that is shown."""

    def of(self, status: Status) -> tuple[Outcome, ...]:
        """The outcomes of one sort, in order."""
        return tuple(one for one in self.outcomes if one.status is status)

    @property
    def questions(self) -> tuple[tuple[str, Question], ...]:
        """Open questions with the name of their migration, each once."""
        found: dict[tuple[str, str], Question] = {}
        for one in self.of(Status.OPEN):
            if one.finding.question is not None:
                found.setdefault((one.name, one.finding.question.key), one.finding.question)
        return tuple((name, question) for (name, _), question in found.items())


def undone(result: MigrationResult) -> tuple[Outcome, ...]:
    """What there is to do: changes of texts, and open questions about what no longer works."""
    return (*result.of(Status.DONE), *(one for one in result.of(Status.OPEN) if one.finding.broken))


def is_undone(result: MigrationResult) -> bool:
    """Whether there is something to do."""
    return bool(result.files or undone(result))


def by_address(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes by what they are about, in order of first appearance."""
    found: dict[str, list[Outcome]] = {}
    for one in outcomes:
        found.setdefault(str(one.address), []).append(one)
    return found


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many were automatic, answered, open, refused and only reported."""
    return {
        "automatic": sum(one.automatic for one in outcomes),
        "answered": sum(one.status is Status.DONE and not one.automatic for one in outcomes),
        "open": sum(one.status is Status.OPEN for one in outcomes),
        "refused": sum(one.status is Status.REFUSED for one in outcomes),
        "reported": sum(one.status is Status.REPORTED for one in outcomes),
    }
