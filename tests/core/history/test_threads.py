"""Threads of objects through several runs: renames, deletes, replacements, and the body of one moment."""

from __future__ import annotations

from reconciler.core.history.threads import follow, put_back, related
from reconciler.types.preimage import Preimage
from reconciler.types.state import Entry
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
    [thread] = follow(runs)
    assert thread.body() == {"greeting": "1", "context": "x"}
    assert thread.touched == {"/greeting", "/context"}
    assert (thread.latest, thread.then, thread.was_managed, thread.is_gone) == (A, A, True, False)


def test_renames_are_followed_back_and_the_old_name_may_be_taken_again():
    runs = [
        [step(B, "noop", previous=A)],
        [step(A, "create", id=None, entry=False)],
        [step(C, "update", previous=B, body={"greeting": "1"}, fields=["/greeting"])],
    ]
    found = {(str(one.latest), str(one.then), one.was_managed) for one in follow(runs)}
    assert found == {("persona.c", "persona.a", True), ("persona.a", "persona.a", False)}


def test_what_was_deleted_is_as_it_was_last_with_our_writes_taken_back():
    runs = [
        [step(A, body={"greeting": "1", "context": "old"}, fields=["/greeting"])],
        [step(A, "delete", body={"greeting": "2", "context": "by hand"})],
    ]
    [thread] = follow(runs)
    assert thread.is_gone
    assert thread.is_known
    assert thread.body() == {"greeting": "1", "context": "by hand"}


def test_a_delete_that_was_cut_off_may_not_have_happened():
    [thread] = follow([[step(A, "delete", body={"greeting": "1"}, outcome="unknown")]])
    assert not thread.is_gone


def test_of_an_object_gone_without_a_look_nothing_is_known():
    [thread] = follow([[step(A, "delete", id="p1")]])
    assert thread.body() is None
    assert not thread.is_known


def test_put_back_takes_away_what_was_not_there():
    later = step(A, "delete", body={"greeting": "2", "context": "c"})
    assert put_back(later, {"context": "x"}, ["/greeting"]) == {"context": "c"}


def test_related_is_either_way_round():
    assert related("/layers/llm/model", ["/layers/llm"])
    assert related("/layers", ["/layers/llm"])
    assert not related("/layers/llmx", ["/layers/llm"])
