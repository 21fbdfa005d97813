"""A project of manifest files in memory, for tests of the migrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.api.migrate import BodyEditor
from reconciler.core.migration import Held, choose_migrations, requested_names
from reconciler.core.migration_result import MigrationResult, Status
from reconciler.core.platform import Platform
from reconciler.engine.migrate.migration_files import SourceFile
from reconciler.engine.migrate.run_migrations import MigrateOptions, migrate
from reconciler.manifests.edit.source_files import TextEditor
from reconciler.manifests.project.read_catalogue import load_catalogue
from reconciler.platforms.tavus.platform import PLATFORM
from reconciler.types.json import Object
from reconciler.types.project import Defaults


@dataclass
class Project:
    """Files by path; `migrate` changes them."""

    files: dict[str, bytes] = field(default_factory=dict)
    overlays: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    """Paths that were not asked for."""
    workspaces: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By workspace: its overlays in order; none: one workspace that has them all."""

    platform: Platform = PLATFORM
    defaults: tuple[Defaults, ...] = ()
    values: tuple[Object, ...] = ()

    def migrate(
        self,
        *,
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        answers: Mapping[str, Mapping[str, str]] | None = None,
        words: str = "pal",
        write: bool = True,
        folder: str = "",
        account: Mapping[str, Mapping[str, Held]] | None = None,
    ) -> MigrationResult:
        sources = [
            SourceFile(path, data, path in self.overlays, path not in self.outside)
            for path, data in self.files.items()
        ]
        known = self.platform.migrations
        options = MigrateOptions(
            choose_migrations(known, only, skip), answers or {}, words, requested_names(known, only),
            folder,
            account or {},
            self.workspaces,
            defaults=self.defaults,
            values=self.values,
        )  # fmt: skip
        result = migrate(sources, BodyEditor(TextEditor(self.platform.kinds)), load_catalogue(self.platform), options)
        if write:
            for change in result.files:
                self.files[change.path] = change.after
        return result

    def text(self, path: str) -> str:
        return self.files[path].decode()

    def put(self, path: str, text: str) -> None:
        self.files[path] = text.encode()


def one(text: str, path: str = "p.yaml") -> Project:
    """A project of one file."""
    return Project({path: text.encode()})


def said(result: MigrationResult, status: Status) -> list[str]:
    """`M15 summary` of every outcome of one sort."""
    return [f"{found.id} {found.finding.summary}" for found in result.of(status)]
