"""Migrations carried out on the files of a project, in memory: old bytes in, new bytes and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from reconciler.core.documentedit import rebase
from reconciler.migrations.base import Answers, Context, Finding, Held, Migration, Subject
from reconciler.migrations.outcome import FileChange, MigrationResult, Outcome, Status
from reconciler.rules.keep import is_kept
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.edit import Edit, EditRefused, NewDocument
from reconciler.types.json import Object

PASSES = 12
"""One migration may make room for another; after so many rounds something is wrong."""
STEPS = 200
"""Changes of one migration to one manifest in one round."""
FOLDERS = {"Tool": "tools", "Guardrail": "guardrails"}


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
    spec: Object
    """In the author's words, references as written."""
    document: int
    base: str
    """Pointer from the document to the body."""


class Editor(Protocol):
    """Reads and changes the text of manifest files."""

    def bodies(self, path: str, data: bytes, *, overlay: bool) -> tuple[Sequence[Body], Sequence[Diagnostic]]:
        """The manifests of a file, and what is wrong with it. Never raises."""
        ...

    def rewrite(self, path: str, data: bytes, edits: Sequence[tuple[int, Edit]]) -> bytes:
        """The file after edits of its documents (by number). Raises `EditRefused`."""
        ...

    def render(self, document: Object, comment: str) -> bytes:
        """A new file."""
        ...

    def line_of(self, path: str, data: bytes, document: int, pointer: str) -> tuple[Sequence[str], int]:
        """The lines of a file and the number (from 1) of that on which the value at a document pointer stands."""
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


def migrate(
    files: Sequence[SourceFile],
    editor: Editor,
    catalogue: Catalogue,
    options: MigrateOptions,
    *,
    taken: Callable[[str], bool] = lambda _: False,
) -> MigrationResult:
    """Run the migrations over `files` until none finds anything more to change.

    1. Every file is read; one that is not readable is reported and left alone.
    2. Round after round, each migration looks at each manifest; a change is made at once, so that the next look sees
       it. A change that the editor refuses is noted and not tried again.
    3. The round in which nothing changes says what is left: open questions and reports.

    `taken(path)` says whether a path for a new file is in use. Nothing is written.
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
        self.texts = {file.path: file.data for file in files}
        self.editor = editor
        self.catalogue = catalogue
        self.options = options
        self.taken = taken
        self.diagnostics: list[Diagnostic] = []
        self.bodies: dict[str, list[tuple[Body, Subject]]] = {}
        self.new: dict[str, bytes] = {}
        self.done: list[Outcome] = []
        self.refused: dict[tuple[str, str, tuple[str, ...]], Outcome] = {}
        for file in files:
            bodies, problems = editor.bodies(file.path, file.data, overlay=file.overlay)
            self.diagnostics += problems if file.selected else ()
            self.bodies[file.path] = [(body, _subject(body, file)) for body in bodies]

    def result(self) -> MigrationResult:
        left: list[Outcome] = []
        for _ in range(PASSES):
            left = []
            count = len(self.done)
            for migration in self.options.migrations:
                left += self.run(migration)
            if len(self.done) == count:
                break
        changes = [
            FileChange(path, file.data, self.texts[path])
            for path, file in self.files.items()
            if self.texts[path] != file.data
        ]
        changes = [*(FileChange(path, None, data) for path, data in self.new.items()), *changes]
        count = sum(
            len(found) for path, found in self.bodies.items() if path in self.files and self.files[path].selected
        )
        outcomes = (*self.done, *self.refused.values(), *left)
        return MigrationResult(outcomes, tuple(changes), tuple(self.diagnostics), count)

    def context(self) -> Context:
        subjects = tuple(subject for found in self.bodies.values() for _, subject in found)
        return Context(
            self.catalogue, subjects, self.options.answers, self.options.words, self.options.requested,
            self.options.account,
        )  # fmt: skip

    def run(self, migration: Migration) -> Iterator[Outcome]:
        """One migration over every manifest; gives what it could not do."""
        context, known = self.context(), len(self.new)
        for path in list(self.bodies):
            file = self.files.get(path)
            if file is None or not file.selected:
                continue
            for index in range(len(self.bodies[path])):
                if len(self.new) != known:
                    # What was just written for one manifest is there for the next.
                    context, known = self.context(), len(self.new)
                yield from self.settle(migration, path, index, context)

    def settle(self, migration: Migration, path: str, index: int, context: Context) -> list[Outcome]:
        """Change one manifest until the migration is content with it; what is left is given back."""
        for _ in range(STEPS):
            body, subject = self.bodies[path][index]
            if not migration.concerns(subject):
                return []
            left: list[Outcome] = []
            changed = False
            for finding in migration.find(subject, context):
                key = (str(subject.address), migration.id, finding.pointers)
                if self.is_kept(migration, path, body, finding):
                    continue
                if not finding.is_change:
                    status = Status.OPEN if finding.question is not None else Status.REPORTED
                    left.append(self.outcome(migration, subject, status, finding))
                elif key not in self.refused and self.carry_out(migration, path, body, subject, finding):
                    changed = True
                    break
            if not changed:
                return left
        return []

    def is_kept(self, migration: Migration, path: str, body: Body, finding: Finding) -> bool:
        """Whether a comment beside one of the places says that it stays: `# reconciler: keep M15 reason`."""
        data = self.texts.get(path, b"")
        if b"keep" not in data or b"reconciler:" not in data:
            return False
        for pointer in finding.pointers:
            lines, line = self.editor.line_of(path, data, body.document, body.base + pointer)
            if any(is_kept(lines, line, code) for code in (migration.id, *migration.cures)):
                return True
        return False

    def carry_out(self, migration: Migration, path: str, body: Body, subject: Subject, finding: Finding) -> bool:
        """Make one change, in memory. False where it was refused."""
        edits = [(body.document, rebase(edit, body.base)) for edit in finding.edits]
        try:
            after = self.editor.rewrite(path, self.texts[path], edits) if edits else self.texts[path]
            bodies, problems = self.editor.bodies(path, after, overlay=self.files[path].overlay)
            if len(bodies) != len(self.bodies[path]):
                summary = problems[0].summary if problems else "the file would hold other manifests"
                raise EditRefused(summary, problems[0].span) if problems and problems[0].span else ValueError(summary)
        except (EditRefused, ValueError) as problem:
            key = (str(subject.address), migration.id, finding.pointers)
            refused = self.outcome(migration, subject, Status.REFUSED, finding)
            self.refused[key] = replace(refused, reason=str(problem))
            return False
        for document in finding.documents:
            self.add(document)
        self.texts[path] = after
        self.bodies[path] = [(body, _subject(body, self.files[path])) for body in bodies]
        self.done.append(self.outcome(migration, subject, Status.DONE, finding))
        return True

    def outcome(self, migration: Migration, subject: Subject, status: Status, finding: Finding) -> Outcome:
        return Outcome(migration.id, migration.name, subject.address, subject.path, status, finding)

    def add(self, document: NewDocument) -> None:
        """A new manifest in a file of its own."""
        path = self.free_path(document)
        data = self.editor.render(document.document, document.comment)
        self.new[path] = data
        file = SourceFile(path, data)
        bodies, _ = self.editor.bodies(path, data, overlay=False)
        self.bodies[path] = [(body, _subject(body, file)) for body in bodies]

    def free_path(self, document: NewDocument) -> str:
        folder = self.folder_for(str(document.document.get("kind")))
        stem, dot, suffix = document.path.rpartition(".")
        used = {path.lower() for path in (*self.files, *self.new)}
        for number in range(1, 10_000):
            name = f"{stem}{'' if number == 1 else f'-{number}'}{dot}{suffix}"
            path = f"{folder}/{name}" if folder else name
            if path.lower() not in used and not self.taken(path):
                return path
        raise ValueError(f"no free file name for {document.path}")

    def folder_for(self, kind: str) -> str:
        """Where manifests of this kind lie already, else a folder of the usual name."""
        usual = FOLDERS.get(kind, "shared")
        for path, found in self.bodies.items():
            base = self.files.get(path)
            if base is None or base.overlay or not base.selected or not found:
                continue
            if all(subject.address.kind == kind.lower() for _, subject in found):
                return path.rpartition("/")[0]
        return f"{self.options.folder}/{usual}" if self.options.folder not in ("", ".") else usual


def _subject(body: Body, file: SourceFile) -> Subject:
    return Subject(body.address, body.spec, file.path, file.overlay, file.selected)
