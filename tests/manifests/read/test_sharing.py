"""What manifests share: values of the project file, texts that are put together, defaults under the manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.raw_edit import merge
from reconciler.manifests.read.build_manifests import fill
from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.manifest import ManifestSet
from tests.support.projects import load_project

SANDBOX = {"provider": {"type": "simulator"}}


def load(
    folder: Path, project: dict[str, Any], *bodies: dict[str, Any], workspace: str = "one", **files: str
) -> ManifestSet:
    (folder / "personas").mkdir(exist_ok=True)
    head = {"apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "x"}}
    (folder / "reconciler.yaml").write_text(yaml.safe_dump({**head, "workspaces": {"one": SANDBOX}, **project}))
    for number, body in enumerate(bodies):
        whole = {"apiVersion": "personas/v1", "kind": "PAL", "metadata": {"name": f"p{number}"}, "spec": body}
        (folder / "personas" / f"p{number}.yaml").write_text(yaml.safe_dump(whole))
    for name, text in files.items():
        (folder / "personas" / f"{name}.md").write_text(text)
    found, _ = load_manifests(load_project(folder), workspace)
    return found


def specs(found: ManifestSet) -> list[dict[str, Any]]:
    assert [one for one in found.diagnostics if one.is_error] == []
    return [dict(one.spec) for one in found.manifests]


def test_a_value_stands_wherever_a_value_stands(tmp_path: Path) -> None:
    values = {"face": "r1", "hot": 0.3, "queries": ["a", "b"], "body": {"temperature": 0.1}, "key": {"env": "KEY"}}
    body = {
        "default_face_id": {"value": "face"},
        "layers": {
            "llm": {
                "model": "m", "base_url": "https://x.example/v1", "api_key": {"value": "key"},
                "extra_body": {"top_p": {"value": "hot"}},
            },
            "perception": {"visual_awareness_queries": {"value": "queries"}},
        },
    }  # fmt: skip
    (spec,) = specs(load(tmp_path, {"values": values}, body))
    assert spec["default_face_id"] == "r1"
    assert spec["layers"]["llm"]["api_key"] == SecretRef("env", "KEY")
    assert spec["layers"]["llm"]["extra_body"] == {"top_p": 0.3}
    assert spec["layers"]["perception"]["visual_awareness_queries"] == ["a", "b"]


def test_each_workspace_has_its_own(tmp_path: Path) -> None:
    project = {
        "values": {"face": "r1", "brand": "N"},
        "workspaces": {"one": SANDBOX, "two": {**SANDBOX, "values": {"face": "r2"}}},
    }
    body = {"default_face_id": {"value": "face"}, "greeting": {"value": "brand"}}
    assert specs(load(tmp_path, project, body)) == [{"default_face_id": "r1", "greeting": "N"}]
    assert specs(load(tmp_path, project, body, workspace="two")) == [{"default_face_id": "r2", "greeting": "N"}]


PARTS = st.lists(
    st.one_of(
        st.text("ab \n", max_size=4).map(lambda text: (text, text)),
        st.sampled_from(
            [({"value": "brand"}, "Northwind"), ({"value": "count"}, "3"), ({"file": "a.md"}, "Be kind.")]
        ),
        st.just(({"join": ["x", {"value": "brand"}]}, "xNorthwind")),
    ),
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(PARTS)
def test_texts_are_put_together_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[Any, str]]
) -> None:
    folder = tmp_path_factory.mktemp("join")
    body = {"system_prompt": {"join": [part for part, _ in parts]}}
    (spec,) = specs(load(folder, {"values": {"brand": "Northwind", "count": 3}}, body, a="Be kind.\n"))
    assert spec["system_prompt"] == "".join(text for _, text in parts)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"greeting": {"value": "brnd"}}, "no value is called 'brnd'"),
        ({"greeting": {"join": ["a", {"env": "X"}]}}, "part 2 of the join is no text"),
        ({"greeting": {"join": ["a", {"value": "list"}]}}, "part 2 of the join is no text"),
        ({"greeting": {"join": ["a", {"file": "none.md"}]}}, "does not exist"),
        ({"greeting": {"value": "ring"}}, "leads back to itself"),
        ({"greeting": {"value": "list"}}, "must be"),
    ],
)
def test_what_cannot_be_is_one_error_with_its_place(tmp_path: Path, body: dict[str, Any], said: str) -> None:
    found = load(tmp_path, {"values": {"brand": "N", "list": ["a"], "ring": {"join": [{"value": "ring"}]}}}, body)
    (error,) = [one for one in found.diagnostics if one.is_error]
    assert said in error.summary
    assert error.span is not None and error.span.path == "personas/p0.yaml"


GROWING: dict[str, Callable[[str], Any]] = {
    "texts of each other": lambda before: {"join": [{"value": before}] * 8},
    "lists of each other": lambda before: [{"value": before}] * 8,
    "objects of each other": lambda before: {"a": {"value": before}, "b": {"value": before}},
    "a long chain": lambda before: {"value": before},
    "a long chain of joins": lambda before: {"join": ["a", {"value": before}]},
}


@pytest.mark.parametrize("kind", GROWING)
def test_values_that_stand_for_more_than_any_machine_has_are_one_error(tmp_path: Path, kind: str) -> None:
    values: dict[str, Any] = {"v0": "text"}
    values |= {f"v{number}": GROWING[kind](f"v{number - 1}") for number in range(1, 1200)}
    place = {"greeting": {"value": "v1199"}}
    found = load(tmp_path, {"values": values}, place, {"greeting": {"value": "v1"}, "layers": {"value": "v3"}})
    (error,) = [one for one in found.diagnostics if "expands to too much" in one.summary]
    assert error.span is not None and error.span.path == "personas/p0.yaml"


def test_a_file_that_is_put_together_with_itself_again_and_again_is_an_error(tmp_path: Path) -> None:
    body = {"greeting": {"join": [{"file": "a.md"}] * 40}}
    found = load(tmp_path, {}, body, a="x" * 1_000_000)
    (error,) = [one for one in found.diagnostics if one.is_error]
    assert "expands to too much" in error.summary


def test_data_that_looks_like_it_is_written_as_a_literal(tmp_path: Path) -> None:
    (spec,) = specs(load(tmp_path, {}, {"layers": {"llm": {"extra_body": {"x": {"literal": {"value": "brand"}}}}}}))
    assert spec["layers"]["llm"]["extra_body"] == {"x": {"value": "brand"}}


DOCUMENTS = st.recursive(
    st.none() | st.integers(0, 3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), DOCUMENTS, max_size=3)


@settings(max_examples=150, deadline=None)
@given(OBJECTS, OBJECTS)
def test_a_manifest_over_defaults_is_a_merge_patch_in_which_null_stays(spec: Any, default: Any) -> None:
    found = fill(spec, default)
    assert _without_null(found) == _without_null(merge(default, _marked(spec)))
    assert fill(found, default) == found
    assert fill(spec, {}) == spec and fill({}, default) == default


def _marked(value: Any) -> Any:
    """Null as an overlay sets it."""
    if value is None:
        return {"null": True}
    return {key: _marked(member) for key, member in value.items()} if isinstance(value, dict) else value


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(member) for key, member in value.items() if member is not None}
    return value


def test_defaults_by_kind_and_folder_lie_under_the_manifest_and_its_overlays(tmp_path: Path) -> None:
    defaults = [
        {"kind": "PAL", "spec": {"greeting": "Hi", "layers": {"llm": {"model": "m1"}, "stt": {"hotwords": "x"}}}},
        {"kind": "Persona", "folder": "personas", "spec": {"persona_name": "Late", "tools": [{"ref": "tool.t"}]}},
        {"kind": "Tool", "spec": {"description": "d"}},
        {"kind": "PAL", "folder": "elsewhere", "spec": {"greeting": "never"}},
    ]
    tool = "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: t}\nspec: {name: t}\n"
    (tmp_path / "t.yaml").write_text(tool)
    found = load(tmp_path, {"defaults": defaults}, {"layers": {"llm": {"model": "m2"}}}, {"greeting": None})
    first, second, tool_spec = specs(found)
    assert first == {
        "greeting": "Hi", "pal_name": "Late", "tools": [ResourceRef("tool.t")],
        "layers": {"llm": {"model": "m2"}, "stt": {"hotwords": "x"}},
    }  # fmt: skip
    assert second["greeting"] is None and second["layers"]["llm"] == {"model": "m1"}
    assert tool_spec["description"] == "d"


@pytest.mark.parametrize(
    ("defaults", "place"),
    [
        ([{"kind": "Pesona", "spec": {}}], "unknown kind 'Pesona'"),
        ([{"kind": "PAL", "folder": "../x", "spec": {}}], "leaves the project"),
        ([{"kind": "PAL", "spek": {}, "spec": {}}], "unknown key 'spek'"),
        ([{"kind": "PAL", "spec": {"greeting": {"value": "none"}}}], "no value is called"),
        ([{"kind": "PAL", "spec": {"tools": [{"ref": "tool.none"}]}}], "tool.none"),
    ],
)
def test_wrong_defaults_are_errors_in_the_project_file(tmp_path: Path, defaults: Any, place: str) -> None:
    from reconciler.errors import ManifestError

    try:
        found = list(load(tmp_path, {"defaults": defaults}, {"greeting": "a"}, {"greeting": "b"}).diagnostics)
    except ManifestError as error:
        found = list(error.diagnostics)
    assert any(place in one.summary for one in found if one.is_error)


def test_what_defaults_and_overlays_add_is_not_ignored_in_vain(tmp_path: Path) -> None:
    head = {"apiVersion": "personas/v1", "kind": "PAL", "metadata": {"name": "p0"}}
    (tmp_path / "over").mkdir()
    (tmp_path / "personas").mkdir()
    over = {**head, "lifecycle": {"ignore": ["/base", "/nowhere"]}, "spec": {"over": 1}}
    base = {**head, "lifecycle": {"ignore": ["/over", "/below", "/base", "/nothing"]}, "spec": {"base": 1}}
    (tmp_path / "over" / "p0.yaml").write_text(yaml.safe_dump(over))
    (tmp_path / "personas" / "p0.yaml").write_text(yaml.safe_dump(base))
    project = {
        "defaults": [{"kind": "persona", "spec": {"below": 1}}],
        "workspaces": {"one": {**SANDBOX, "overlays": ["over"]}},
    }
    said = [one.summary for one in load(tmp_path, project).diagnostics if "in vain" in one.summary]
    assert [one.split()[0] for one in said] == ["/nowhere", "/nothing"]
