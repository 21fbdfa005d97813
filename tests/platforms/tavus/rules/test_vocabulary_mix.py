"""L26."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import findings, said


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
