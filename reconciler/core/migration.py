"""What a migration is: number, name, documentation, a pure search what to change, and answers to its questions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import TypeAlias

from reconciler.core.canonical.raw_edit import exists, sibling
from reconciler.core.canonical.references import is_written_reference
from reconciler.errors import UsageError
from reconciler.registry import Registry
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue, Scores
from reconciler.types.json import Object, lookup
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Edit, MoveValue, NewDocument, RenameKey

KEEP = "keep"
"""The answer to any question that leaves everything as it is, for good."""
YES = "yes"
"""The answer that takes what is proposed."""
ANY = "*"
"""The answer for every question of a migration that has none of its own."""


class Safety(Enum):
    """Whether a migration may change a file by itself."""

    AUTO = "auto"
    """The meaning stays the same. Single findings may still need a person."""
    ASK = "ask"
    """Behaviour changes, or there is more than one way: a person chooses."""
    NEVER = "never"
    """Only reported, or only on explicit request."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer."""

    value: str
    reason: str
    basis: str = ""
    """documented | client | report | judgement | guess; empty where it is a matter of taste."""
    scores: Scores | None = None
    context_window: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a person has to decide. Equal keys of one migration are asked once."""

    key: str
    text: str
    choices: tuple[Choice, ...]
    """The first is the proposal; `keep` is always possible."""
    free: str = ""
    """What else may be answered, in words; empty: only the choices."""
    proposes: bool = True
    """Whether the first choice loses nothing, so that it may be taken without looking at each case."""

    @property
    def proposal(self) -> str | None:
        """The answer that may be taken unseen."""
        return self.choices[0].value if self.choices and self.proposes else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a migration found.

    With edits (or new documents) it can be carried out: automatically, or because its question was answered. With a
    question and without edits it waits for an answer. With neither it is only reported.
    """

    pointers: tuple[str, ...]
    """Places in the body, in the author's words."""
    summary: str
    why: str
    edits: tuple[Edit, ...] = ()
    """In order; pointers into the body."""
    documents: tuple[NewDocument, ...] = ()
    question: Question | None = None
    answer: str | None = None
    """The answer that was followed."""
    notes: tuple[str, ...] = ()
    """What to look at afterwards."""
    beside: tuple[str, ...] = ()
    """Further places that the change rests on: what says it already, and the fields by which it was decided."""
    broken: bool = False
    """What stands there no longer works."""
    kept: bool = False
    """A comment in the file says that it stays as it is."""
    elsewhere: bool = False
    """What goes is taken over outside of the manifests, and not by the places that the change writes."""

    @property
    def is_change(self) -> bool:
        return bool(self.edits or self.documents)

    @property
    def places(self) -> tuple[str, ...]:
        """The places of the change itself, in the author's words: what goes, and what takes over."""
        found = [*self.pointers]
        for edit in self.edits:
            found.append(edit.pointer)
            if isinstance(edit, RenameKey):
                found.append(sibling(edit.pointer, edit.name))
            elif isinstance(edit, MoveValue):
                found.append(edit.target)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Subject:
    """One body as it is written: references such as `{env: X}` stand in it as they do in the file."""

    address: Address
    kind: KindSpec
    spec: Object
    path: str = ""
    overlay: bool = False
    """Only a part of a body, merged over another one."""
    selected: bool = True
    """False: outside of the paths that were asked for; looked at, never changed."""
    kept: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Codes of rules and migrations that a comment beside a place keeps away, by the place's pointer."""

    def keeps(self, pointer: str, codes: Iterable[str]) -> bool:
        """Whether a comment beside the place names one of the codes."""
        return not self.kept.get(pointer, frozenset()).isdisjoint(codes)


@dataclass(frozen=True, slots=True)
class Held:
    """An object of the account that bears a name which a new manifest may want."""

    id: str
    spec: Object
    """Its body in canonical words, without what the server owns."""


Answers: TypeAlias = Mapping[str, Mapping[str, str]]
"""By migration name, then by `ADDRESS:KEY`, by address, by question key, or `*`: the first of these that is given."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a search may look at besides its own body."""

    catalogue: Catalogue
    subjects: tuple[Subject, ...] = ()
    """Every body of the project, this one included."""
    answers: Answers = field(default_factory=dict)
    words: str = ""
    """The vocabulary that files are to be written in; empty: the platform's own."""
    requested: frozenset[str] = frozenset()
    """Names of migrations that were asked for one by one."""
    account: Mapping[str, Mapping[str, Held]] = field(default_factory=dict)
    """By kind and name: what the account holds, where somebody looked; files alone know of no account."""
    cache: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """Work over all subjects that several searches share; lives as long as this context."""

    def base(self, address: str) -> Subject | None:
        """The base manifest of that address."""
        found = self.cache.get("bases")
        if not isinstance(found, dict):
            found = self.cache["bases"] = {str(one.address): one for one in self.subjects if not one.overlay}
        subject = found.get(address)
        return subject if isinstance(subject, Subject) else None

    def answer(self, name: str, key: str, subject: Subject) -> str | None:
        """The answer of the person, the one for this very object first."""
        given = self.answers.get(name, {})
        address = str(subject.address)
        return next((given[word] for word in (for_one(address, key), address, key, ANY) if word in given), None)

    def is_left_alone(self, name: str, subject: Subject) -> bool:
        """Whether a person said that the migration keeps its hands off this very object, or off all of them."""
        given = self.answers.get(name, {})
        return given.get(str(subject.address), given.get(ANY)) == KEEP


def for_one(address: str, key: str) -> str:
    """What the answer to a question is called that holds for one object alone."""
    return f"{address}:{key}"


Find: TypeAlias = Callable[[Subject, Context], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class MigrationDoc:
    """The documentation in its fixed sections. `before` and `after` are bodies in YAML: the contract test migrates
    the one (with `answers`) and expects the other."""

    what: str
    why: str
    before: str
    after: str
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration.

    `find` must: accept any JSON in the body; look only at its arguments; give edits that fit the body as it is, one
    finding's edits in order; find nothing any more once they are carried out.
    Must not: raise, or put a value of its own invention into a file.
    """

    id: str
    name: str
    safety: Safety
    doc: MigrationDoc
    find: Find
    kinds: tuple[str, ...]
    """Kinds it looks at."""
    asks_about: str = ""
    """The kind whose names in the account its questions are about; empty: they are about none."""
    overlays: bool = True
    """Whether a part of a body is enough to go by; else an overlay has to hold every place of a change itself."""
    sources: str = ""
    """Where the facts come from."""
    cures: tuple[str, ...] = ("L32",)
    """Lint rules whose findings it takes away: a comment that keeps one of them keeps this away, too."""

    @property
    def codes(self) -> tuple[str, ...]:
        """What a comment may name to keep it away."""
        return (self.id, *self.cures)

    def is_kept(self, subject: Subject, finding: Finding) -> bool:
        """Whether a comment beside one of the places says that it stays: `# reconciler: keep M15 reason`."""
        return finding.kept or any(subject.keeps(pointer, self.codes) for pointer in finding.pointers)

    def search(self, subject: Subject, context: Context) -> Iterator[Finding]:
        """What there is in this body. Of a part of a body only what that part says by itself; where a person said
        `keep`, only what a more special answer is about."""
        if subject.address.kind not in self.kinds:
            return
        alone = context.is_left_alone(self.name, subject)
        for finding in self.find(subject, context):
            if alone and finding.is_change and finding.question is None:
                continue
            if not subject.overlay or self.overlays or all(_held(subject.spec, place) for place in finding.places):
                yield finding


def ask(
    subject: Subject,
    context: Context,
    name: str,
    question: Question,
    finding: Finding,
    carry_out: Callable[[str], tuple[Edit, ...] | None],
) -> Iterable[Finding]:
    """The finding as far as the answers go: with edits where one was given and fits, else with its question.

    `carry_out` gives the edits for an answer, None for one that it does not understand. The answer `keep` leaves no
    finding at all; `yes` takes what is proposed.
    """
    answer = context.answer(name, question.key, subject)
    if answer == KEEP:
        return
    if answer == YES:
        answer = question.proposal or answer
    edits = carry_out(answer) if answer is not None else None
    notes = finding.notes
    if answer is not None and edits is None:
        known = ", ".join([choice.value for choice in question.choices] + [KEEP])
        notes = (
            *notes,
            f"the answer {answer!r} is none of {known}" + (f", or {question.free}" if question.free else ""),
        )
    yield replace(finding, edits=edits or (), question=question, answer=answer if edits else None, notes=notes)


def text_at(spec: Object, pointer: str) -> str:
    """The text at `pointer`; empty for anything else."""
    value = lookup(spec, pointer)
    return value if isinstance(value, str) else ""


def mapping_at(spec: Object, pointer: str) -> Object:
    """The mapping at `pointer`; empty for anything else, references included."""
    value = lookup(spec, pointer)
    return value if isinstance(value, dict) and not is_written_reference(value) else {}


def _held(spec: Object, pointer: str) -> bool:
    """Whether a body itself says something at the place; the end of a list is there where the list is."""
    return exists(spec, pointer.removesuffix("/-"))


@cache
def known_names(migrations: Registry[Migration]) -> dict[str, str]:
    """What a migration of the table may be called: its name or its id, each with the name."""
    found = migrations.all()
    return {migration.name: migration.name for migration in found.values()} | {
        id: one.name for id, one in found.items()
    }


def as_answer(value: str | float | bool) -> str:
    """A scalar of a project file as an answer: false keeps things as they are."""
    if isinstance(value, bool):
        return YES if value else KEEP
    return str(value)


def parse_answers(pairs: Iterable[tuple[str, str]], migrations: Registry[Migration]) -> Answers:
    """`NAME=VALUE` or `NAME.KEY=VALUE`. Raises `UsageError` for a migration that does not exist."""
    result: dict[str, dict[str, str]] = {}
    for left, value in pairs:
        word, _, key = left.partition(".")
        result.setdefault(_name(word, migrations), {})[key or ANY] = value
    return result


def merge_answers(*layers: Answers) -> Answers:
    """Answers by migration and key; later layers win, and a later `*` wins over every earlier key."""
    result: dict[str, dict[str, str]] = {}
    for layer in layers:
        for name, given in layer.items():
            if ANY in given:
                result.pop(name, None)
            result.setdefault(name, {}).update(given)
    return result


def addressed(answers: Answers, kinds: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str, str]]:
    """(migration, key, address) of every answer that is about one object alone; `kinds` are those that each migration
    looks at."""
    for name, given in answers.items():
        for key in given:
            address = key.partition(":")[0]
            kind, dot, rest = address.partition(".")
            if dot and rest and kind in kinds.get(name, ()):
                yield name, key, address


def choose_migrations(
    migrations: Registry[Migration], only: Sequence[str] = (), skip: Sequence[str] = ()
) -> tuple[Migration, ...]:
    """The migrations to run, in table order; names or ids. Raises `UsageError` for one that does not exist."""
    wanted = {_name(word, migrations) for word in only} or set(known_names(migrations).values())
    left_out = {_name(word, migrations) for word in skip}
    return tuple(
        migration
        for migration in migrations.all().values()
        if migration.name in wanted and migration.name not in left_out
    )


def requested_names(migrations: Registry[Migration], only: Sequence[str]) -> frozenset[str]:
    """The names of the migrations that were asked for one by one."""
    return frozenset(_name(word, migrations) for word in only)


def _name(word: str, migrations: Registry[Migration]) -> str:
    names: Mapping[str, str] = known_names(migrations)
    found = names.get(word) or names.get(word.upper()) or names.get(word.lower())
    if found is None:
        close = get_close_matches(word, names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "`reconciler migrate --list` shows them"
        raise UsageError(f"unknown migration {word!r}", hint=hint)
    return found
