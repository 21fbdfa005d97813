"""Threads of objects through several runs: renames, deletes, replacements, and the body of one moment."""

from __future__ import annotations

from reconciler.core.history.object_history import follow, put_back, related
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.state import Entry, Preimage
from tests.support.making import at

A, B, C = at("persona.a"), at("persona.b"), at("persona.c")


def step(address, action="update", *, body=None, fields=(), id="p1", entry=True, **more) -> Preimage:
    return Preimage(
        address, action, id, body, Entry(id or "") if entry else None, tuple(fields), **{"outcome": "done", **more}
    )


def test_the_first_pre_image_counts():
    runs = [
        [step(A, body={"greeting": "1", "context": "x"}, fields=["/greeting"])],
        [step(A, body={"greeting": "2", "context": "y"}, fields=["/context"])],
    ]
    [thread] = follow(runs, KINDS)
    assert thread.body() == {"greeting": "1", "context": "x"}
    assert thread.touched == {"/greeting", "/context"}
    assert (thread.ids, thread.then, thread.was_managed) == (["p1"], A, True)


def test_renames_are_followed_and_the_old_name_may_be_taken_again():
    runs = [
        [step(B, "noop", previous=A)],
        [step(A, "create", id=None, entry=False, became="p2")],
        [step(C, "update", previous=B, body={"greeting": "1"}, fields=["/greeting"])],
        [step(A, "update", id="p2", body={"greeting": "1"}, fields=["/greeting"])],
    ]
    first, second = follow(runs, KINDS)
    assert (first.ids, str(first.then), first.was_managed, len(first.items)) == (["p1"], "persona.a", True, 2)
    assert (second.ids, str(second.then), second.was_managed, len(second.items)) == (["p2"], "persona.a", False, 2)


def test_what_state_held_under_no_recorded_name_is_found_by_its_id():
    """A rename of which no entry tells, as those before they were noted."""
    runs = [[step(A, body={"greeting": "1"}, fields=["/greeting"])], [step(B, body={}, fields=["/context"])]]
    [thread] = follow(runs, KINDS)
    assert thread.address_in({("persona", "p1"): C}) == C
    assert thread.then == A


def test_made_again_it_is_the_same_to_its_owner():
    runs = [[step(A, "create", became="p2")], [step(A, id="p2", body={}, fields=["/greeting"])]]
    [thread] = follow(runs, KINDS)
    assert thread.ids == ["p1", "p2"]
    assert thread.address_in({("persona", "p2"): A, ("persona", "p1"): B}) == A


def test_a_create_of_which_nothing_was_noted_is_what_its_address_held_next():
    runs = [[step(A, "create", id=None, entry=False)], [step(A, body={}, fields=["/greeting"])]]
    [thread] = follow(runs, KINDS)
    assert not thread.was_managed


def test_what_was_deleted_is_as_it_was_last_with_our_writes_taken_back():
    runs = [
        [step(A, body={"greeting": "1", "context": "old"}, fields=["/greeting"])],
        [step(A, "delete", body={"greeting": "2", "context": "by hand"})],
    ]
    [thread] = follow(runs, KINDS)
    assert thread.is_whole
    assert thread.body() == {"greeting": "1", "context": "by hand"}


def test_of_an_object_gone_without_a_look_nothing_is_known():
    [thread] = follow([[step(A, "delete", id="p1")]], KINDS)
    assert thread.body() is None
    assert not thread.is_whole


def test_the_first_look_at_all_of_it_counts_where_the_first_look_showed_less():
    runs = [
        [step(A, body={"greeting": "1"}, fields=["/greeting"])],
        [step(A, body={"greeting": "2", "context": "c"}, fields=["/context"], whole=True)],
    ]
    [thread] = follow(runs, KINDS)
    assert thread.is_whole
    assert thread.body() == {"greeting": "1", "context": "c"}


def test_put_back_takes_away_what_was_not_there():
    later = step(A, "delete", body={"greeting": "2", "context": "c"})
    assert put_back(kind("persona"), later, {"context": "x"}, ["/greeting"]) == {"context": "c"}


def test_related_is_either_way_round():
    assert related("/layers/llm/model", ["/layers/llm"])
    assert related("/layers", ["/layers/llm"])
    assert not related("/layers/llmx", ["/layers/llm"])
