"""Two workspaces held against each other: what counts as a difference, and what an address is in each account."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.references import resources_of
from reconciler.core.planning.account_comparison import compare_accounts, desired_differences, digest_literals
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.change import Action, Direction, FieldChange, Reason
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Resource
from reconciler.types.plan import Plan
from reconciler.types.report import Comparison, Standing
from tests.support.account import FULL
from tests.support.making import at, env, manifest, resource
from tests.support.records import change_of
from tests.support.reports import ACCOUNT

DESK = at("persona.desk")
WHOLE = resources_of(FULL)


def differences(here: Object, there: Object, names: tuple[dict, dict] = ({}, {})) -> list[tuple[str, Json, Json]]:
    one, other = resource("persona.desk", here), resource("persona.desk", there)
    return [(found.path, found.here, found.there) for found in desired_differences(one, names[0], other, names[1])]


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ({"pal_name": "A"}, {"persona_name": "A"}, []),
        ({"pal_name": "A"}, {"pal_name": "B"}, [("/pal_name", "A", "B")]),
        ({"greeting": ""}, {}, []),
        ({"greeting": None}, {}, []),
        ({"pipeline_mode": "full"}, {}, []),
        ({"greeting": "Hi"}, {}, [("/greeting", "Hi", None)]),
        ({"document_tags": ["a", "b"]}, {"document_tags": ["b", "a"]}, []),
        ({"layers": {"llm": {"api_key": env("A")}}}, {"layers": {"llm": {"api_key": env("A")}}}, []),
        ({"layers": {"llm": {"api_key": env("A")}}}, {"layers": {"llm": {"api_key": env("B")}}},
         [("/layers/llm/api_key", {"env": "A"}, {"env": "B"})]),
        ({"layers": {"llm": {"api_key": "clear"}}}, {"layers": {"llm": {"api_key": env("B")}}},
         [("/layers/llm/api_key", "(sensitive)", {"env": "B"})]),
        ({"greeting": env("A")}, {"greeting": "clear"}, [("/greeting", {"env": "A"}, "(sensitive)")]),
        ({"objectives_id": ResourceRef("objectives.a")}, {"objectives_id": ResourceRef("objectives.a")}, []),
        ({"objectives_id": ResourceRef("objectives.a")}, {"objectives_id": "o1"},
         [("/objectives_id", "objectives.a", "o1")]),
        ({"layers": {"llm": {"temperature": 1}}}, {"layers": {"llm": {"temperature": True}}},
         [("/layers/llm/temperature", 1, True)]),
    ],
)  # fmt: skip
def test_what_is_a_difference(here: Object, there: Object, expected: list[tuple[str, Json, Json]]) -> None:
    assert differences(here, there) == expected


def test_objects_go_by_name_and_not_by_the_id_that_they_have_in_each_account() -> None:
    names = ({("guardrail", "g1"): "guardrail.calm"}, {("guardrail", "g2"): "guardrail.calm"})
    here, there = {"guardrail_ids": ["g1"]}, {"guardrail_ids": ["g2"]}
    assert differences(here, there, names) == []
    assert differences(here, {"guardrail_ids": [ResourceRef("guardrail.calm")]}, names) == []
    assert differences(here, {"guardrail_ids": ["g3"]}, names) == [
        ("/guardrail_ids", ["guardrail.calm"], ["g3"]),
    ]


@given(st.lists(st.sampled_from(sorted(WHOLE)), unique=True))
def test_what_is_held_against_itself_is_the_same(chosen: list) -> None:
    side = (Plan("a", ACCOUNT, "l", 1), {address: WHOLE[address] for address in chosen}, {})
    found = compare_accounts(side, side)
    assert [(one.address, one.standing, one.desired) for one in found.sides] == [
        (address, Standing.SAME, ()) for address in sorted(chosen)
    ]


@given(st.data())
def test_every_address_is_told_once_and_no_secret_is_shown(data: st.DataObject) -> None:
    bodies = st.fixed_dictionaries(
        {},
        optional={
            "greeting": st.sampled_from(["", "Hi", "Bye", env("NAME")]),
            "layers": st.fixed_dictionaries({"llm": st.fixed_dictionaries({"api_key": st.just("sk-planted")})}),
            "tools": st.lists(st.sampled_from(["a", "b"]), unique=True),
        },
    )
    changes = st.builds(
        lambda action, reason: change_of(
            DESK, action, reason, fields=(FieldChange("/greeting", Direction.GIT, "x"),)
        ),
        st.sampled_from(Action),
        st.sampled_from([Reason.NEW, Reason.CHANGED, Reason.REPLACED, Reason.OBSERVE]),
    )

    def side() -> tuple[Plan, dict, dict]:
        held: dict[object, Resource] = {}
        if data.draw(st.booleans()):
            held = resources_of([manifest("persona.desk", data.draw(bodies))])
        found = tuple(data.draw(st.lists(changes, max_size=1)))
        return Plan("w", ACCOUNT, "l", 1, found), held, {}

    here, there = side(), side()
    found = compare_accounts(here, there)
    known = {*here[1], *there[1], *(one.address for plan in (here[0], there[0]) for one in plan.changes)}
    assert [one.address for one in found.sides] == sorted(known)
    assert sum(found.counts().values()) == len(known)
    shown = json.dumps([[one.here, one.there] for each in found.sides for one in each.desired])
    assert "sk-planted" not in shown
    back = compare_accounts(there, here)
    turned = {Standing.ONLY_HERE: Standing.ONLY_THERE, Standing.ONLY_THERE: Standing.ONLY_HERE}
    for one, other in zip(found.sides, back.sides, strict=True):
        # Whether both have the same depends on what waits in the second one.
        both = {Standing.SAME, Standing.DIFFERS}
        assert other.standing is turned.get(one.standing, one.standing) or {one.standing, other.standing} == both
        assert [(each.path, each.here, each.there) for each in one.desired] == [
            (each.path, each.there, each.here) for each in other.desired
        ]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (None, None, Standing.SAME),
        (None, Action.UPDATE, Standing.DIFFERS),
        (None, Action.CREATE, Standing.ONLY_HERE),
        (Action.CREATE, None, Standing.ONLY_THERE),
        (Action.CREATE, Action.CREATE, Standing.NOWHERE),
        (Action.UPDATE, None, Standing.SAME),
    ],
)
def test_what_an_address_is(mine: Action | None, theirs: Action | None, expected: Standing) -> None:
    def side(action: Action | None) -> tuple[Plan, dict, dict]:
        field = FieldChange("/greeting", Direction.GIT, None, "Hi")
        changes = (change_of(DESK, action, Reason.NEW, id="p1", fields=(field,)),) if action else ()
        return Plan("w", ACCOUNT, "l", 1, changes), {DESK: WHOLE[DESK]}, {}

    found: Comparison = compare_accounts(side(mine), side(theirs))
    assert [one.standing for one in found.sides] == [expected]
    assert found.waiting == (1 if mine else 0)
    assert found.sides[0].pending == (("/greeting",) if theirs is Action.UPDATE else ())


def test_only_literals_are_told_apart() -> None:
    literal: Json = SecretRef("literal", "persona.x/password")
    value: Json = {
        "a": literal,
        "b": [env("X"), literal, "text", SecretRef("file", "k")],
        "c": ResourceRef("tool.y"),
    }
    told: Json = SecretRef("literal", "persona.x/password", "PERSONA.X/PASSWORD")
    expected = {**value, "a": told, "b": [env("X"), told, "text", SecretRef("file", "k")]}
    assert digest_literals(value, str.upper) == expected
    assert digest_literals(expected, str.upper) == expected, "twice is once"


@pytest.mark.parametrize(("theirs", "paths"), [("one", []), ("two", ["/layers/llm/api_key"])])
def test_literals_at_one_place_differ_by_what_they_are(theirs: str, paths: list[str]) -> None:
    path = "/layers/llm/api_key"

    def literal(told: str) -> Json:
        return SecretRef("literal", "persona.x" + path, told)

    found = differences(*({"layers": {"llm": {"api_key": literal(told)}}} for told in ("one", theirs)))
    assert [place for place, _, _ in found] == paths
    assert all(shown == "(sensitive)" for _, *sides in found for shown in sides)
