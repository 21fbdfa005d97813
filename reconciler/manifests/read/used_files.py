"""Files that a project names without being manifests: what it includes, in whichever workspace, and its settings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from reconciler.manifests.read.discover import Gathering
from reconciler.manifests.read.included_files import included_files
from reconciler.manifests.read.raw_manifest import Draft
from reconciler.manifests.tree.file_tree import Tree
from reconciler.manifests.tree.problems import Findings
from reconciler.types.json import Json
from reconciler.types.project import Project
from reconciler.types.reference import SecretRef


def used_files(project: Project, tree: Tree) -> Iterator[str]:
    """Absolute paths of every file that a manifest, an overlay or a setting of the project names.

    Everything is read once more: what one run includes is not all that the project does.
    """
    bases = True
    for workspace in project.workspaces.values():
        gathering = Gathering(project, workspace, tree, Findings())
        if bases:
            yield from _included(project, gathering.read(project.manifests or (project.home,)).drafts)
            bases = False
        yield from _included(project, gathering.overlays().drafts)
        for settings in (workspace.provider.settings, workspace.state.settings):
            for name in _texts(settings):
                yield from (os.path.normpath(os.path.join(folder, name)) for folder in (project.home, project.root))  # noqa: PTH118


def _included(project: Project, drafts: Iterable[Draft]) -> Iterator[str]:
    for draft in drafts:
        folder = os.path.dirname(os.path.join(project.home, draft.source.path))  # noqa: PTH118, PTH120
        for name in included_files(draft.body):
            yield os.path.normpath(os.path.join(folder, name))  # noqa: PTH118


def _texts(value: Json) -> Iterator[str]:
    """Texts in the settings of a plug-in that may be names of files."""
    if isinstance(value, SecretRef):
        yield from _texts(value.name)
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, str) and "\0" not in value:
        yield value
