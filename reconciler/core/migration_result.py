"""What a run of the migrations made of a project: each finding with what became of it, and the files that change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from reconciler.core.migration import Choice, Finding, Question, for_one
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.manifest import Edit


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
class OpenQuestion:
    """One question of one migration, and everything that waits for its answer."""

    outcomes: tuple[Outcome, ...]
    alone: bool = False
    """Asked for one manifest by itself, though others have the same question."""

    def by_address(self) -> tuple[OpenQuestion, ...]:
        """The same question for each manifest by itself."""
        return tuple(
            OpenQuestion(tuple(outcome for outcome in self.outcomes if str(outcome.address) == address), alone=True)
            for address in self.addresses
        )

    @property
    def keys_of_its_own(self) -> tuple[str, ...]:
        """What an answer is called that is for these manifests alone."""
        return tuple(for_one(address, self.key) for address in self.addresses)

    @property
    def name(self) -> str:
        """The migration that asks."""
        return self.outcomes[0].name

    @property
    def question(self) -> Question:
        """As the first of them asks it."""
        question = self.outcomes[0].finding.question
        assert question is not None
        return question

    @property
    def key(self) -> str:
        return self.question.key

    @property
    def addresses(self) -> tuple[str, ...]:
        """Who is concerned, in order."""
        return tuple(sorted({str(outcome.address) for outcome in self.outcomes}))

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before answering, or why an answer was none."""
        return tuple(dict.fromkeys(note for outcome in self.outcomes for note in outcome.finding.notes))

    @property
    def choices(self) -> dict[str, dict[Choice, tuple[str, ...]]]:
        """By answer: what it means, and for whom it means that; what not everybody may choose comes last."""
        found: dict[str, dict[Choice, dict[str, None]]] = {}
        for outcome in self.outcomes:
            for choice in outcome.finding.question.choices if outcome.finding.question is not None else ():
                found.setdefault(choice.value, {}).setdefault(choice, {})[str(outcome.address)] = None
        return {value: {one: tuple(who) for one, who in kinds.items()} for value, kinds in found.items()}

    @property
    def proposal(self) -> str | None:
        """The answer that may be taken unseen, where all of them propose the same."""
        wanted = {
            outcome.finding.question.proposal for outcome in self.outcomes if outcome.finding.question is not None
        }
        return next(iter(wanted)) if len(wanted) == 1 else None


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
    """Errors: files that could not be read, so that nobody looked at them. Warnings: answers about nothing."""
    manifests: int = 0
    """How many were looked at."""
    held: frozenset[str] = frozenset()
    """Paths of the files that hold documents of ours, below the project's home, asked for or not."""
    effects: Mapping[tuple[str, str, str], tuple[Edit, ...]] = field(default_factory=dict)
    """By migration, key of an open question and answer: what that answer would change in the first manifest that may
    choose it."""
    prefix: str = ""
    """What stands before the paths, seen from where the run takes place."""
    secrets: frozenset[str] = field(default_factory=frozenset, repr=False)
    """Literal secrets of the files, to be kept out of everything that is shown."""

    def of(self, status: Status) -> tuple[Outcome, ...]:
        """The outcomes of one sort, in order."""
        return tuple(outcome for outcome in self.outcomes if outcome.status is status)

    @property
    def open_questions(self) -> tuple[OpenQuestion, ...]:
        """What waits for a person, like questions as one, in the order in which they came up."""
        found: dict[tuple[str, str], list[Outcome]] = {}
        for outcome in self.of(Status.OPEN):
            if outcome.finding.question is not None:
                found.setdefault((outcome.name, outcome.finding.question.key), []).append(outcome)
        return tuple(OpenQuestion(tuple(outcomes)) for outcomes in found.values())

    @property
    def questions(self) -> tuple[tuple[str, Question], ...]:
        """Open questions with the name of their migration, each once."""
        return tuple((question.name, question.question) for question in self.open_questions)


def undone(result: MigrationResult) -> tuple[Outcome, ...]:
    """What there is to do: changes of texts, and open questions about what no longer works."""
    return (*result.of(Status.DONE), *(outcome for outcome in result.of(Status.OPEN) if outcome.finding.broken))


def by_address(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes by what they are about, in order of first appearance."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(str(outcome.address), []).append(outcome)
    return found


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many were automatic, answered, open, refused and only reported."""
    return {
        "automatic": sum(outcome.automatic for outcome in outcomes),
        "answered": sum(outcome.status is Status.DONE and not outcome.automatic for outcome in outcomes),
        "open": sum(outcome.status is Status.OPEN for outcome in outcomes),
        "refused": sum(outcome.status is Status.REFUSED for outcome in outcomes),
        "reported": sum(outcome.status is Status.REPORTED for outcome in outcomes),
    }
