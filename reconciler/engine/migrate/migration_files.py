"""The files of a run of migrations: as they lie on disk, open for edits, and the new ones that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.core.migration import Subject
from reconciler.engine.migrate.move_units import Written
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Span
from reconciler.types.json import Object
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Edit, NewDocument


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


class NewManifests:
    """The new files of one run; each manifest is made once, whoever asks for it."""

    def __init__(
        self,
        editor: Editor,
        folder: str,
        taken: Callable[[str], bool],
        files: Mapping[str, SourceFile],
        manifests: Sequence[Written],
    ) -> None:
        self.files: dict[str, bytes] = {}
        self.subjects: list[Subject] = []
        self._editor = editor
        self._folder = folder
        self._taken = taken
        self._sources = files
        self._manifests = manifests
        self._used = {path.lower() for path in files}
        self._folders: dict[str, str] = {}
        self._made: dict[tuple[str, str], Object] = {}

    def has(self, document: NewDocument) -> bool:
        """Whether this very manifest was made already. Raises `ValueError` where another one has its name."""
        made = self._made.get(_key(document))
        if made is not None and not json_equal(made, document.document):
            raise ValueError(f"another {_key(document)[0]} {_key(document)[1]} is made by this run")
        return made is not None

    def add(self, document: NewDocument) -> None:
        """Make the manifest. Raises `ValueError` where no file name is free."""
        path = self._free_path(document)
        data = self._editor.render(document.document, document.comment)
        self.files[path] = data
        self._used.add(path.lower())
        self._made[_key(document)] = document.document
        found = self._editor.open(path, data, overlay=False)
        self.subjects += [Subject(body.address, body.kind, body.spec, path) for body in found.bodies()]

    def _free_path(self, document: NewDocument) -> str:
        folder = self._folder_for(_key(document)[0])
        stem, dot, suffix = document.path.rpartition(".")
        for number in range(1, 10_000):
            name = f"{stem}{'' if number == 1 else f'-{number}'}{dot}{suffix}"
            path = f"{folder}/{name}" if folder else name
            if path.lower() not in self._used and not self._taken(path):
                return path
        raise ValueError(f"no free file name for {document.path}")

    def _folder_for(self, kind: str) -> str:
        """Where manifests of this kind lie already, else a folder of the usual name."""
        if kind not in self._folders:
            self._folders[kind] = self._find_folder(kind)
        return self._folders[kind]

    def _find_folder(self, kind: str) -> str:
        kinds: dict[str, set[str]] = {}
        for manifest in self._manifests:
            if not manifest.subject.overlay and self._sources[manifest.path].selected:
                kinds.setdefault(manifest.path, set()).add(manifest.subject.address.kind)
        usual = f"{kind.lower()}s"
        for path, found in kinds.items():
            if found == {kind.lower()}:
                return path.rpartition("/")[0]
        return f"{self._folder}/{usual}" if self._folder not in ("", ".") else usual


def _key(document: NewDocument) -> tuple[str, str]:
    """Kind and name."""
    metadata = document.document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return str(document.document.get("kind")), str(name)
