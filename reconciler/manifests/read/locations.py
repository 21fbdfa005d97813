"""Places of findings in the files of a project, worked out for those that have none yet."""

from __future__ import annotations

import os
from collections.abc import Sequence

from reconciler.manifests.read.source_spans import Places
from reconciler.manifests.tree.file_tree import Tree, Unreadable, relative
from reconciler.manifests.tree.open_tree import open_tree
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.manifest import Manifest
from reconciler.types.project import Project


def place(
    project: Project,
    diagnostics: Sequence[Diagnostic],
    *,
    manifests: Sequence[Manifest] = (),
    ref: str | None = None,
) -> tuple[Diagnostic, ...]:
    """Fill in the spans of findings that other parts made (lint rules, the planner); the others stay as they are."""
    if all(item.span is not None or item.source is None for item in diagnostics):
        return tuple(diagnostics)
    tree, close = open_tree(project, ref)
    try:
        return places_of(project, tree).place(diagnostics, {item.address: item.overlays for item in manifests})
    finally:
        close()


def places_of(project: Project, tree: Tree) -> Places:
    """Where things stand in the files of `tree`, shown relative to the root of the project."""

    def read(path: str) -> bytes | None:
        try:
            return tree.read(os.path.normpath(os.path.join(project.home, path)))  # noqa: PTH118
        except Unreadable:
            return None

    def shown(path: str) -> str:
        if project.home == project.root:
            return path
        return relative(os.path.normpath(os.path.join(project.home, path)), project.root)  # noqa: PTH118

    return Places(read, shown)
