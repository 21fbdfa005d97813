"""The goal of a rollback: what comes back, what leaves, what becomes an orphan, what stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.history.history_chain import object_histories
from reconciler.core.history.restore_object import RestoreContext, restore
from reconciler.core.history.rollback_goal import make_goal, released_objects
from reconciler.core.resource_diff.resource_plan import Binding, Matching
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import ResourceRef
from reconciler.types.change import Reason
from reconciler.types.json import SENSITIVE
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Adopt
from reconciler.types.state import Entry, Preimage, State
from tests.support.making import at

A, T = at("persona.a"), at("tool.t")
WHOLE = {"pal_name": "A", "system_prompt": "x", "default_face_id": "r1"}
SENT = {"/greeting": "d", "/context": "d"}


def step(address, action="update", body=None, fields=(), entry: Entry | None = None, **more) -> Preimage:
    id = entry.id if entry is not None else None
    return Preimage(address, action, id, body, entry, tuple(fields), **{"outcome": "done", **more})


def state(**entries: Entry) -> State:
    return State("l", 9, "w", {at(name.replace("__", ".")): entry for name, entry in entries.items()})


def test_only_what_was_written_is_put_back_and_the_rest_is_kept():
    entry = Entry("p1", SENT)
    goal = make_goal(1, [[step(A, body={"greeting": "1", "context": "c"}, fields=["/greeting"], entry=entry)]],
                     state(persona__a=entry), KINDS)  # fmt: skip
    resource = goal.resources[A]
    assert dict(resource.leaves) == {"/greeting": "1"}
    assert resource.kept == ("/context",)
    assert A not in goal.whole, "no run has seen all of it"


def test_what_was_not_ours_then_is_written_and_stays_not_ours():
    then, now = Entry("p1", {}), Entry("p1", {"/greeting": "d"})
    [thread] = object_histories([[step(A, body={"greeting": "by hand"}, fields=["/greeting"], entry=then)]], KINDS)
    assert restore(thread, A, now, RestoreContext({}, [A])).resource.lent == {"/greeting"}


def test_made_since_personas_leave_and_shared_objects_become_orphans():
    runs = [[step(A, "create"), step(T, "create")]]
    goal = make_goal(1, runs, state(persona__a=Entry("p1"), tool__t=Entry("t1")), KINDS)
    assert (goal.leaving, goal.orphans) == ({A}, {T})
    assert [KINDS.get(name).shared for name in ("tool", "guardrail", "document", "persona", "deployment")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_ids_of_what_is_made_again_become_references():
    tool, persona = Entry("t1", {"/name": "d"}), Entry("p1", {"/tools": "d"}, refs=("tool.t",))
    runs = [[
        step(A, "delete", {**WHOLE, "tools": ["t1", "other"]}, entry=persona),
        step(T, "delete", {"name": "t", "description": "d"}, entry=tool),
    ]]  # fmt: skip
    goal = make_goal(1, runs, state(), KINDS)
    assert goal.resources[A].leaves["/tools"] == [ResourceRef("tool.t"), "other"] or goal.resources[A].leaves[
        "/tools"
    ] == ["other", ResourceRef("tool.t")]
    assert goal.resources[A].refs == (T,)


def test_a_secret_without_a_reference_is_never_written():
    entry = Entry("p1", {"/layers/llm/api_key": "hmac.k:x"})
    body = {"layers": {"llm": {"model": "m", "api_key": SENSITIVE}}}
    goal = make_goal(
        1, [[step(A, body=body, fields=["/layers/llm/api_key"], entry=entry)]], state(persona__a=entry), KINDS
    )
    assert goal.restored[A].lost == ("/layers/llm/api_key",)
    assert "/layers/llm/api_key" in goal.resources[A].kept
    assert A not in goal.whole


B = at("persona.b")
MOVED = Entry("p1", SENT)


def test_whoever_was_managed_then_has_the_address_of_then_and_what_is_in_its_way_makes_room():
    """`a` became `b`, and another persona was made at `a` since: it is deleted at the address that `b` leaves."""
    runs = [[step(B, "noop", WHOLE, entry=MOVED, previous=A)], [step(A, "create", became="p2")]]
    goal = make_goal(1, runs, state(persona__b=MOVED, persona__a=Entry("p2")), KINDS)
    assert set(goal.resources) == {A}
    assert (goal.leaving, goal.orphans) == ({B}, set())
    assert goal.moved == {A: B, B: A}
    assert {move.id: move.after for move in goal.moves} == {"p1": A, "p2": B}
    assert [goal.torn(chosen) for chosen in ([A], [B], [A, B], [])] == [(A,), (B,), (), ()]


@pytest.mark.parametrize(
    "now, made, moved, leaving",
    [
        (A, Entry("p2", name="Other"), {}, set()),
        (B, Entry("p2", name="A"), {A: B}, set()),
        (B, Entry("p2", name="Other"), {}, {B}),
        (B, Entry("p2"), {}, {B}),
    ],
    ids=["at its address", "of its name", "another one", "nameless"],
)
def test_what_was_made_in_the_place_of_one_that_is_gone_is_that_one_again(now, made, moved, leaving):
    runs = [[step(A, "delete", WHOLE, entry=MOVED)], [step(now, "create", became="p2")]]
    goal = make_goal(1, runs, State("l", 9, "w", {now: made}), KINDS)
    assert set(goal.resources) == set(goal.whole) == {A}
    assert goal.moved == moved
    assert goal.leaving == leaving
    assert goal.unknown == {}


def test_one_that_is_still_there_needs_no_heir():
    """It was let go, not deleted: what was made at its address since is another one."""
    runs = [[step(A, "forget", WHOLE, entry=MOVED)], [step(A, "create", became="p2")]]
    alive = {("persona", "p1"): LiveObject(KINDS.get("persona"), "p1", "A", {"pal_id": "p1", **WHOLE})}
    goal = make_goal(1, runs, state(persona__a=Entry("p2")), KINDS, alive)
    assert goal.resources[A].id == "p1"
    assert goal.leaving == {at("persona.a-2")}
    assert goal.moved == {at("persona.a-2"): A}


def test_taken_over_since_and_written_gets_its_content_back_and_only_read_is_forgotten():
    body = {**WHOLE, "greeting": "1"}
    written, read = step(A, "update", body, ["/greeting"], imported=True), step(B, "noop", body, imported=True)
    runs = [[replace(written, id="p1"), replace(read, id="p2")]]
    goal = make_goal(1, runs, state(persona__a=Entry("p1", SENT), persona__b=Entry("p2")), KINDS)
    assert goal.resources[A].leaves["/greeting"] == "1"
    assert set(goal.resources) == {A}
    assert (goal.orphans, goal.leaving) == ({B}, set())


def test_what_is_gone_and_was_never_seen_is_unknown_and_nothing_is_made_of_it():
    goal = make_goal(1, [[step(A, "delete", None, entry=MOVED)]], state(), KINDS)
    assert set(goal.unknown) == {A}
    assert (goal.resources, goal.whole, goal.leaving, goal.orphans) == ({}, {}, set(), set())


def test_only_what_was_let_go_since_is_asked_for():
    kept, gone = Entry("p1", SENT), Entry("p2", SENT)
    runs = [[
        step(A, body={"greeting": "1"}, fields=["/greeting"], entry=kept),
        step(at("persona.gone"), "delete", WHOLE, entry=gone),
        step(at("persona.new"), "create"),
    ]]  # fmt: skip
    now = state(persona__a=kept, persona__new=Entry("p3"))
    assert released_objects(runs, now, KINDS) == [("persona", "p2")]
    assert released_objects(runs, state(persona__a=kept, persona__gone=gone), KINDS) == []


@pytest.mark.parametrize(
    "binding, all_known, some_known",
    [
        (None, "as it was to be", "as it was to be"),
        (Binding("p1", Reason.CHANGED, MOVED), "as it was to be", "as it was to be"),
        (Binding("p9", Reason.CHANGED, MOVED), "as it was to be", "as it was to be"),
        (Binding(None, Reason.NEW), "made again", "unknown"),
        (Binding(None, Reason.PENDING), "made again", "as it was to be"),
        (Binding("p9", Reason.ADOPTED_BY_NAME), "only if it is the same", "unknown"),
    ],
)
@pytest.mark.parametrize("is_all_known", [True, False])
def test_what_becomes_of_an_object_once_it_is_known_what_is_there(binding, all_known, some_known, is_all_known):
    body = {**WHOLE, "greeting": "1"} if is_all_known else {"greeting": "1"}
    runs = [[step(A, body=body, fields=["/greeting"], entry=MOVED, whole=is_all_known)]]
    goal = make_goal(1, runs, state(persona__a=MOVED), KINDS)
    found, unknown = goal.settled(Matching({A: binding} if binding is not None else {}), None)
    told = {
        "as it was to be": lambda: found == goal.resources,
        "made again": lambda: found == goal.whole and found[A].leaves.keys() > {"/greeting"},
        "only if it is the same": lambda: (
            found[A].leaves == goal.whole[A].leaves and found[A].lifecycle.adopt is Adopt.SAME
        ),
        "unknown": lambda: found == {} and set(unknown) == {A},
    }
    assert told[all_known if is_all_known else some_known]()
    assert found.keys() | unknown.keys() == {A}


def test_an_id_that_an_object_had_before_it_was_made_again_still_names_it():
    tool = Entry("t1", former=("t0",))
    runs = [[step(A, body={"tools": ["t0"], "greeting": "1"}, fields=["/tools"], entry=MOVED)]]
    goal = make_goal(1, runs, state(persona__a=MOVED, tool__t=tool), KINDS)
    assert goal.resources[A].leaves["/tools"] == [ResourceRef("tool.t")]
