"""The manifests that migrations make: each in a file of its own, under a name that is free."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.core.canonical.canonical_form import same
from reconciler.core.migrating.migration import Subject
from reconciler.engine.migrate.move_units import Written
from reconciler.types.json import Object
from reconciler.types.manifest_edit import NewDocument

if TYPE_CHECKING:
    from reconciler.engine.migrate.run_migrations import Editor, SourceFile

FOLDERS = {"Tool": "tools", "Guardrail": "guardrails"}


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
        if made is not None and not same(made, document.document):
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
        for one in self._manifests:
            if not one.subject.overlay and self._sources[one.path].selected:
                kinds.setdefault(one.path, set()).add(one.subject.address.kind)
        usual = FOLDERS.get(kind, "shared")
        for path, found in kinds.items():
            if found == {kind.lower()}:
                return path.rpartition("/")[0]
        return f"{self._folder}/{usual}" if self._folder not in ("", ".") else usual


def _key(document: NewDocument) -> tuple[str, str]:
    """Kind and name."""
    metadata = document.document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return str(document.document.get("kind")), str(name)
