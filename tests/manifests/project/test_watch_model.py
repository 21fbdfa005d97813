"""Who waits for whom among watched workspaces: nobody for one that is not there, and nobody for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS
from reconciler.types.project import Project


def load(folder: Path, waits: dict[str, list[str] | None]) -> Project:
    """The project whose workspaces wait for these; None: not watched."""
    lines = ["apiVersion: personas/v1", "kind: Project", "metadata: {name: p}", "workspaces:"]
    for name, others in waits.items():
        watch = "" if others is None else f", watch: {{mode: auto, depends_on: [{', '.join(others)}]}}"
        lines.append(f"  {name}: {{provider: {{type: simulator}}, state: {{backend: local}}{watch}}}")
    (folder / "manifests").mkdir()
    (folder / "manifests" / "reconciler.yaml").write_text("\n".join(lines) + "\n")
    return load_project(folder, PLATFORMS)


def test_chains_and_diamonds_are_fine(tmp_path: Path) -> None:
    found = load(tmp_path, {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": [], "e": None})
    assert found.watched == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("waits", "named"),
    [
        ({"a": ["b"], "b": ["a"]}, ("a -> b -> a", "b -> a -> b")),
        (
            {"z": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]},
            ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"),
        ),
    ],
)
def test_a_circle_is_an_error_that_names_it(
    tmp_path: Path, waits: dict[str, list[str] | None], named: tuple[str, ...]
) -> None:
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, waits)
    (found,) = caught.value.diagnostics
    assert any(circle in found.summary for circle in named)
    assert found.pointer.startswith("/workspaces/") and "/watch/depends_on/" in found.pointer
    assert found.source is not None


@pytest.mark.parametrize(("other", "named"), [("x", "'x'"), ("a", "'a'"), ("plain", "'plain'")])
def test_a_neighbour_has_to_be_another_one_that_is_watched(tmp_path: Path, other: str, named: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, {"a": [other], "plain": None})
    (found,) = caught.value.diagnostics
    assert named in found.summary and found.hint


def test_a_chain_may_be_as_long_as_the_file(tmp_path: Path) -> None:
    waits: dict[str, list[str] | None] = {f"w{number}": [f"w{number + 1}"] for number in range(1500)}
    assert len(load(tmp_path, waits | {"w1500": []}).watched) == 1501
