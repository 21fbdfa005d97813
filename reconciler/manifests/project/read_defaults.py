"""The defaults of a project file: what manifests of a kind, or of a folder, have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.manifests.tree.file_tree import relative
from reconciler.manifests.tree.problems import FILE, PROJECT, Findings, suggest
from reconciler.manifests.tree.repository import inside
from reconciler.types.diagnostic import Source
from reconciler.types.json import join
from reconciler.types.kind import Kinds
from reconciler.types.project import Defaults

if TYPE_CHECKING:
    from reconciler.manifests.project.project_model import ProjectModel


def read_defaults(
    model: ProjectModel, folder: str, kinds: Kinds | None, source: Source, findings: Findings
) -> tuple[Defaults, ...]:
    """The defaults that name a kind and a folder of the project."""
    words = kinds.words if kinds is not None else {}
    known = {**words, **{one.name: one for one in words.values()}}
    result: list[Defaults] = []
    for index, one in enumerate(model.defaults):
        target = os.path.normpath(os.path.join(folder, one.folder or "."))  # noqa: PTH118
        if os.path.isabs(one.folder or "") or not inside(target, folder):  # noqa: PTH117
            findings.error(
                FILE, f"the folder {one.folder} leaves the project", source=source,
                pointer=join("defaults", str(index), "folder"), hint=f"give a folder under {Path(folder).name}/",
            )  # fmt: skip
        elif one.kind not in known and known:
            findings.error(
                PROJECT, f"unknown kind {one.kind!r}", source=source, pointer=join("defaults", str(index), "kind"),
                hint=suggest(one.kind, known) or f"known kinds: {', '.join(words)}",
            )  # fmt: skip
        elif known:
            place = relative(target, folder)
            result.append(Defaults(known[one.kind].name, one.spec, "" if place == "." else place))
    return tuple(result)
