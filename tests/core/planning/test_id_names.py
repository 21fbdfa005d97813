"""What the ids in a plan are called."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.planning.id_names import document_named, names_in, referring, value_named
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Change, Direction, FieldChange
from reconciler.types.json import Json, Object, lookup, split
from reconciler.types.live import Account
from reconciler.types.plan import DriftField, DriftItem, Plan
from tests.support.making import at
from tests.support.records import change_of, drift_of

PERSONA = kind("persona")
TOOLS = field_at(PERSONA, "/tools")
NAMES = {
    ("tool", "t1"): "tool.look",
    ("tool", "t2"): "Hang up",
    ("guardrail", "g1"): "guardrail.calm",
    ("tool", "t9"): "x",
}
KNOWN = {f"{target}/{id}": name for (target, id), name in NAMES.items()}


def plan(*changes: Change, drift: tuple[DriftItem, ...] = ()) -> Plan:
    return Plan("sandbox", Account("http://x", "pal"), "l", 0, changes, drift)


def test_only_what_the_plan_speaks_of_is_named() -> None:
    fields = (
        FieldChange("/tools", Direction.GIT, ["t1", "t3"], ["t2", ResourceRef("tool.new")]),
        FieldChange("/greeting", Direction.GIT, "t9", None),
        FieldChange("/of_a_later_version", Direction.GIT, "t9", None),
    )
    moved = DriftField("/guardrail_ids", Direction.LIVE, None, ["g1"])
    drift = drift_of(at("persona.b"), "p2", (moved, *(replace(moved, path=one.path) for one in fields[1:])))
    found = names_in(plan(change_of(at("persona.a"), Action.UPDATE, fields=fields), drift=(drift,)), NAMES)
    assert found == {"tool/t1": "tool.look", "tool/t2": "Hang up", "guardrail/g1": "guardrail.calm"}


def test_what_is_created_or_deleted_whole_is_named_too() -> None:
    gone = change_of(at("persona.a"), Action.DELETE, before={"tools": ["t1"]})
    new = change_of(at("persona.b"), Action.CREATE, after={"guardrail_ids": ["g1"], "greeting": "t2"})
    assert names_in(plan(gone, new), NAMES) == {"tool/t1": "tool.look", "guardrail/g1": "guardrail.calm"}
    assert names_in(plan(change_of(at("persona.a"), Action.NOOP, before={"tools": ["t1"]})), NAMES) == {}
    assert names_in(plan(change_of(at("later_kind.a"), Action.DELETE, before={"tools": ["t1"]})), NAMES) == {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("t1", "tool.look"),
        ("t2", "Hang up (t2)"),
        ("t3", "t3"),
        (["t1", "t3", ResourceRef("tool.x")], ["tool.look", "t3", ResourceRef("tool.x")]),
        (None, None),
        (5, 5),
        ([], []),
        ({"a": "t1"}, {"a": "t1"}),
    ],
)
def test_a_value_by_name(value: Json, shown: Json) -> None:
    assert value_named(TOOLS, value, KNOWN) == shown
    assert value_named(None, value, KNOWN) == value
    assert value_named(field_at(PERSONA, "/greeting"), value, KNOWN) == value


def test_a_name_that_poses_as_an_address_keeps_its_id() -> None:
    assert value_named(TOOLS, "t1", {"tool/t1": "guardrail.calm"}) == "guardrail.calm (t1)"
    assert value_named(TOOLS, "t1", {"tool/t1": "t1"}) == "t1"


@given(
    st.dictionaries(
        st.sampled_from(["tools", "guardrail_ids", "greeting"]), st.lists(st.sampled_from(["t1", "g1", "z"]))
    )
)
def test_nothing_but_ids_moves(document: Object) -> None:
    before = {key: list(value) if isinstance(value, list) else value for key, value in document.items()}
    named = document_named(PERSONA, document, KNOWN)
    assert document == before
    assert named.keys() == document.keys()
    assert named.get("greeting") == document.get("greeting")
    assert document_named(PERSONA, document, {}) == document


def test_an_id_below_the_top_is_named_in_its_place() -> None:
    row = next(row for row in referring(PERSONA) if len(split(row.path)) > 1)
    document = apply_edits(PERSONA, {"greeting": "Hi"}, [Edit(row.path, "x1")])
    named = document_named(PERSONA, document, {f"{row.ref}/x1": f"{row.ref}.one"})
    assert lookup(named, row.path) == f"{row.ref}.one"
    assert lookup(document, row.path) == "x1"
    assert named["greeting"] == "Hi"


@pytest.mark.parametrize("name", list(KINDS))
def test_every_place_of_one_id_is_known(name: str) -> None:
    spec = kind(name)
    places = {row.path for row in spec.fields if row.ref and "*" not in split(row.path)}
    assert {row.path for row in referring(spec)} == places
