"""Migrations carried out on the files of a project, in memory: old bytes in, new bytes and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from reconciler.core.migrating.migration import Answers, Context, Finding, Held, Migration, Subject
from reconciler.core.migrating.migration_result import FileChange, MigrationResult, Outcome, Status
from reconciler.engine.migrate.created_manifests import NewManifests
from reconciler.engine.migrate.move_units import Layers, Part, Written, canonical_place, obstacle, part_of
from reconciler.engine.migrate.workspace_views import Picture, differs, pictures
from reconciler.errors import ReconcilerError
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.json import Object, lookup
from reconciler.types.kind import KindSpec
from reconciler.types.manifest_edit import Edit, EditRefused
from reconciler.types.source import Span

ROUNDS = 100
"""One migration may make room for another, a few times over; this many rounds mean that two undo each other."""
STEPS = 1_000
"""Changes of one migration to one manifest in one round."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A manifest file as it lies on disk."""

    path: str
    """Relative to the project, with forward slashes."""
    data: bytes
    overlay: bool = False
    selected: bool = True
    """False: outside of the paths that were asked for; read, never changed."""


@dataclass(frozen=True, slots=True)
class Body:
    """One manifest in a file."""

    address: Address
    kind: KindSpec
    spec: Object
    """In the author's words, references as written."""
    lifecycle: Object = field(default_factory=dict)
    """Its valid part, with canonical pointers."""
    kept: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Places of the spec beside which a comment says that something stays, each with the codes that it names."""


class OpenFile(Protocol):
    """A manifest file that is read once, takes edits, and is written once."""

    @property
    def problems(self) -> Sequence[Diagnostic]: ...

    def bodies(self) -> Sequence[Body]:
        """The manifests as they are now."""
        ...

    def body(self, index: int) -> Body: ...

    def edit(self, index: int, edits: Sequence[Edit]) -> Callable[[], None]:
        """Change one manifest; what is given back takes it back again. Raises `EditRefused`, with nothing changed."""
        ...

    def place(self, index: int, pointer: str) -> Span:
        """Where a place of a body stands in the file."""
        ...

    def head(self, index: int, pointer: str) -> Span:
        """Where a place beside a body stands."""
        ...

    def data(self) -> bytes:
        """The bytes as they are now. Raises `EditRefused` where they do not say what they should."""
        ...


class Editor(Protocol):
    """Reads and changes the text of manifest files."""

    def open(self, path: str, data: bytes, *, overlay: bool) -> OpenFile:
        """One file. Never raises."""
        ...

    def render(self, document: Object, comment: str) -> bytes:
        """A new file."""
        ...


@dataclass(frozen=True, slots=True)
class MigrateOptions:
    """What to do, and how."""

    migrations: tuple[Migration, ...]
    """In the order in which they run."""
    answers: Answers = field(default_factory=dict)
    words: str = "pal"
    requested: frozenset[str] = frozenset()
    """Names that were asked for one by one."""
    folder: str = ""
    """Where folders for new manifests go, relative to the project."""
    account: Mapping[str, Mapping[str, Held]] = field(default_factory=dict)
    """What the account holds by kind and name, where somebody looked."""
    workspaces: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By workspace: the paths of its overlays in the order in which they are merged. None: one that has them all."""
    addresses: Callable[[Address], bool] | None = None
    """Which resources may change; None: all of them."""
    apart: Callable[[Subject], str | None] = lambda _: None
    """Why a manifest is not written by the runs that the files are migrated for: nothing may rest on it."""


def migrate(
    files: Sequence[SourceFile],
    editor: Editor,
    catalogue: Catalogue,
    options: MigrateOptions,
    *,
    taken: Callable[[str], bool] = lambda _: False,
) -> MigrationResult:
    """Run the migrations over `files` until none finds anything more to change.

    1. Every file is read, once; one that is not readable is reported and left alone.
    2. A first look gathers the open questions: what they are about is left alone.
    3. Round after round, each migration looks at each manifest; a change is made at once, so that the next look sees
       it. A change is a unit (`engine.migrate.move_units`): with all its places, or not at all.
    4. The round in which nothing changes says what is left: open questions, refused units and reports.
    5. Every file that changed is put together and read, once.

    `taken(path)` says whether a path for a new file is in use. Nothing is written. Raises `ReconcilerError` when the
    migrations do not come to an end.
    """
    return _Run(files, editor, catalogue, options, taken).result()


class _Run:
    def __init__(
        self,
        files: Sequence[SourceFile],
        editor: Editor,
        catalogue: Catalogue,
        options: MigrateOptions,
        taken: Callable[[str], bool],
    ) -> None:
        self.files = {file.path: file for file in files}
        self.catalogue = catalogue
        self.options = options
        self.open = {file.path: editor.open(file.path, file.data, overlay=file.overlay) for file in files}
        overlays = tuple(file.path for file in files if file.overlay)
        self.layers = Layers(options.workspaces or {"": overlays}, options.apart)
        self.manifests: list[Written] = []
        for file in files:
            self.manifests += self.written(file)
        for one in self.manifests:
            self.layers.add(one)
        self.new = NewManifests(editor, options.folder, taken, self.files, self.manifests)
        self.done: list[Outcome] = []
        self.left: list[Outcome] = []
        self.kept: dict[str, Outcome] = {}
        self.refused: dict[str, Outcome] = {}
        self.known: Context | None = None
        self.pictures: tuple[Picture, ...] = ()

    def written(self, file: SourceFile) -> list[Written]:
        """The manifests of one file."""
        found = self.open[file.path]
        return [
            Written(
                file.path,
                index,
                Subject(
                    body.address,
                    body.kind,
                    body.spec,
                    file.path,
                    file.overlay,
                    self.is_selected(file, body.address),
                    body.kept,
                ),
                body.lifecycle,
                lambda pointer, index=index: str(found.place(index, pointer)),  # type: ignore[misc]
                lambda pointer, index=index: str(found.head(index, pointer)),  # type: ignore[misc]
            )
            for index, body in enumerate(found.bodies())
        ]

    def is_selected(self, file: SourceFile, address: Address) -> bool:
        return file.selected and (self.options.addresses is None or self.options.addresses(address))

    def result(self) -> MigrationResult:
        self.survey()
        for _ in range(ROUNDS):
            count, moved = len(self.done), False
            self.left, self.kept, self.refused = [], {}, {}
            questions: list[list[tuple[str, str]]] = [[] for _ in self.manifests]
            for migration in self.options.migrations:
                context = self.context()
                self.pictures = pictures(self.layers, context, migration.kinds)
                for one, found in zip(self.manifests, questions, strict=True):
                    if one.subject.selected:
                        found += self.settle(migration, one, context)
            for one, found in zip(self.manifests, questions, strict=True):
                moved = moved or one.asked != tuple(found)
                one.asked = tuple(found)
            if len(self.done) == count and not moved:
                return self.finished()
        raise _endless()

    def survey(self) -> None:
        """Gather what is open before anything changes."""
        context = self.context()
        for migration in self.options.migrations:
            for one in self.manifests:
                if one.subject.selected:
                    found = [finding for finding in migration.search(one.subject, context) if not finding.is_change]
                    one.asked += tuple(self.places(migration, one, found))

    def places(self, migration: Migration, one: Written, findings: Sequence[Finding]) -> list[tuple[str, str]]:
        """What open questions are about."""
        return [
            (canonical_place(one.subject.kind, one.subject.spec, pointer), migration.name)
            for finding in findings
            if finding.question is not None and not migration.is_kept(one.subject, finding)
            for pointer in finding.pointers
        ]

    def finished(self) -> MigrationResult:
        changes = [FileChange(path, None, data) for path, data in self.new.files.items()]
        for path, file in self.files.items():
            try:
                data = self.open[path].data()
            except EditRefused as problem:
                raise ReconcilerError(f"cannot change {path}: {problem}", hint="nothing was written") from None
            if data != file.data:
                changes.append(FileChange(path, file.data, data))
        diagnostics = [one for path, file in self.files.items() if file.selected for one in self.open[path].problems]
        outcomes = (*self.done, *self.refused.values(), *self.left)
        count = sum(one.subject.selected for one in self.manifests)
        return MigrationResult(outcomes, tuple(changes), tuple(self.kept.values()), tuple(diagnostics), count)

    def context(self) -> Context:
        """What searches look at, made anew when anything changed."""
        if self.known is None:
            subjects = (*(one.subject for one in self.manifests), *self.new.subjects)
            self.known = Context(
                self.catalogue, subjects, self.options.answers, self.options.words, self.options.requested,
                self.options.account,
            )  # fmt: skip
        return self.known

    def settle(self, migration: Migration, one: Written, context: Context) -> list[tuple[str, str]]:
        """Change one manifest until the migration is content with it; gives what it leaves open."""
        for _ in range(STEPS):
            left: list[Outcome] = []
            changed = False
            for finding in migration.search(one.subject, context):
                if migration.is_kept(one.subject, finding):
                    kept = _outcome(migration, one.subject, Status.REPORTED, finding)
                    self.kept.setdefault(_content(migration, one.subject, finding), kept)
                elif not finding.is_change:
                    status = Status.OPEN if finding.question is not None else Status.REPORTED
                    left.append(_outcome(migration, one.subject, status, finding))
                elif self.carry_out(migration, one, finding):
                    changed = True
                    break
            if not changed:
                self.left += left
                return self.places(migration, one, [item.finding for item in left])
        raise _endless()

    def carry_out(self, migration: Migration, one: Written, finding: Finding) -> bool:
        """Carry out one unit, in memory. False where it was refused, now or before."""
        key = _content(migration, one.subject, finding)
        if key in self.refused:
            return False
        try:
            parts = self.unit(migration, one, finding)
            self.write(parts, finding)
        except (EditRefused, ValueError) as problem:
            refused = _outcome(migration, one.subject, Status.REFUSED, finding)
            self.refused[key] = replace(refused, reason=str(problem))
            return False
        for part in parts:
            body = self.open[part.written.path].body(part.written.index)
            part.written.subject = replace(part.written.subject, address=body.address, spec=body.spec, kept=body.kept)
            self.done.append(_outcome(migration, part.written.subject, Status.DONE, part.finding))
        self.known = None
        return True

    def unit(self, migration: Migration, one: Written, finding: Finding) -> list[Part]:
        """Everything that has to change together. Raises `ValueError` with the reason why it cannot."""

        def agrees(part: Part, spec: Object) -> bool:
            subject = replace(part.written.subject, spec=spec, overlay=False)
            found = migration.search(subject, self.context())
            return any(other.is_change and other.edits == part.finding.edits for other in found)

        parts = [part_of(one, finding)]
        found = obstacle(parts, self.layers, agrees)
        if found is not None and found.layered and not one.subject.overlay:
            parts += self.along(migration, parts[0])
            found = obstacle(parts, self.layers, agrees)
        reason = found.reason if found is not None else self.elsewhere(migration, one, finding)
        if reason is not None and any(part.effect for part in parts):
            raise ValueError(f"left as it is: {reason}")
        return parts

    def elsewhere(self, migration: Migration, one: Written, finding: Finding) -> str | None:
        """Why a workspace that has this manifest would get another change, because of what its overlays set."""
        mine = self.layers.workspaces_of(one)
        return differs(
            [picture for picture in self.pictures if picture.workspace in mine], migration, one.subject, finding
        )

    def along(self, migration: Migration, base: Part) -> list[Part]:
        """The same change in the overlays of a manifest."""
        overlays = [one for one in self.layers.over(str(base.written.subject.address)) if one.subject.selected]
        first = replace(base.written.subject, spec=base.after)
        context = replace(self.context(), subjects=(first, *(one.subject for one in overlays)), cache={})
        parts: list[Part] = []
        for one in overlays:
            for finding in migration.search(one.subject, context):
                if finding.is_change and not migration.is_kept(one.subject, finding):
                    part = part_of(one, finding)
                    if part.belongs_to(base):
                        parts.append(part)
                        break
        return parts

    def write(self, parts: Sequence[Part], finding: Finding) -> None:
        """Put all parts into the texts, or none. Raises `EditRefused`, or `ValueError` for a name that is taken."""
        new = [document for document in finding.documents if not self.new.has(document)]
        undo: list[Callable[[], None]] = []
        try:
            for part in parts:
                if part.edits:
                    undo.append(self.open[part.written.path].edit(part.written.index, part.edits))
            for document in new:
                self.new.add(document)
        except (EditRefused, ValueError):
            for back in reversed(undo):
                back()
            raise


def _outcome(migration: Migration, subject: Subject, status: Status, finding: Finding) -> Outcome:
    return Outcome(migration.id, migration.name, subject.address, subject.path, status, finding)


def _content(migration: Migration, subject: Subject, finding: Finding) -> str:
    """What a finding is about, whatever position it has: positions shift when something else goes."""
    values = [lookup(subject.spec, pointer) for pointer in finding.pointers]
    return repr((migration.id, subject.path, str(subject.address), finding.summary, finding.answer, values))


def _endless() -> ReconcilerError:
    return ReconcilerError(
        "the migrations do not come to an end: two of them undo each other; nothing was written",
        hint="leave one out with --skip, and please report the manifest",
    )
