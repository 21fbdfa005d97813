"""The file of the baseline reads back as it was written, and a broken one is an error with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.linting import Accepted
from reconciler.errors import ManifestError
from reconciler.manifests.project.baseline_file import read_baseline, write_baseline
from reconciler.manifests.project.project_file import load_project
from reconciler.manifests.tree.file_tree import WorkTree
from reconciler.platforms import PLATFORMS

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12)
ENTRIES = st.builds(Accepted, TEXT, TEXT, TEXT, TEXT, st.booleans())


def read(folder: Path, data: bytes) -> frozenset[Accepted]:
    (folder / ".baseline.yaml").write_bytes(data)
    return read_baseline(load_project(folder, PLATFORMS), WorkTree())


@settings(max_examples=60, deadline=None)
@given(st.frozensets(ENTRIES, max_size=5))
def test_it_reads_back(tmp_path_factory: pytest.TempPathFactory, entries: frozenset[Accepted]) -> None:
    data = write_baseline(entries)
    assert read(tmp_path_factory.mktemp("base"), data) == entries
    assert write_baseline(sorted(entries, reverse=True)) == data


def test_without_a_file_nothing_is_accepted(tmp_path: Path) -> None:
    assert read_baseline(load_project(tmp_path, PLATFORMS), WorkTree()) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "kind: Other\nfindings: []\n",
        "kind: Baseline\n",
        "kind: Baseline\nfindings: [x]\n",
        "kind: Baseline\nfindings: [{code: L18, text: t}]\n",
        "kind: Baseline\nfindings: [{code: L18, address: a, file: b, text: t}]\n",
        "kind: Baseline\nfindings: [{code: L18, address: a, text: t, line: 3}]\n",
        "kind: Baseline\nfindings: [{code: 18, address: a, text: t}]\n",
        "kind: [\n",
    ],
)
def test_a_broken_one_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(ManifestError) as raised:
        read(tmp_path, text.encode())
    assert all(one.span is not None and one.span.path == ".baseline.yaml" for one in raised.value.diagnostics)
