"""Live values into files: any value, any spelling of a manifest; the file then says it and nothing else moved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import json_equal, leaf_at
from reconciler.core.canonical.field_tree import node_at
from reconciler.core.canonical.raw_edit import edit_document
from reconciler.core.canonical.references import resources_of
from reconciler.errors import ReconcilerError
from reconciler.manifests.edit.accept_values import FileText, NewValue, accept_values, list_edits, object_edits
from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.manifests.read.source_pointer import RawPlace
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Edit, Manifest, RemoveValue, SetValue
from tests.support.making import at
from tests.support.projects import load_project

SPELLINGS = {
    "x.yaml": """\
# head
apiVersion: personas/v1
kind: Persona
metadata: {name: x}
spec:
  # above
  greeting: Hello. # beside
  memories: [a, b]
  layers:
    llm: {model: "m", extra_body: {t: 1}}
# foot
""",
    "x.json": json.dumps(
        {
            "apiVersion": "personas/v1", "kind": "PAL", "metadata": {"name": "x"},
            "spec": {
                "greeting": "Hello.", "memories": ["a", "b"],
                "layers": {"llm": {"model": "m", "extra_body": {"t": 1}}},
            },
        },
        indent=4,
    ),
    "x.md": """\
---
kind: Persona
greeting: >-
  Hello.
memories:
  - a  # first
  - b
layers: {llm: {model: m, extra_body: {t: 1}}}
---

A prompt.
""",
    "bare/x.yml": "persona_name: X\r\ngreeting: 'Hello.'\r\nmemories: [a, b]\r\n"
    "layers:\r\n  llm:\r\n    model: m\r\n    extra_body: {t: 1}\r\n",
    "two.yaml": """\
kind: Moved
from: persona.a
to: persona.b
---
apiVersion: personas/v1
kind: Persona
metadata:
  name: x
spec:
  greeting: |
    Hello.
  memories:
  - a
  - b
  layers:
    llm:
      model: m
      extra_body:
        t: 1
""",
}  # fmt: skip
VALUES: dict[str, tuple[Json, ...]] = {
    "/greeting": (
        "Hi.", "", "off", "1.0", "a: b # c", "- x", "{env: X}", "line\nbreak\n", " padded ", "tab\t", "\u2028 \u200b",
        "'\"",
    ),
    "/memories": (["a"], ["b", "a", "c"], [], ["x: y", "#"]),
    "/layers/llm/extra_body/t": (2, 1e-7, True, "1", None, [1, {"a": None}]),
    "/layers/llm/model": (None, "gpt-4o"),
    "/system_prompt": ("One line", "# Title\n\n- two\n", "---\nx", "\n\n"),
    "/pal_name": ("Other",),
    "/layers/stt/hotwords": ("new",),
}  # fmt: skip
CASES = [(path, pointer, value) for path in SPELLINGS for pointer, values in VALUES.items() for value in values]
TAGS = node_at(kind("persona"), "/document_tags").row
TOOLS = node_at(kind("persona"), "/tools").row
QUERIES = node_at(kind("persona"), "/layers/perception/visual_awareness_queries").row


def load(root: Path) -> tuple[Manifest, ...]:
    found, _ = load_manifests(load_project(root), "sandbox", environ={})
    assert not [one for one in found.diagnostics if one.is_error], found.diagnostics
    return found.manifests


def accept(root: Path, pointer: str, value: Json, address: str = "persona.x") -> tuple[FileText, ...]:
    manifests = load(root)
    manifest = next(one for one in manifests if one.address == at(address))
    return accept_values(load_project(root), manifests, [NewValue(manifest, pointer, value, {})])


@pytest.mark.parametrize(("path", "pointer", "value"), CASES)
def test_the_file_says_the_value_and_nothing_else_moved(tmp_path: Path, path: str, pointer: str, value: Json) -> None:
    target = tmp_path / "manifests" / path
    target.parent.mkdir(parents=True)
    target.write_bytes(SPELLINGS[path].encode())
    before = resources_of(load(tmp_path))[at("persona.x")]
    files = accept(tmp_path, pointer, value)
    for file in files:
        assert Path(file.path).read_bytes() == file.before
        Path(file.path).write_bytes(file.after)
    after = resources_of(load(tmp_path))[at("persona.x")]
    assert json_equal(leaf_at(kind("persona"), after.spec, pointer), value)
    assert {k: v for k, v in after.leaves.items() if k != pointer} == {
        k: v for k, v in before.leaves.items() if k != pointer
    }
    for comment in ("# head", "# above", "# beside", "# foot"):
        assert (comment in SPELLINGS[path]) == (comment in target.read_text())
    assert (b"\r\n" in target.read_bytes()) == ("\r\n" in SPELLINGS[path])
    assert accept(tmp_path, pointer, value) == () or value == ""


def project(root: Path, spec: str, **overlays: str) -> None:
    (root / "manifests" / "overlays").mkdir(parents=True)
    head = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: x}\nspec:\n"
    (root / "manifests" / "x.yaml").write_text(head + spec)
    folders = ", ".join(f"overlays/{name}" for name in overlays)
    for name, text in overlays.items():
        (root / "manifests" / "overlays" / name).mkdir()
        (root / "manifests" / "overlays" / name / "x.yaml").write_text(head + text)
    (root / "manifests" / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: p}\n"
        f"workspaces: {{sandbox: {{provider: {{type: simulator}}, overlays: [{folders}]}}}}\n"
    )


def test_the_last_overlay_that_speaks_of_a_field_takes_it(tmp_path: Path) -> None:
    project(tmp_path, "  greeting: a\n", one="  greeting: b\n", two="  greeting: c # here\n", three="  pal_name: N\n")
    (file,) = accept(tmp_path, "/greeting", "d")
    assert file.shown == "overlays/two/x.yaml"
    assert file.after.decode().endswith("greeting: d # here\n")


@pytest.mark.parametrize(
    ("overlay", "pointer", "value"),
    [
        ("  greeting: b\n", "/greeting", None),
        ("  layers: null\n", "/layers/llm/model", "m"),
        ("  layers: {llm: {file: x.txt}}\n", "/layers/llm/model", "m"),
        ("  layers: {llm: {extra_body: {a: 1}}}\n", "/layers/llm/extra_body", {"b": 1}),
    ],
)
def test_what_an_overlay_decides_only_in_part_is_refused(
    tmp_path: Path, overlay: str, pointer: str, value: Json
) -> None:
    project(tmp_path, "  greeting: a\n  layers: {llm: {model: x}}\n", one=overlay)
    (tmp_path / "manifests" / "overlays" / "one" / "x.txt").write_text("x")
    found, _ = load_manifests(load_project(tmp_path), "sandbox", environ={})
    with pytest.raises(ReconcilerError, match=r"the overlay overlays/one/x\.yaml decides"):
        accept_values(load_project(tmp_path), found.manifests, [NewValue(found.manifests[0], pointer, value, {})])


@pytest.mark.parametrize(
    ("spec", "pointer", "value", "why"),
    [
        ("  system_prompt: {file: p.md}\n", "/system_prompt", "a\r\nb", "line ends"),
        ("  greeting: &a Hello\n  context: *a\n", "/greeting", "x", "cannot be accepted"),
        ("  tools: [a]\n", "/tools/0", "x", "inside a list"),
    ],
)
def test_refusals_name_the_place(tmp_path: Path, spec: str, pointer: str, value: Json, why: str) -> None:
    project(tmp_path, spec)
    (tmp_path / "manifests" / "p.md").write_text("prompt\n")
    with pytest.raises(ReconcilerError, match=why) as refused:
        accept(tmp_path, pointer, value)
    assert f"persona.x{pointer}" in refused.value.message
    assert refused.value.hint is not None


def test_a_file_that_vanished_is_said(tmp_path: Path) -> None:
    project(tmp_path, "  greeting: a\n")
    manifests = load(tmp_path)
    (tmp_path / "manifests" / "x.yaml").unlink()
    with pytest.raises(ReconcilerError, match="cannot be read"):
        accept_values(load_project(tmp_path), manifests, [NewValue(manifests[0], "/greeting", "b", {})])


def lists(old: Json, new: list[Json], row: object = TAGS, ids: dict[str, Json] | None = None) -> list[Edit]:
    return list_edits(row, RawPlace("/x", old is not None, old), new, ids or {}, {"lookup"})  # type: ignore[arg-type]


def test_a_set_gains_and_loses_single_items() -> None:
    assert lists(["b", "a"], ["a", "b"]) == []
    assert lists(["c", "b", "a"], ["b", "d"]) == [RemoveValue("/x/2"), RemoveValue("/x/0"), SetValue("/x/-", "d")]
    assert lists(["a"], ["b"]) == [SetValue("/x", ["b"])]
    assert lists(["a"], []) == [SetValue("/x", [])]
    assert lists(None, ["a"]) == [SetValue("/x", ["a"])]


def test_a_list_with_an_order_is_written_anew() -> None:
    assert lists(["a", "b"], ["b", "a"], QUERIES) == [SetValue("/x", ["b", "a"])]


def test_names_and_references_of_one_tool_are_the_same() -> None:
    ids: dict[str, Json] = {"t1": {"ref": "tool.lookup"}, "t2": {"ref": "tool.other"}}
    assert lists(["lookup", {"ref": "tool.other"}], ["t1", "t2"], TOOLS, ids) == []
    assert lists(["lookup"], ["t1", "t3"], TOOLS, ids) == [SetValue("/x/-", "t3")]
    assert lists(["lookup", "t9"], ["t2"], TOOLS, ids) == [SetValue("/x", [{"ref": "tool.other"}])]


@given(st.lists(st.sampled_from("abcde"), unique=True), st.lists(st.sampled_from("abcde"), unique=True))
def test_the_edited_set_is_the_wanted_one(old: list[Json], new: list[Json]) -> None:
    document: Json = {"x": old}
    for edit in lists(old, new):
        document = edit_document(document, edit)
    assert isinstance(document, dict)
    assert sorted(document["x"], key=str) == sorted(new, key=str)  # type: ignore[arg-type]


SPEC = kind("tool")
DELIVERY = node_at(SPEC, "/delivery")


def delivered(old: Object, live: Object) -> tuple[Object, list[Edit]]:
    """A delivery edited to agree with a live one, and the edits."""
    normal = leaf_at(SPEC, {"delivery": live}, "/delivery")
    assert isinstance(normal, dict)
    edits = object_edits(DELIVERY, RawPlace("/delivery", True, old), normal)
    document: Json = {"delivery": old}
    for edit in edits:
        document = edit_document(document, edit)
    assert isinstance(document, dict)
    assert json_equal(leaf_at(SPEC, document, "/delivery"), normal)
    return document["delivery"], edits  # type: ignore[return-value]


BEARER: Object = {"api": {"url": "u", "method": "POST", "auth": {"type": "bearer", "token": {"env": "T"}}}}


def test_members_that_are_equal_stay_and_secrets_too() -> None:
    live: Object = {"api": {"url": "v", "method": "POST", "auth": {"type": "bearer", "token": "********"}}}
    found, edits = delivered(BEARER, live)
    assert edits == [SetValue("/delivery/api/url", "v")]
    assert found["api"]["auth"] == BEARER["api"]["auth"]  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    "live",
    [
        {"app_message": True},
        {"api": {"url": "u", "timeout": 20, "auth": {"type": "none"}}},
        {"api": {"url": "u", "query_params": {"a": "b"}, "auth": {"type": "bearer"}}},
        {"app_message": False, "api": {"url": "u", "auth": {"type": "api_key", "name": "X", "location": "query"}}},
    ],
)
def test_any_live_delivery_can_be_said(live: Object) -> None:
    delivered(BEARER, live)


def test_nothing_to_do_is_nothing_done() -> None:
    assert delivered(BEARER, BEARER)[1] == []
