"""`lifecycle` and `metadata.id` as written -> records."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.kind_table import kind
from reconciler.manifests.read.lifecycle import canonical_pointer, check_lifecycle, choose_id, lifecycle_of
from reconciler.manifests.read.raw_manifest import Draft
from reconciler.manifests.tree.problems import Findings
from reconciler.types.address import Address
from reconciler.types.manifest import Adopt, Lifecycle, Manage
from reconciler.types.source import Source

PERSONA = kind("persona")


def draft(**fields: Any) -> Draft:
    return Draft(Address("persona", "a"), PERSONA, {}, Source("a.yaml", 0, "/spec"), **fields)


def checked(lifecycle: dict[str, Any]) -> tuple[dict[str, Any], Findings]:
    findings = Findings()
    return check_lifecycle(draft(lifecycle=lifecycle), findings), findings


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
        ({"ignore": ["/a", 1]}, "/lifecycle/ignore/1"),
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
    assert "{one: p1}" in (found.hint or "")
