"""Rules of the whole manifest: one vocabulary, no off that YAML reads as false, unique names (L26, L27, L36)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.platforms.tavus.rules.manifest_rules import NAME_TAKEN
from reconciler.types.json import Json
from reconciler.types.manifest import Lifecycle, Manage, Manifest
from tests.support.rulecase import body, context, findings, manifest, said


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"persona_name": "x", "default_face_id": "r1"}, "/pal_name"),
        ({"default_replica_id": "r1", "pal_name": "x"}, "/default_face_id"),
        ({"persona_name": "x", "pal_name": "x"}, "/pal_name"),
    ],
)
def test_both_vocabularies_in_one_manifest(spec: dict[str, Json], pointer: str) -> None:
    assert said("L26", spec) == [(pointer, "warning")]


def test_all_words_are_named() -> None:
    (finding,) = findings("L26", {"persona_name": "x", "default_replica_id": "r", "pal_description": "y"})
    for word in ("persona_name", "default_replica_id", "pal_description"):
        assert word in finding.summary


@pytest.mark.parametrize(
    "spec",
    [
        {"persona_name": "x", "default_replica_id": "r"},
        {"pal_name": "x", "default_face_id": "r"},
        {"pal_name": "x", "layers": {"conversational_flow": {"replica_interruptibility": "low"}}},
        {"system_prompt": "Hi"},
        {},
    ],
)
def test_one_vocabulary(spec: dict[str, Json]) -> None:
    assert said("L26", spec) == []


@pytest.mark.parametrize(
    ("layer", "word"),
    [
        ("perception", "perception_model"),
        ("conversational_flow", "voice_isolation"),
        ("conversational_flow", "idle_engagement"),
    ],
)
def test_false_for_off(layer: str, word: str) -> None:
    (finding,) = findings("L27", body(**{layer: {word: False}}))
    assert finding.pointer == f"/layers/{layer}/{word}"
    assert finding.is_error
    assert finding.fix is not None
    assert finding.fix.value == "off"


@pytest.mark.parametrize("value", ["off", "near", True, None, 0, "false", {"env": "X"}])
def test_other_values(value: Json) -> None:
    assert said("L27", body(conversational_flow={"voice_isolation": value})) == []


def test_true_booleans_stay() -> None:
    assert said("L27", body(llm={"model": "m", "speculative_inference": False})) == []


def found(*manifests: Manifest) -> list[str]:
    known = replace(context(), manifests={one.address: one for one in manifests})
    return [str(item.address) for one in manifests for item in NAME_TAKEN.check(one, known)]


def test_two_tools_of_one_name() -> None:
    first, second = manifest("name: look\n", "tool", "a"), manifest("name: look\n", "tool", "b")
    assert found(first, second) == ["tool.b"]
    assert found(second, first) == ["tool.a"]
    assert found(first, manifest("name: Look\n", "tool", "b")) == []


def test_a_tool_without_a_name_is_called_like_its_manifest() -> None:
    assert found(manifest("description: d\n", "tool", "look"), manifest("name: look\n", "tool", "b")) == ["tool.b"]
    assert found(manifest("description: d\n", "tool", "end_call")) == ["tool.end_call"]


@pytest.mark.parametrize("life", [Lifecycle(manage=Manage.OBSERVE), Lifecycle(ignore=("/name",))])
def test_who_writes_no_name_gives_none(life: Lifecycle) -> None:
    first, second = manifest("name: look\n", "tool", "a"), manifest("name: look\n", "tool", "b")
    assert found(first, replace(second, lifecycle=life)) == []


def test_a_name_that_is_not_known_yet_is_not_judged() -> None:
    secret = manifest("name: {env: NAME}\n", "tool", "a")
    assert found(secret, manifest("name: {env: OTHER}\n", "tool", "b")) == []
    assert found(secret, manifest("name: {env: NAME}\n", "tool", "b")) == ["tool.b"], "one variable, one name"
