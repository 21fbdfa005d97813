"""Merge patches over base manifests, workspace by workspace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.raw_edit import merge, sets_null
from reconciler.manifests.read.build_manifests import canonical_pointer, check_lifecycle, choose_id, lifecycle_of
from reconciler.manifests.read.raw_manifest import RawManifest
from reconciler.manifests.tree.problems import Findings
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.diagnostic import Source
from reconciler.types.json import lookup
from reconciler.types.manifest import Adopt, Lifecycle, Manage
from tests.support.manifestfolder import Folder

PROJECT = """
apiVersion: personas/v1
kind: Project
metadata: {name: northwind}
default_workspace: sandbox
workspaces:
  sandbox: {provider: {type: simulator}}
  production:
    provider: {type: tavus, api_key: {env: TAVUS_API_KEY}}
    overlays: [overlays/production]
  both:
    provider: {type: simulator}
    overlays: [overlays/production, overlays/more]
"""
BASE = """
apiVersion: personas/v1
kind: Persona
metadata: {name: a, id: p1, labels: {team: x}}
lifecycle: {protect: true, ignore: [/greeting]}
spec:
  persona_name: A
  system_prompt: base
  greeting: hi
  document_tags: [one, two]
  layers:
    llm: {model: tavus-gpt-oss, api_key: {env: BASE_KEY}}
    tts: {tts_engine: cartesia, voice_settings: {speed: 1, style: calm}}
"""
PERSONA = kind("persona")


def overlay(folder: Folder, text: str, path: str = "overlays/production/a.yaml", head: str = "") -> None:
    folder.write(f"manifests/{path}", f"apiVersion: personas/v1\nkind: Persona\nmetadata: {{name: a{head}}}\n{text}")


@pytest.fixture
def base(folder: Folder) -> Folder:
    folder.write("manifests/reconciler.yaml", PROJECT)
    folder.write("manifests/a.yaml", BASE)
    folder.write("manifests/overlays/production/.keep", "")
    folder.write("manifests/overlays/more/.keep", "")
    return folder


def test_an_overlay_holds_in_its_workspace_only(base: Folder) -> None:
    overlay(base, "spec: {system_prompt: other}\n")
    assert lookup(base.load("sandbox").spec, "/system_prompt") == "base"
    production = base.load("production")
    assert production.errors == []
    assert lookup(production.spec, "/system_prompt") == "other"
    assert lookup(production.spec, "/greeting") == "hi"
    (manifest,) = production.set.manifests
    assert [item.path for item in manifest.overlays] == ["overlays/production/a.yaml"]
    assert manifest.source.path == "a.yaml"
    assert manifest.written["system_prompt"] == "base"


def test_either_vocabulary_on_either_side(base: Folder) -> None:
    overlay(base, "spec: {pal_name: B}\n")
    assert lookup(base.load("production").spec, "/pal_name") == "B"
    assert "persona_name" not in base.load("production").spec


def test_a_literal_null_sets_null_and_deletes_nothing(base: Folder) -> None:
    overlay(base, "spec: {greeting: {literal: null}, layers: {tts: {voice_settings: {style: {literal: null}}}}}\n")
    found = base.load("production")
    assert found.errors == []
    assert found.spec["greeting"] is None
    assert lookup(found.spec, "/layers/tts/voice_settings") == {"speed": 1, "style": None}


def test_null_deletes_and_null_true_sets_null(base: Folder) -> None:
    overlay(
        base, "spec: {greeting: null, system_prompt: {null: true}, layers: {tts: {voice_settings: {style: null}}}}\n"
    )
    found = base.load("production")
    assert found.errors == []
    spec = found.spec
    assert "greeting" not in spec
    assert spec["system_prompt"] is None
    assert lookup(spec, "/layers/tts/voice_settings") == {"speed": 1}


def test_lists_are_replaced(base: Folder) -> None:
    overlay(base, "spec: {document_tags: [three]}\n")
    assert lookup(base.load("production").spec, "/document_tags") == ["three"]


def test_references_are_atomic_and_relative_to_the_overlay(base: Folder) -> None:
    base.write("manifests/overlays/production/prompt.txt", "from file\n")
    overlay(base, "spec: {system_prompt: {file: prompt.txt}, layers: {llm: {api_key: {file: key.txt}}}}\n")
    spec = base.load("production").spec
    assert spec["system_prompt"] == "from file"
    assert lookup(spec, "/layers/llm/api_key") == SecretRef("file", "overlays/production/key.txt")


def test_overlays_merge_in_the_order_of_the_project_file(base: Folder) -> None:
    overlay(base, "spec: {system_prompt: one, greeting: one}\n")
    overlay(base, "spec: {system_prompt: two}\n", "overlays/more/a.yaml")
    spec = base.load("both").spec
    assert (spec["system_prompt"], spec["greeting"]) == ("two", "one")


def test_an_overlay_sets_id_and_lifecycle(base: Folder) -> None:
    overlay(base, "lifecycle: {protect: false, manage: observe, ignore: null}\nspec: {}\n", head=", id: p9")
    (manifest,) = base.load("production").set.manifests
    assert manifest.id == "p9"
    assert not manifest.lifecycle.protect
    assert manifest.lifecycle.manage.value == "observe"
    assert manifest.lifecycle.ignore == ()
    assert manifest.labels == {"team": "x"}


def test_a_bare_body_and_markdown_can_be_overlays(base: Folder) -> None:
    base.write("manifests/overlays/production/a.json", '{"pal_name": "Bare"}')
    base.write("manifests/overlays/more/a.md", "---\nkind: Persona\n---\nPrompt.\n")
    spec = base.load("both").spec
    assert (spec["pal_name"], spec["system_prompt"]) == ("Bare", "Prompt.")


def test_an_overlay_of_an_unknown_address_is_an_error(base: Folder) -> None:
    base.write(
        "manifests/overlays/production/x.yaml",
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: aa}\nspec: {}\n",
    )
    found = base.load("production").error
    assert (found.code, str(found.span)) == ("E-overlay", "manifests/overlays/production/x.yaml:3:18")
    assert "'a'" in (found.hint or "")
    assert base.load("sandbox").errors == []


def test_an_overlay_without_spec_only_sets_lifecycle(base: Folder) -> None:
    overlay(base, "lifecycle: {protect: false}\n")
    assert base.load("production").errors == []
    assert not base.load("production")["persona.a"].lifecycle.protect


def test_an_overlay_cannot_set_labels_or_move(base: Folder) -> None:
    overlay(base, "spec: {}\n---\nkind: Removed\naddress: persona.b\n", head=", labels: {a: b}")
    assert base.load("production").codes == ["E-field", "E-overlay"]


def test_a_missing_overlay_folder_is_an_error_at_the_project_file(base: Folder) -> None:
    (base.root / "manifests/overlays/production/.keep").unlink()
    (base.root / "manifests/overlays/production").rmdir()
    assert base.load("production").at() == ["manifests/reconciler.yaml:10:16 E-overlay"]


def test_errors_in_an_overlay_are_placed_there(base: Folder) -> None:
    overlay(base, "spec:\n  layers: {llm: {speculative_inference: 3}}\n")
    assert base.load("production").at() == ["manifests/overlays/production/a.yaml:5:41 L20"]


def test_a_literal_secret_in_an_overlay(base: Folder) -> None:
    overlay(base, "spec: {layers: {llm: {api_key: abc}}}\n")
    loaded = base.load("production", allow=True)
    assert loaded.secrets.resolve(SecretRef("literal", "persona.a/layers/llm/api_key")) == "abc"


LEAF = st.none() | st.booleans() | st.integers() | st.text("ab", max_size=2)
OBJECT = st.recursive(
    LEAF,
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=1), inner, max_size=3) | st.lists(inner),
    max_leaves=8,
)


def rfc7386(target: Any, patch: Any) -> Any:
    """The procedure of the RFC, word for word."""
    if isinstance(patch, dict):
        if not isinstance(target, dict):
            target = {}
        target = dict(target)
        for name, value in patch.items():
            if value is None:
                target.pop(name, None)
            else:
                target[name] = rfc7386(target.get(name), value)
        return target
    return patch


@given(OBJECT, OBJECT)
def test_merge_is_rfc_7386(target: Any, patch: Any) -> None:
    assert merge(target, patch) == rfc7386(target, patch)


@given(OBJECT, OBJECT)
def test_merging_twice_changes_nothing_more(target: Any, patch: Any) -> None:
    once = merge(target, patch)
    assert merge(once, patch) == once


@pytest.mark.parametrize("marker", [SecretRef("env", "A"), ResourceRef("tool.a")])
def test_markers_are_replaced_whole(marker: Any) -> None:
    assert merge({"x": {"y": 1}}, {"x": marker}) == {"x": marker}
    assert merge({"x": marker}, {"x": {"y": 1}}) == {"x": {"y": 1}}
    assert merge({"x": SecretRef("env", "B")}, {"x": marker}) == {"x": marker}


def test_only_null_true_sets_null() -> None:
    assert sets_null({"null": True})
    assert not any(map(sets_null, [{"null": False}, {"null": 1}, {"null": True, "a": 1}, {}, None, True]))


def draft(**fields: Any) -> RawManifest:
    return RawManifest(Address("persona", "a"), PERSONA, {}, Source("a.yaml", 0, "/spec"), **fields)


def checked(lifecycle: dict[str, Any]) -> tuple[dict[str, Any], Findings]:
    findings = Findings()
    return check_lifecycle(draft(lifecycle=lifecycle), {}, findings), findings


@pytest.mark.parametrize(
    ("pointer", "canonical"),
    [
        ("/persona_name", "/pal_name"),
        ("/pal_name", "/pal_name"),
        ("/default_replica_id", "/default_face_id"),
        ("/layers/conversational_flow/pal_interruptibility", "/layers/conversational_flow/interruptibility"),
        ("/layers/llm/headers/X~1Y", "/layers/llm/headers/X~1Y"),
        ("/unknown/persona_name", "/unknown/persona_name"),
        ("/layers", "/layers"),
    ],
)
def test_pointers_in_canonical_words(pointer: str, canonical: str) -> None:
    assert canonical_pointer(PERSONA, pointer) == canonical


@pytest.mark.parametrize(
    ("written", "record"),
    [
        ({}, Lifecycle()),
        ({"protect": True}, Lifecycle(protect=True)),
        ({"protect": False}, Lifecycle()),
        ({"protect": None, "ignore": None, "manage": None}, Lifecycle()),
        ({"manage": "observe"}, Lifecycle(manage=Manage.OBSERVE)),
        ({"manage": "full"}, Lifecycle()),
        ({"adopt": "same"}, Lifecycle(adopt=Adopt.SAME)),
        ({"adopt": "any"}, Lifecycle()),
        ({"ignore": []}, Lifecycle()),
        ({"ignore": ["/persona_name", "/layers"]}, Lifecycle(ignore=("/pal_name", "/layers"))),
    ],
)
def test_what_is_written_becomes_a_record(written: dict[str, Any], record: Lifecycle) -> None:
    values, findings = checked(written)
    assert findings.items == []
    assert lifecycle_of(values) == record


@pytest.mark.parametrize(
    ("written", "pointer"),
    [
        ({"protect": "true"}, "/lifecycle/protect"),
        ({"protect": 1}, "/lifecycle/protect"),
        ({"manage": "Observe"}, "/lifecycle/manage"),
        ({"manage": ["full"]}, "/lifecycle/manage"),
        ({"adopt": "none"}, "/lifecycle/adopt"),
        ({"adopt": True}, "/lifecycle/adopt"),
        ({"ignore": "/a"}, "/lifecycle/ignore"),
        ({"ignore": ["a"]}, "/lifecycle/ignore/0"),
        ({"ignore": ["/greeting", 1]}, "/lifecycle/ignore/1"),
        ({"ignore": ["/"]}, "/lifecycle/ignore/0"),
        ({"prevent_destroy": True}, "/lifecycle/prevent_destroy"),
    ],
)
def test_what_is_wrong_is_an_error_and_left_out(written: dict[str, Any], pointer: str) -> None:
    values, findings = checked(written)
    (found,) = findings.items
    assert (found.code, found.pointer) == ("E-field", pointer)
    assert lifecycle_of(values).manage is Manage.FULL
    assert not lifecycle_of(values).protect


def test_what_is_ignored_in_vain_is_a_warning_at_its_pointer() -> None:
    values, findings = checked({"ignore": ["/persona_name", "/greting", "/layers/llm/extra_body/x", "/tools/0"]})
    assert [(found.pointer, found.is_error) for found in findings.items] == [
        ("/lifecycle/ignore/1", False), ("/lifecycle/ignore/3", False),
    ]  # fmt: skip
    assert "greeting" in (findings.items[0].hint or "") and "/tools" in (findings.items[1].hint or "")
    assert lifecycle_of(values).ignore == ("/pal_name", "/greting", "/layers/llm/extra_body/x", "/tools/0")


@pytest.mark.parametrize(
    ("value", "id"),
    [(None, None), ("p1", "p1"), ({"one": "p1"}, "p1"), ({"two": "p2"}, None), ({"one": None}, None), ({}, None)],
)
def test_the_id_of_this_workspace(value: Any, id: str | None) -> None:
    findings = Findings()
    assert choose_id(draft(id=value), "one", ["one", "two"], findings, several=False) == id
    assert findings.items == []


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (5, "/metadata/id"),
        ("", "/metadata/id"),
        (["p1"], "/metadata/id"),
        ({"three": "p1"}, "/metadata/id/three"),
        ({"one": 5}, "/metadata/id/one"),
        ({"one": ""}, "/metadata/id/one"),
    ],
)
def test_wrong_ids_are_errors(value: Any, pointer: str) -> None:
    findings = Findings()
    assert choose_id(draft(id=value), "one", ["one", "two"], findings, several=False) is None
    (found,) = findings.items
    assert (found.code, found.pointer, found.is_error) == ("E-id", pointer, True)


def test_one_id_for_several_workspaces_is_a_warning() -> None:
    findings = Findings()
    assert choose_id(draft(id="p1"), "one", ["one", "two"], findings, several=True) == "p1"
    (found,) = findings.items
    assert not found.is_error
    assert "{NAME: p1} with NAME one of one, two" in (found.hint or "")
