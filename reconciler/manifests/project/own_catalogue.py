"""A project's own model catalogue: the file named under `catalogue:`, merged over the one that ships."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from reconciler.errors import ManifestError
from reconciler.manifests.tree.decode import decode
from reconciler.manifests.tree.file_tree import Tree, Unreadable, relative
from reconciler.manifests.tree.problems import FILE, Findings
from reconciler.manifests.tree.repository import inside, reach
from reconciler.types.catalogue import Catalogue
from reconciler.types.source import Source

POINTER = "/catalogue"


@dataclass(frozen=True, slots=True)
class OwnCatalogue:
    """The file (absolute) and what the catalogue is with it."""

    file: str
    catalogue: Catalogue


def read_own_catalogue(
    tree: Tree, name: str, folder: str, root: str, source: Source, findings: Findings
) -> OwnCatalogue | None:
    """The catalogue with the file `name` (relative to the project file's folder) merged over it.

    None where the project file names no readable file of the project: that is added to `findings`. Raises
    `ManifestError` with everything that is wrong inside the file, each with its line.
    """
    path = os.path.normpath(os.path.join(folder, name))  # noqa: PTH118
    if os.path.isabs(name) or not inside(path, folder) or not reach(root, folder).holds(tree.real(path)):  # noqa: PTH117
        hint = "give a file beside the project file"
        findings.error(FILE, f"the catalogue {name} leaves the project", source=source, pointer=POINTER, hint=hint)
        return None
    if not tree.is_file(path):
        hint = f"it is looked for as {relative(path, root)}"
        findings.error(FILE, f"there is no catalogue {name}", source=source, pointer=POINTER, hint=hint)
        return None
    try:
        data = tree.read(path)
    except Unreadable as problem:
        summary = f"the catalogue {name} cannot be read: {problem}"
        findings.error(FILE, summary, source=source, pointer=POINTER)
        return None
    return OwnCatalogue(path, _parse(data, relative(path, root)))


def _parse(data: bytes, shown: str) -> Catalogue:
    from reconciler.manifests.project.read_catalogue import CODE, load_catalogue
    from reconciler.manifests.read.yaml_reader import parse_yaml

    findings = Findings()
    source = Source(shown)
    text = decode(data, shown, findings)
    documents = parse_yaml(text, shown, findings) if text is not None else []
    if not findings.has_errors:
        if len(documents) == 1 and isinstance(documents[0][1], dict):
            source = Source(shown, documents[0][0])
            try:
                return load_catalogue(documents[0][1])
            except ManifestError as problem:
                findings.items += [replace(one, source=source) for one in problem.diagnostics]
        else:
            hint = "its keys are those of the catalogue: generation, tables, values ..."
            findings.error(CODE, "a catalogue holds exactly one mapping", source=source, pointer="", hint=hint)
    from reconciler.manifests.read.source_spans import Places, in_order

    placed = in_order(Places(lambda _: data, str).place(findings.items))
    raise ManifestError(f"{shown} is not a valid catalogue", placed)
