"""The goal of a rollback: what comes back, what leaves, what becomes an orphan, what stays."""

from __future__ import annotations

from reconciler.core.history.history_chain import object_histories
from reconciler.core.history.restore_object import RestoreContext, restore
from reconciler.core.history.rollback_goal import make_goal
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import ResourceRef
from reconciler.types.json import SENSITIVE
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
