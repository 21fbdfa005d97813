"""L18."""

from __future__ import annotations

import pytest

from reconciler.core.linting.rule import RuleContext
from reconciler.core.linting.rule_table import RULES
from reconciler.types.json import Json
from tests.support.rulecase import body, context, findings, manifest, said


@pytest.mark.parametrize(
    ("spec", "pointer", "near"),
    [
        ({"system_promt": "Hi"}, "/system_promt", "system_prompt"),
        ({"persona_nam": "x"}, "/persona_nam", "persona_name"),
        ({"layers": {"lllm": {}}}, "/layers/lllm", "llm"),
        ({"layers": {"llm": {"base-url": "x"}}}, "/layers/llm/base-url", "base_url"),
        ({"layers": {"tts": {"tts_engin": "x"}}}, "/layers/tts/tts_engin", "tts_engine"),
    ],
)
def test_a_typo_is_reported_with_what_was_meant(spec: dict[str, Json], pointer: str, near: str) -> None:
    (finding,) = findings("L18", spec)
    assert finding.pointer == pointer
    assert finding.severity.value == "warning"
    assert finding.hint == f"did you mean {near!r}?"


@pytest.mark.parametrize(
    "spec",
    [
        body(
            llm={"model": "m", "headers": {"X-Anything": "y"}, "extra_body": {"seed": 1}, "default_query": {"a": "b"}}
        ),
        body(tts={"voice_settings": {"anything": 1}}),
        body(transport={"transport_type": "livekit", "anything": 1}),
        {"persona_name": "x", "default_replica_id": "r", "pal_description": "y"},
        {"layers": {"conversational_flow": {"face_interruptibility": "low"}}},
        {"layers": None},
        {"layers": "text"},
    ],
)
def test_free_objects_and_both_vocabularies(spec: dict[str, Json]) -> None:
    assert said("L18", spec) == []


def test_schemas_of_tools_are_foreign_land() -> None:
    spec: dict[str, Json] = {"name": "x", "parameters": {"type": "object", "properties": {"descripton": {}}}}
    assert said("L18", spec, kind="tool") == []


def test_strict_makes_it_an_error() -> None:
    one = manifest({"system_promt": "Hi"})
    around = context(one)
    strict = RuleContext(around.catalogue, around.manifests, strict=True)
    assert [finding.severity.value for finding in RULES.get("L18").check(one, strict)] == ["error"]


def test_kinds_without_a_table_have_no_unknown_keys() -> None:
    assert said("L18", {"anything": 1}, kind="spaceship") == []
