"""Migrations carried out on the files of a project, in memory: old bytes in, new bytes and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.migration import (
    Answers,
    Context,
    Finding,
    Held,
    Migration,
    Subject,
    addressed,
    for_one,
)
from reconciler.core.migration_result import FileChange, MigrationResult, OpenQuestion, Outcome, Status
from reconciler.engine.migrate.migration_files import Editor, NewManifests, OpenFile, SourceFile
from reconciler.engine.migrate.move_units import Layers, Part, Written, canonical_place, obstacle, part_of
from reconciler.engine.migrate.project_layers import outdated_defaults, outdated_values
from reconciler.engine.migrate.workspace_views import Picture, differs, pictures
from reconciler.errors import ReconcilerError
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Object, lookup
from reconciler.types.manifest import Edit, EditRefused
from reconciler.types.project import Defaults

ROUNDS = 100
"""One migration may make room for another, a few times over; this many rounds mean that two undo each other."""
STEPS = 1_000
"""Changes of one migration to one manifest in one round."""


@dataclass(frozen=True, slots=True)
class MigrateOptions:
    """What to do, and how."""

    migrations: tuple[Migration, ...]
    """In the order in which they run."""
    answers: Answers = field(default_factory=dict)
    words: str = ""
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
    defaults: tuple[Defaults, ...] = ()
    """What lies under the manifests, and is not migrated."""
    values: tuple[Object, ...] = ()
    """What `{value: NAME}` stands for, in each workspace; not migrated either."""


@dataclass(slots=True)
class MigrationWork:
    """The manifests that the migrations work on, as they are by now."""

    catalogue: Catalogue
    options: MigrateOptions
    files: Mapping[str, SourceFile]
    """By path."""
    opened: Mapping[str, OpenFile]
    manifests: Sequence[Written]
    layers: Layers
    new: NewManifests
    known: Context | None = None

    def context(self) -> Context:
        """What searches look at, made anew when anything changed."""
        if self.known is None:
            subjects = (*(manifest.subject for manifest in self.manifests), *self.new.subjects)
            self.known = Context(
                self.catalogue, subjects, self.options.answers, self.options.words, self.options.requested,
                self.options.account,
            )  # fmt: skip
        return self.known


@dataclass(slots=True)
class Round:
    """What came of one round, in which each migration looks at each manifest."""

    done: list[Outcome] = field(default_factory=list)
    left: list[Outcome] = field(default_factory=list)
    kept: dict[str, Outcome] = field(default_factory=dict)
    refused: dict[str, Outcome] = field(default_factory=dict)
    """By what the finding is about: nothing is tried twice in a round."""
    moved: bool = False
    """Whether other questions are open than before."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One migration in one round."""

    work: MigrationWork
    migration: Migration
    context: Context
    """As the pass began."""
    pictures: tuple[Picture, ...]
    round: Round


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
    work = open_files(files, editor, catalogue, options, taken)
    ask_first(work)
    done: list[Outcome] = []
    for _ in range(ROUNDS):
        found = run_round(work)
        done += found.done
        if not found.done and not found.moved:
            return finish(work, done, found)
    raise _endless()


def open_files(
    files: Sequence[SourceFile],
    editor: Editor,
    catalogue: Catalogue,
    options: MigrateOptions,
    taken: Callable[[str], bool],
) -> MigrationWork:
    """Every file opened, with its manifests."""
    opened = {file.path: editor.open(file.path, file.data, overlay=file.overlay) for file in files}
    overlays = tuple(file.path for file in files if file.overlay)
    layers = Layers(options.workspaces or {"": overlays}, options.apart, options.defaults)
    manifests = [written for file in files for written in _manifests_in(file, opened[file.path], options)]
    for manifest in manifests:
        layers.add(manifest)
    by_path = {file.path: file for file in files}
    new = NewManifests(editor, options.folder, taken, by_path, manifests)
    return MigrationWork(catalogue, options, by_path, opened, manifests, layers, new)


def _manifests_in(file: SourceFile, opened: OpenFile, options: MigrateOptions) -> list[Written]:
    def is_selected(address: Address) -> bool:
        return file.selected and (options.addresses is None or options.addresses(address))

    return [
        Written(
            file.path,
            index,
            Subject(
                body.address, body.kind, body.spec, file.path, file.overlay, is_selected(body.address), body.kept
            ),
            body.lifecycle,
            lambda pointer, index=index: str(opened.place(index, pointer)),  # type: ignore[misc]
            lambda pointer, index=index: str(opened.head(index, pointer)),  # type: ignore[misc]
        )
        for index, body in enumerate(opened.bodies())
    ]


def ask_first(work: MigrationWork) -> None:
    """Gather what is open before anything changes."""
    context = work.context()
    for migration in work.options.migrations:
        for manifest in work.manifests:
            if manifest.subject.selected:
                found = [finding for finding in migration.search(manifest.subject, context) if not finding.is_change]
                manifest.asked += tuple(_places_asked(migration, manifest, found))


def run_round(work: MigrationWork) -> Round:
    """Let each migration look at each manifest once, and change what it can."""
    outcome = Round()
    questions: list[list[tuple[str, str]]] = [[] for _ in work.manifests]
    for migration in work.options.migrations:
        context = work.context()
        views = pictures(work.layers, context, migration.kinds)
        for written, found in zip(work.manifests, questions, strict=True):
            if written.subject.selected:
                found += settle(Pass(work, migration, context, views, outcome), written)
    for written, found in zip(work.manifests, questions, strict=True):
        outcome.moved = outcome.moved or written.asked != tuple(found)
        written.asked = tuple(found)
    return outcome


def settle(step: Pass, written: Written) -> list[tuple[str, str]]:
    """Change one manifest until the migration is content with it; gives what it leaves open."""
    migration, outcome = step.migration, step.round
    for _ in range(STEPS):
        left: list[Outcome] = []
        changed = False
        for finding in migration.search(written.subject, step.context):
            if migration.is_kept(written.subject, finding):
                kept = _outcome(migration, written.subject, Status.REPORTED, finding)
                outcome.kept.setdefault(_content(migration, written.subject, finding), kept)
            elif not finding.is_change:
                status = Status.OPEN if finding.question is not None else Status.REPORTED
                left.append(_outcome(migration, written.subject, status, finding))
            elif carry_out(step, written, finding):
                changed = True
                break
        if not changed:
            outcome.left += left
            return _places_asked(migration, written, [item.finding for item in left])
    raise _endless()


def carry_out(step: Pass, written: Written, finding: Finding) -> bool:
    """Carry out one unit, in memory. False where it was refused, now or before."""
    work, migration, outcome = step.work, step.migration, step.round
    key = _content(migration, written.subject, finding)
    if key in outcome.refused:
        return False
    try:
        parts = unit_of(step, written, finding)
        write_unit(work, parts, finding)
    except (EditRefused, ValueError) as problem:
        refused = _outcome(migration, written.subject, Status.REFUSED, finding)
        outcome.refused[key] = replace(refused, reason=str(problem))
        return False
    for part in parts:
        body = work.opened[part.written.path].body(part.written.index)
        part.written.subject = replace(part.written.subject, address=body.address, spec=body.spec, kept=body.kept)
        outcome.done.append(_outcome(migration, part.written.subject, Status.DONE, part.finding))
    work.known = None
    return True


def unit_of(step: Pass, written: Written, finding: Finding) -> list[Part]:
    """Everything that has to change together. Raises `ValueError` with the reason why it cannot."""
    work, migration = step.work, step.migration

    def agrees(part: Part, spec: Object) -> bool:
        subject = replace(part.written.subject, spec=spec, overlay=False)
        found = migration.search(subject, work.context())
        return any(other.is_change and other.edits == part.finding.edits for other in found)

    parts = [part_of(written, finding)]
    found = obstacle(parts, work.layers, agrees)
    if found is not None and found.layered and not written.subject.overlay:
        parts += _parts_in_overlays(work, migration, parts[0])
        found = obstacle(parts, work.layers, agrees)
    if found is not None:
        reason: str | None = found.reason
    else:  # a workspace may get another change, because of what its overlays set
        mine = work.layers.workspaces_of(written)
        views = [picture for picture in step.pictures if picture.workspace in mine]
        reason = differs(views, migration, written.subject, finding)
    if reason is not None and any(part.effect for part in parts):
        raise ValueError(f"left as it is: {reason}")
    return parts


def _parts_in_overlays(work: MigrationWork, migration: Migration, base: Part) -> list[Part]:
    """The same change in the overlays of a manifest."""
    overlays = [
        written for written in work.layers.over(str(base.written.subject.address)) if written.subject.selected
    ]
    first = replace(base.written.subject, spec=base.after)
    context = replace(work.context(), subjects=(first, *(overlay.subject for overlay in overlays)), cache={})
    parts: list[Part] = []
    for overlay in overlays:
        for finding in migration.search(overlay.subject, context):
            if finding.is_change and not migration.is_kept(overlay.subject, finding):
                part = part_of(overlay, finding)
                if part.belongs_to(base):
                    parts.append(part)
                    break
    return parts


def write_unit(work: MigrationWork, parts: Sequence[Part], finding: Finding) -> None:
    """Put all parts into the texts, or none. Raises `EditRefused`, or `ValueError` for a name that is taken."""
    new = [document for document in finding.documents if not work.new.has(document)]
    undo: list[Callable[[], None]] = []
    try:
        for part in parts:
            if part.edits:
                undo.append(work.opened[part.written.path].edit(part.written.index, part.edits))
        for document in new:
            work.new.add(document)
    except (EditRefused, ValueError):
        for back in reversed(undo):
            back()
        raise


def finish(work: MigrationWork, done: Sequence[Outcome], last: Round) -> MigrationResult:
    """The texts that changed, and what is left. Raises `ReconcilerError` for a text that is wrong."""
    changes = [FileChange(path, None, data) for path, data in work.new.files.items()]
    for path, file in work.files.items():
        try:
            data = work.opened[path].data()
        except EditRefused as problem:
            raise ReconcilerError(f"cannot change {path}: {problem}", hint="nothing was written") from None
        if data != file.data:
            changes.append(FileChange(path, file.data, data))
    diagnostics = [
        problem for path, file in work.files.items() if file.selected for problem in work.opened[path].problems
    ]
    context, options = work.context(), work.options
    beneath = outdated_defaults(options.defaults, options.migrations, context)
    named = outdated_values(options.values, options.migrations, context)
    outcomes = (*done, *last.refused.values(), *last.left, *beneath, *named)
    count = sum(manifest.subject.selected for manifest in work.manifests)
    diagnostics += _answers_about_nothing(work)
    result = MigrationResult(outcomes, tuple(changes), tuple(last.kept.values()), tuple(diagnostics), count)
    return replace(result, effects=dict(_effects(work, result.open_questions)))


def _answers_about_nothing(work: MigrationWork) -> list[Diagnostic]:
    """Answers for single manifests that are not there."""
    kinds = {migration.name: migration.kinds for migration in work.options.migrations}
    return [
        Diagnostic(
            "E-project",
            Severity.WARNING,
            f"an answer of {name} is for {address}, and there is no such manifest",
            hint="take it out of `migrations:` in the project file (or of --answer), or mend the address",
        )
        for name, _, address in addressed(work.options.answers, kinds)
        if address not in work.layers.bases
    ]


def _effects(
    work: MigrationWork, questions: Sequence[OpenQuestion]
) -> Iterator[tuple[tuple[str, str, str], tuple[Edit, ...]]]:
    """What each answer to each open question would change in the first manifest that may choose it."""
    by_name = {migration.name: migration for migration in work.options.migrations}
    places = {(str(manifest.subject.address), manifest.path): manifest.subject for manifest in work.manifests}
    for asked in questions:
        for value, kinds in asked.choices.items():
            address = next(iter(kinds.values()))[0]
            path = next(outcome.path for outcome in asked.outcomes if str(outcome.address) == address)
            given = {asked.name: {**work.options.answers.get(asked.name, {}), for_one(address, asked.key): value}}
            context = replace(work.context(), answers={**work.options.answers, **given}, cache={})
            for finding in by_name[asked.name].search(places[address, path], context):
                if finding.question is not None and finding.question.key == asked.key and finding.edits:
                    yield (asked.name, asked.key, value), finding.edits
                    break


def _places_asked(migration: Migration, written: Written, findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """What open questions are about."""
    return [
        (canonical_place(written.subject.kind, written.subject.spec, pointer), migration.name)
        for finding in findings
        if finding.question is not None and not migration.is_kept(written.subject, finding)
        for pointer in finding.pointers
    ]


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
