"""Who uses what: by every way an object may hold an id of another, and which deletes that keeps from happening."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.planning.usage import (
    Usage,
    find_usage,
    in_use,
    items_of,
    keep_used,
    kept_warning,
    kind_word,
    list_some,
    user_kinds,
    wait_for_users,
    with_users,
)
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.change import Action, Change, Direction, FieldChange, Request
from reconciler.types.plan import Kept
from tests.support.making import at, live

TOOL, GUARDRAIL = ("tool", "t1"), ("guardrail", "g1")


def persona(id, body, tools=()):
    return live("persona", id, {"pal_name": id.upper(), **body}, tools=tuple(tools))


def usage_of(*objects, ours=("p1",), wanted=(TOOL, GUARDRAIL)) -> Usage:
    addresses = {("persona", id): at(f"persona.{id}") for id in ours}
    return find_usage(objects, addresses, wanted)


def change(address, id, action=Action.DELETE, **more):
    sent = () if action is Action.NOOP else (Request("PATCH", f"/x/{id}", at(address)),)
    return Change(at(address), kind(at(address).kind), action, id=id, **{"requests": sent, **more})


def detached(pointer, before, after):
    return (FieldChange(pointer, Direction.GIT, before, after),)


@pytest.mark.parametrize(
    ("body", "tools", "used"),
    [
        ({}, ["t1"], {TOOL}),
        ({}, ["t2"], set()),
        ({"guardrail_ids": ["g0", "g1"]}, [], {GUARDRAIL}),
        ({"guardrail_ids": ["t1"]}, [], set()),
        ({"layers": {"odd": {"tool_id": "t1"}}}, [], {TOOL}),
        ({"layers": {"odd": [{"some_ids": ["g1", 3]}]}}, [], {GUARDRAIL}),
        ({"layers": {"odd": {"note": "t1"}}, "system_prompt": "t1"}, [], set()),
    ],
    ids=["attached", "another", "a list", "of another kind", "unknown place", "unknown list", "only a text"],
)
def test_an_object_is_used_wherever_its_id_is_held(body, tools, used):
    found = usage_of(persona("p1", body, tools))
    assert set(found.uses) == used
    assert {use.user for uses in found.uses.values() for use in uses} == ({("persona", "p1")} if used else set())


def test_what_does_not_show_what_is_attached_is_counted():
    shown, hidden = persona("p1", {}), live("persona", "p2", {"pal_name": "B"}, tools=None)
    assert usage_of(shown, hidden).unknown == 1


@given(st.lists(st.sampled_from(["stays", "detaches", "goes", "unsent"]), max_size=4), st.booleans())
@settings(max_examples=40)
def test_nothing_goes_that_a_user_keeps(fates, destroy):
    """The user that stays, or whose change is not sent, keeps what it uses; destroying leaves it out."""
    found = usage_of(*(persona(f"p{n}", {}, ["t1"]) for n in range(len(fates))), ours=[f"p{n}" for n in range(4)])
    made = {
        "detaches": lambda n: change(
            f"persona.p{n}", f"p{n}", Action.UPDATE, fields=detached("/tools", ["t1", "t2"], ["t2"])
        ),
        "goes": lambda n: change(f"persona.p{n}", f"p{n}"),
        "unsent": lambda n: change(f"persona.p{n}", f"p{n}", Action.NOOP, fields=detached("/tools", ["t1"], [])),
    }
    users = [made[fate](n) for n, fate in enumerate(fates) if fate in made]
    gone = change("tool.look", "t1")
    keepers = tuple(f"persona.p{n}" for n, fate in enumerate(fates) if fate in {"stays", "unsent"})
    held = in_use([gone, *users], found)
    assert {found.called(key) for key in held.get(gone.address, ())} == set(keepers)
    left, kept = keep_used([gone, *users], found, destroy=destroy)
    if destroy:
        assert (gone in left) == (not keepers)
        assert [(one.address, one.users) for one in kept] == ([(gone.address, keepers)] if keepers else [])
    else:
        (told,) = [one for one in left if one.address == gone.address]
        assert [block.rule for block in told.blocked] == ["in_use"] * bool(keepers)
        assert all(name in told.blocked[0].message for name in keepers)


@pytest.mark.parametrize(
    ("pointer", "before", "after"),
    [("/guardrail_ids", ["t1"], []), ("/tools", ["t1"], ["t1", "t2"]), ("/tools", ["t2"], [])],
    ids=["at another place", "it stays", "another one goes"],
)
def test_a_change_of_something_else_does_not_end_the_use(pointer, before, after):
    found = usage_of(persona("p1", {}, ["t1"]))
    user = change("persona.p1", "p1", Action.UPDATE, fields=detached(pointer, before, after))
    assert list(in_use([change("tool.look", "t1"), user], found)) == [at("tool.look")]


def test_what_a_kept_object_uses_is_kept_with_it():
    found = find_usage(
        [persona("p1", {}, ["t1"]), live("deployment", "d1", {"name": "Site", "pal_id": "p1"})],
        {("persona", "p1"): at("persona.p1")}, [TOOL, ("persona", "p1")],
    )  # fmt: skip
    left, kept = keep_used([change("persona.p1", "p1"), change("tool.look", "t1")], found, destroy=True)
    assert left == [] and {str(one.address) for one in kept} == {"persona.p1", "tool.look"}


@pytest.mark.parametrize(
    ("users", "said"),
    [(["p1"], ()), (["p1", "p2"], ("used by persona.p1, persona.p2",)),
     (["p1", "p9"], ("used by persona.p1 and 1 Persona that is not managed here",)),
     (["p8", "p9"], ("used by 2 Personas that are not managed here",))],
)  # fmt: skip
def test_a_change_of_what_is_shared_says_who_else_uses_it(users, said):
    found = usage_of(*(persona(id, {}, ["t1"]) for id in users), ours=["p1", "p2"])
    assert with_users(change("tool.look", "t1", Action.UPDATE), found, "").notes == said
    assert with_users(change("tool.look", "t1"), found, "").notes == ()


def test_a_delete_waits_for_the_changes_of_its_users():
    found = usage_of(persona("p1", {}, ["t1"]), persona("p2", {}, ["t1"]), ours=["p1", "p2"])
    user, idle = change("persona.p1", "p1"), change("persona.p2", "p2", Action.NOOP)
    waiting = {
        str(one.address): one.depends_on for one in wait_for_users([change("tool.look", "t1"), user, idle], found)
    }
    assert waiting == {"tool.look": (at("persona.p1"),), "persona.p1": (), "persona.p2": ()}


def test_items_that_are_objects_of_their_own_are_taken_along():
    items = {("guardrail_set", "s1"): {GUARDRAIL: "/data/rail"}}
    found = find_usage([persona("p1", {"guardrail_ids": ["g1"]})], {}, [("guardrail_set", "s1")], items)
    for after, taken in (({"data": {}}, True), ({"data": {"rail": {"guardrail_name": "rail"}}}, False)):
        update = change("guardrail_set.safe", "s1", Action.UPDATE, after=after)
        assert (at("guardrail_set.safe") in in_use([update], found)) is taken
    assert in_use([change("guardrail_set.safe", "s1")], found)
    assert KINDS.get("guardrail_set").mirrored_lists


def test_a_user_that_nobody_manages_is_called_by_what_it_is():
    found = usage_of(persona("p1", {}, ["t1"]), persona("p9", {}, ["t1"]), live("persona", "p0", {}, tools=("t1",)))
    assert [found.called(("persona", id)) for id in ("p1", "p9", "p0")] == [
        "persona.p1", "the Persona 'P9' (p9)", "the Persona p0",
    ]  # fmt: skip
    assert found.listed([("persona", "p9"), ("persona", "p1")]) == "persona.p1, the Persona 'P9' (p9)"
    assert [list_some("abcdefg"[:count]) for count in (1, 5, 6)] == ["a", "a, b, c, d, e", "a, b, c, d, e and 1 more"]


def test_which_kinds_may_use_a_kind():
    assert "persona" in user_kinds(["tool"], KINDS) and "tool" not in user_kinds(["tool"], KINDS)
    assert user_kinds(["deployment"], KINDS) == user_kinds([], KINDS) == ()


def test_the_items_of_a_legacy_set_are_objects_with_a_place():
    data = [{"guardrail_name": "a/b", "uuid": "g1"}, {"guardrail_name": "bare"}]
    one = live("guardrail_set", "s1", {"guardrails_id": "s1", "data": data})
    assert items_of(one, KINDS) == {("guardrail", "g1"): "/data/a~1b"}
    assert items_of(live("guardrail_set", "s2", {"guardrails_id": "s2"}), KINDS) == {}
    assert items_of(persona("p1", {"guardrail_ids": ["g1"]}), KINDS) == {}


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(["g1", "g2", None, "noise", 3, []]), max_size=5, unique_by=str),
    st.sampled_from(["g1", "g2"]),
)
def test_whatever_else_stands_in_a_list_hides_none_of_its_items(drawn, used):
    items = [{"guardrail_name": one, "uuid": one} if one in ("g1", "g2") else one for one in drawn]
    holder = live("guardrail_set", "s1", {"guardrails_id": "s1", "data": items})
    places = items_of(holder, KINDS)
    assert places == {("guardrail", one): f"/data/{one}" for one in drawn if one in ("g1", "g2")}
    found = find_usage([persona("p1", {"guardrail_ids": [used]})], {}, [holder.key], {holder.key: places})
    assert bool(in_use([change("guardrail_set.safe", "s1")], found)) is (used in drawn)
    left = [one for one in items if not (isinstance(one, dict) and one["uuid"] == used)]
    for after, taken in (({"data": items}, False), ({"data": left, "name": "x"}, used in drawn)):
        update = change("guardrail_set.safe", "s1", Action.UPDATE, after=after)
        assert bool(in_use([update], found)) is taken


def test_what_the_server_writes_down_of_an_object_is_no_use():
    """Its own id stands in every object."""
    wanted = [("persona", "p1"), ("conversation", "p1")]
    assert find_usage([live("persona", "p1", {"pal_id": "p1", "owner_id": "p1"})], {}, wanted).uses == {}


@pytest.mark.parametrize("pointer", ["/layers", "/layers/odd/tool_id", "/layers/odd/tool_id/deep"])
def test_a_use_ends_with_a_change_of_what_is_around_it_or_of_it(pointer):
    found = usage_of(persona("p1", {"layers": {"odd": {"tool_id": "t1"}}}))
    before = {"odd": {"tool_id": ["t1"]}}
    user = change("persona.p1", "p1", Action.UPDATE, fields=detached(pointer, before, {"odd": None}))
    assert in_use([change("tool.look", "t1"), user], found) == {}


def test_only_a_change_of_an_object_that_is_there_says_who_uses_it():
    found = usage_of(persona("p9", {}, ["t1"]))
    assert with_users(change("tool.look", None, Action.UPDATE), found, "").notes == ()
    assert with_users(change("tool.other", "t2", Action.UPDATE), found, "").notes == ()


def test_what_makes_an_object_takes_nothing_away():
    items = {("guardrail_set", "s1"): {GUARDRAIL: "/data/rail"}}
    found = find_usage([persona("p1", {"guardrail_ids": ["g1"]})], {}, [("guardrail_set", "s1")], items)
    assert in_use([change("guardrail_set.new", None, Action.CREATE, after={"data": {}})], found) == {}
    unsent = change("guardrail_set.safe", "s1", Action.UPDATE, after={"data": {}}, requests=())
    assert in_use([unsent, change("guardrail_set.safe", "s1", Action.NOOP, after={})], found) == {}
    assert in_use([change("guardrail_set.safe", "s1", Action.UPDATE)], found) == {}


def test_an_object_that_refers_to_itself_is_not_in_use_for_that():
    found = find_usage([persona("p1", {"layers": {"odd": {"tool_id": "p1"}}})], {}, [("persona", "p1")])
    assert found.uses and in_use([change("persona.p1", "p1")], found) == {}


def test_a_block_and_a_warning_say_what_is_used_and_by_whom():
    items = {("guardrail_set", "s1"): {GUARDRAIL: "/data/rail"}}
    user = persona("p1", {"guardrail_ids": ["g1"], "guardrails_id": "s1"})
    found = find_usage([user], {("persona", "p1"): at("persona.p1")}, [("guardrail_set", "s1")], items)
    whole, part = (
        keep_used([change("guardrail_set.safe", "s1", action, **more)], found, destroy=False)[0][0].blocked[0].message
        for action, more in ((Action.DELETE, {}), (Action.UPDATE, {"after": {"data": {}}}))
    )
    assert whole == "in use by persona.p1"
    assert part == "items that it takes away are in use by persona.p1"
    warning = kept_warning(Kept(at("tool.look"), tuple("abcdef")))
    assert warning.summary == "tool.look is kept: in use by a, b, c, d, e and 1 more"
    assert (warning.address, warning.is_error) == (at("tool.look"), False)


def test_kinds_are_called_by_the_words_that_the_vendor_uses_now():
    one = kind("persona")
    assert [kind_word(one), kind_word(one, 2), kind_word(one, 1, "pal"), kind_word(one, 2, "pal")] == [
        "Persona", "Personas", "PAL", "PALs",
    ]  # fmt: skip
    assert kind_word(kind("objectives"), 2) == "Objectives"
