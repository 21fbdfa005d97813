"""A project folder for tests of the loader: fill it with files, load it, and look at what came out."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Object
from reconciler.types.manifest import Manifest, ManifestSet
from reconciler.types.ports import Secrets
from reconciler.types.project import Project
from tests.support.projects import load_project


@dataclass(frozen=True)
class Loaded:
    """One run of the loader."""

    set: ManifestSet
    secrets: Secrets
    project: Project

    def __getitem__(self, address: str) -> Manifest:
        return next(item for item in self.set.manifests if str(item.address) == address)

    @property
    def addresses(self) -> list[str]:
        return [str(item.address) for item in self.set.manifests]

    @property
    def spec(self) -> Object:
        (manifest,) = self.set.manifests
        return manifest.spec

    def found(self, severity: Severity | None = None) -> list[Diagnostic]:
        return [item for item in self.set.diagnostics if severity is None or item.severity is severity]

    @property
    def errors(self) -> list[Diagnostic]:
        return self.found(Severity.ERROR)

    @property
    def error(self) -> Diagnostic:
        (only,) = self.errors
        return only

    @property
    def warning(self) -> Diagnostic:
        (only,) = self.found(Severity.WARNING)
        return only

    @property
    def codes(self) -> list[str]:
        return [item.code for item in self.errors]

    def at(self) -> list[str]:
        """`file:line:col code` of every error."""
        return [f"{item.span} {item.code}" for item in self.errors]


@dataclass(frozen=True)
class Folder:
    """A folder that a test fills; `load` runs the loader in it."""

    root: Path

    def write(self, path: str, content: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def persona(self, name: str, spec: str = "  pipeline_mode: echo\n", *, path: str = "", head: str = "") -> Path:
        """An envelope; `spec` is indented text, `head` further lines under metadata."""
        text = f"apiVersion: personas/v1\nkind: Persona\nmetadata:\n  name: {name}\n{head}spec:\n{spec}"
        return self.write(path or f"{name}.yaml", text)

    def load(
        self,
        workspace: str | None = None,
        *,
        paths: Sequence[str] | None = None,
        ref: str | None = None,
        allow: bool = False,
        environ: dict[str, str] | None = None,
    ) -> Loaded:
        project = load_project(self.root, manifests=paths, ref=ref)
        found, secrets = load_manifests(
            project,
            workspace or project.default_workspace,
            paths=paths,
            ref=ref,
            allow_literal_secrets=allow,
            environ=environ or {},
        )
        return Loaded(found, secrets, project)

    def one(self, spec: str, **options: bool) -> Loaded:
        """Load one persona whose spec is `spec` (indented)."""
        self.persona("p", spec)
        return self.load(allow=options.get("allow", False))

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
            cwd=self.root,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def commit(self) -> str:
        """Commit everything; the commit's id."""
        if not (self.root / ".git").exists():
            self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "x")
        return self.git("rev-parse", "HEAD")
