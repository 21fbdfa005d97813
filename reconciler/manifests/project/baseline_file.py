"""The file of the baseline, beside the project file: read with the manifests, written by `--write-baseline`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from reconciler.core.linting import BASELINE, Accepted
from reconciler.errors import ManifestError
from reconciler.manifests.edit.manifest_writer import Manner, write_flow
from reconciler.manifests.read.envelope import read_documents
from reconciler.manifests.tree.file_tree import Tree, Unreadable, relative
from reconciler.manifests.tree.problems import Findings
from reconciler.types.diagnostic import Diagnostic, Span
from reconciler.types.json import Json
from reconciler.types.project import Project

CODE = "E-baseline"
HEAD = """\
# Findings that were accepted as they are; only new ones are reported, and --verbose shows these too.
# `reconciler validate --write-baseline` writes this file anew. A line that is taken out is reported again.
apiVersion: personas/v1
kind: Baseline
"""
KEYS = {"code", "address", "file", "pointer", "text"}
AGAIN = "`reconciler validate --write-baseline` writes it anew"


def baseline_path(project: Project) -> str:
    """Where the baseline of a project lies, whether there is one or not."""
    return os.path.join(project.home, BASELINE)  # noqa: PTH118


def read_baseline(project: Project, tree: Tree) -> frozenset[Accepted]:
    """What the project's baseline holds; nothing where there is none. Raises `ManifestError` for a broken one."""
    path = baseline_path(project)
    if not tree.is_file(path):
        return frozenset()
    shown = relative(path, project.root)
    findings = Findings()
    try:
        documents = read_documents(tree.read(path), shown, findings)
    except Unreadable as problem:
        findings.error(CODE, f"the baseline cannot be read: {problem}", span=Span(shown, 1, 1), hint=problem.hint)
        documents = []
    found = [entry for document in documents for entry in _entries(document.value, shown, findings)]
    if findings.has_errors:
        raise ManifestError("the baseline is not valid; nothing was read or sent", findings.items)
    return frozenset(found)


def write_baseline(accepted: Iterable[Accepted]) -> bytes:
    """The text of the file: one line a finding, always in the same order."""
    lines = [f"  - {write_flow(one.as_object(), Manner())}" for one in sorted(accepted)]
    body = "\n".join(["findings:", *lines]) if lines else "findings: []"
    return f"{HEAD}{body}\n".encode()


def _entries(value: Json, shown: str, findings: Findings) -> Iterator[Accepted]:
    rows = value.get("findings") if isinstance(value, dict) else None
    if not isinstance(value, dict) or value.get("kind") != "Baseline" or not isinstance(rows, list):
        findings.items.append(_wrong(shown, "a baseline has kind: Baseline and a list of findings"))
        return
    for number, row in enumerate(rows, 1):
        about = [key for key in ("address", "file") if isinstance(row, dict) and key in row]
        texts = isinstance(row, dict) and set(row) <= KEYS and all(isinstance(item, str) for item in row.values())
        if not isinstance(row, dict) or not texts or len(about) != 1 or "code" not in row or "text" not in row:
            wanted = "code, address or file, pointer and text, each a text"
            findings.items.append(_wrong(shown, f"finding {number} of the baseline does not hold {wanted}"))
            continue
        yield Accepted(
            str(row["code"]), str(row[about[0]]), str(row.get("pointer", "")), str(row["text"]), about[0] == "file"
        )


def _wrong(shown: str, summary: str) -> Diagnostic:
    findings = Findings()
    findings.error(CODE, summary, span=Span(shown, 1, 1), hint=AGAIN)
    return findings.items[0]
