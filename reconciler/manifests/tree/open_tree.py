"""The tree of files that a project is read from: the work tree or a commit, and how it is let go of again."""

from __future__ import annotations

import os

from reconciler.manifests.tree.file_tree import Tree, WorkTree
from reconciler.manifests.tree.repository import inside, top_of
from reconciler.types.project import Project


def open_tree(project: Project, ref: str | None) -> tuple[Tree, _Close]:
    """The files to read, and what to call when they were read."""
    if ref is None:
        return WorkTree(), _Close()
    from reconciler.manifests.tree.git_tree import GitTree

    around = top_of(project.root)
    inner = around is None or not inside(project.home, around)
    tree = GitTree(project.home if inner and os.path.isdir(project.home) else project.root, ref)  # noqa: PTH112
    return tree, _Close(tree)


class _Close:
    def __init__(self, tree: object = None) -> None:
        self._tree = tree

    def __call__(self) -> None:
        close = getattr(self._tree, "close", None)
        if close is not None:
            close()
