"""The history: closed runs, the chain of digests, what is dropped, and what tampering looks like."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.history.history_chain import (
    changes_of,
    close_run,
    object_histories,
    paths_overlap,
    prune,
    restore_paths,
    verify,
)
from reconciler.core.history.preimage import pack, unpack, write_item
from reconciler.core.serialization.digest import digest_bytes
from reconciler.core.state.state_document import dump_state, parse_state
from reconciler.errors import StateUnreadable
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.history import DEFAULT_RETENTION, Anchor, History, Retention, RunHeader, Running
from reconciler.types.state import Entry, Preimage, State
from tests.support.making import at

HEADER = RunHeader("apply", "ann@host", "2026-11-21T12:00:00Z", "1.0", "plan", "c0ffee")
A, B = at("persona.a"), at("persona.b")


def item(address=A, **more):
    entry = Entry("p1", {"/greeting": "d1"}, secrets={"/layers/llm/api_key": {"env": "KEY"}})
    base = Preimage(address, "update", "p1", {"greeting": "Hi"}, entry, ("/greeting",))
    return replace(base, **more)


def ran(*items, ended="done", **more) -> Running:
    return Running(HEADER, {one.address: pack(write_item(one)) for one in items}, ended=ended, **more)


def history(runs: int, retention: Retention = DEFAULT_RETENTION) -> State:
    state = State("lineage", 0, "w")
    for number in range(1, runs + 1):
        state, _ = close_run(replace(state, serial=number, running=ran(item(body={"greeting": str(number)}))), number,
                             retention)  # fmt: skip
    return state


def test_a_run_becomes_an_entry_that_says_what_came_of_it():
    running = ran(item(), item(B, action="create", body=None, entry=None, fields=()), failed=frozenset({B}))
    state, _ = close_run(State("lineage", 3, "w", running=running), 4, Retention())
    assert state.running is None
    [entry] = state.history.entries
    assert (entry.number, entry.serial, entry.previous, entry.header, entry.result) == (1, 4, 0, HEADER, "done")
    assert dict(entry.counts) == {"changed": 1, "failed": 1}
    assert [one.outcome for one in changes_of(entry)] == ["done", "failed"]
    assert changes_of(entry)[0] == replace(item(), outcome="done")


def test_a_killed_run_is_interrupted_and_what_it_did_not_record_is_unknown():
    running = ran(item(), item(B), ended=None, done=frozenset({A}))
    state, _ = close_run(State("lineage", 3, "w", running=running), 4, Retention())
    [entry] = state.history.entries
    assert entry.result == "interrupted"
    assert dict(entry.counts) == {"changed": 1, "unknown": 1}


def test_a_run_that_changed_nothing_leaves_no_entry():
    for running in (None, ran(), ran(item(), skipped=frozenset({A}))):
        state, dropped = close_run(State("lineage", 3, "w", running=running), 4, Retention())
        assert state == State("lineage", 3, "w")
        assert dropped == ()


def test_the_document_carries_history_and_run_there_and_back():
    state = replace(history(3), running=ran(item(), ended=None, done=frozenset({A})))
    assert parse_state(dump_state(state)) == state
    assert dump_state(parse_state(dump_state(state))) == dump_state(state)


def test_an_older_state_has_an_empty_history():
    document = dump_state(State("l", 2, "w"))
    body = document[: document.index(b'\n"checksum"')].replace(b'"format": 2', b'"format": 1')
    old = body + b'\n"checksum": "' + digest_bytes(body).encode() + b'"\n}\n'
    assert parse_state(old) == State("l", 2, "w")


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 5000))
def test_what_is_kept_is_the_newest_that_fits_and_the_chain_still_holds(runs, keep, size):
    state = history(runs, Retention(keep, size))
    kept, anchor = state.history.entries, state.history.anchor
    assert 1 <= len(kept) <= keep
    assert [entry.number for entry in kept] == list(range(runs - len(kept) + 1, runs + 1))
    assert anchor.number == runs - len(kept)
    assert len(kept) == 1 or sum(len(entry.changes) for entry in kept) <= size
    verify(state)


def test_the_newest_entry_stays_whatever_its_size():
    kept, dropped = prune(history(3).history, Retention(1, 1))
    assert [entry.number for entry in kept.entries] == [3]
    assert [entry.number for entry in dropped] == [1, 2]
    assert kept.anchor.serial == 2


MEMBERS = ("number", "serial", "previous", "result", "changes", "digest")


@given(st.sampled_from(MEMBERS), st.integers(0, 4), st.data())
def test_any_edit_of_an_entry_is_found_and_named(member, place, data):
    state = history(5)
    entries = list(state.history.entries)
    old = getattr(entries[place], member)
    if isinstance(old, int):
        new = data.draw(st.integers(0, 20).filter(lambda value: value != old))
    else:
        cut = data.draw(st.integers(0, len(old) - 1))
        new = old[:cut] + ("x" if old[cut] != "x" else "y") + old[cut + 1 :]
    entries[place] = replace(entries[place], **{member: new})
    with pytest.raises(StateUnreadable, match=r"entry \d+ \(serial \d+\)"):
        verify(replace(state, history=History(state.history.anchor, tuple(entries))))


@pytest.mark.parametrize("field", ["operation", "who", "at", "version", "plan", "commit"])
def test_the_head_of_an_entry_is_under_the_chain(field):
    state = history(2)
    first, last = state.history.entries
    first = replace(first, header=replace(first.header, **{field: "other"}))
    with pytest.raises(StateUnreadable, match="entry 1"):
        verify(replace(state, history=History(entries=(first, last))))


@pytest.mark.parametrize("change", ["out", "swapped", "doubled", "anchor", "foreign"])
def test_entries_that_are_moved_or_taken_out_are_found(change):
    state = history(4, Retention(3))
    anchor, (a, b, c) = state.history.anchor, state.history.entries
    broken = {
        "out": History(anchor, (a, c)),
        "swapped": History(anchor, (b, a, c)),
        "doubled": History(anchor, (a, a, b, c)),
        "anchor": History(Anchor(anchor.number, anchor.serial, "0" * 64), (a, b, c)),
        "foreign": History(Anchor(), (a, b, c)),
    }
    with pytest.raises(StateUnreadable, match="history"):
        verify(replace(state, history=broken[change]))


def test_the_history_of_another_state_does_not_fit():
    with pytest.raises(StateUnreadable, match="entry 1"):
        verify(replace(history(2), lineage="other"))


@given(st.data())
def test_any_changed_byte_of_the_document_is_refused(data):
    document = dump_state(history(3))
    end = document.index(b'"checksum"')
    place = data.draw(st.integers(0, end - 1))
    byte = data.draw(st.integers(33, 126).filter(lambda value: value != document[place]))
    with pytest.raises(StateUnreadable):
        parse_state(document[:place] + bytes([byte]) + document[place + 1 :])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_packed_values_come_back_with_their_members_in_order(value):
    again = unpack(pack(value))
    assert again == value
    assert json.dumps(again) == json.dumps(value)


@given(st.data())
def test_damaged_pre_images_are_an_error_that_names_the_entry(data):
    [entry] = history(1).history.entries
    cut = data.draw(st.integers(0, len(entry.changes) - 1))
    with pytest.raises(StateUnreadable, match="entry 1"):
        changes_of(replace(entry, changes=entry.changes[:cut]))


OBJECT_HISTORY_A, OBJECT_HISTORY_B, C = at("persona.a"), at("persona.b"), at("persona.c")


def step(address, action="update", *, body=None, fields=(), id="p1", entry=True, **more) -> Preimage:
    return Preimage(
        address, action, id, body, Entry(id or "") if entry else None, tuple(fields), **{"outcome": "done", **more}
    )


def test_the_first_pre_image_counts():
    runs = [
        [step(OBJECT_HISTORY_A, body={"greeting": "1", "context": "x"}, fields=["/greeting"])],
        [step(OBJECT_HISTORY_A, body={"greeting": "2", "context": "y"}, fields=["/context"])],
    ]
    [thread] = object_histories(runs, KINDS)
    assert thread.body() == {"greeting": "1", "context": "x"}
    assert thread.touched == {"/greeting", "/context"}
    assert (thread.ids, thread.address_then, thread.was_managed) == (["p1"], OBJECT_HISTORY_A, True)


def test_renames_are_followed_and_the_old_name_may_be_taken_again():
    runs = [
        [step(OBJECT_HISTORY_B, "noop", previous=OBJECT_HISTORY_A)],
        [step(OBJECT_HISTORY_A, "create", id=None, entry=False, became="p2")],
        [step(C, "update", previous=OBJECT_HISTORY_B, body={"greeting": "1"}, fields=["/greeting"])],
        [step(OBJECT_HISTORY_A, "update", id="p2", body={"greeting": "1"}, fields=["/greeting"])],
    ]
    first, second = object_histories(runs, KINDS)
    assert (first.ids, str(first.address_then), first.was_managed, len(first.items)) == (["p1"], "persona.a", True, 2)
    assert (second.ids, str(second.address_then), second.was_managed, len(second.items)) == (
        ["p2"],
        "persona.a",
        False,
        2,
    )


def test_what_state_held_under_no_recorded_name_is_found_by_its_id():
    """A rename of which no entry tells, as those before they were noted."""
    runs = [
        [step(OBJECT_HISTORY_A, body={"greeting": "1"}, fields=["/greeting"])],
        [step(OBJECT_HISTORY_B, body={}, fields=["/context"])],
    ]
    [thread] = object_histories(runs, KINDS)
    assert thread.address_in({("persona", "p1"): C}) == C
    assert thread.address_then == OBJECT_HISTORY_A


def test_made_again_it_is_the_same_to_its_owner():
    runs = [
        [step(OBJECT_HISTORY_A, "create", became="p2")],
        [step(OBJECT_HISTORY_A, id="p2", body={}, fields=["/greeting"])],
    ]
    [thread] = object_histories(runs, KINDS)
    assert thread.ids == ["p1", "p2"]
    assert (
        thread.address_in({("persona", "p2"): OBJECT_HISTORY_A, ("persona", "p1"): OBJECT_HISTORY_B})
        == OBJECT_HISTORY_A
    )


def test_a_create_of_which_nothing_was_noted_is_what_its_address_held_next():
    runs = [
        [step(OBJECT_HISTORY_A, "create", id=None, entry=False)],
        [step(OBJECT_HISTORY_A, body={}, fields=["/greeting"])],
    ]
    [thread] = object_histories(runs, KINDS)
    assert not thread.was_managed


def test_what_was_deleted_is_as_it_was_last_with_our_writes_taken_back():
    runs = [
        [step(OBJECT_HISTORY_A, body={"greeting": "1", "context": "old"}, fields=["/greeting"])],
        [step(OBJECT_HISTORY_A, "delete", body={"greeting": "2", "context": "by hand"})],
    ]
    [thread] = object_histories(runs, KINDS)
    assert thread.is_whole
    assert thread.body() == {"greeting": "1", "context": "by hand"}


def test_of_an_object_gone_without_a_look_nothing_is_known():
    [thread] = object_histories([[step(OBJECT_HISTORY_A, "delete", id="p1")]], KINDS)
    assert thread.body() is None
    assert not thread.is_whole


def test_the_first_look_at_all_of_it_counts_where_the_first_look_showed_less():
    runs = [
        [step(OBJECT_HISTORY_A, body={"greeting": "1"}, fields=["/greeting"])],
        [step(OBJECT_HISTORY_A, body={"greeting": "2", "context": "c"}, fields=["/context"], whole=True)],
    ]
    [thread] = object_histories(runs, KINDS)
    assert thread.is_whole
    assert thread.body() == {"greeting": "1", "context": "c"}


def test_put_back_takes_away_what_was_not_there():
    later = step(OBJECT_HISTORY_A, "delete", body={"greeting": "2", "context": "c"})
    assert restore_paths(kind("persona"), later, {"context": "x"}, ["/greeting"]) == {"context": "c"}


def test_related_is_either_way_round():
    assert paths_overlap("/layers/llm/model", ["/layers/llm"])
    assert paths_overlap("/layers", ["/layers/llm"])
    assert not paths_overlap("/layers/llmx", ["/layers/llm"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": 7}, "does not follow"),
        ({"previous": 0}, "does not follow"),
        ({"serial": 1}, "bears a serial"),
        ({"serial": 99}, "bears a serial"),
        ({"result": "failed"}, "does not fit its digest"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told(changes, said):
    state = history(3)
    first, second, third = state.history.entries
    broken = replace(state.history, entries=(first, replace(second, **changes), third))
    with pytest.raises(StateUnreadable, match=f"entry {changes.get('number', 2)} .*{said}"):
        verify(replace(state, history=broken))


def test_what_people_read_of_a_run_counts_moves_and_imports_too():
    moved, came = item(previous=at("persona.old")), item(B, action="noop", imported=True)
    state, _ = close_run(State("lineage", 3, "w", running=ran(moved, came)), 4, Retention())
    assert dict(state.history.entries[0].counts) == {"changed": 1, "moved": 1, "imported": 1}


def test_an_object_is_called_what_its_body_says_else_what_state_says():
    known = Entry("p1", name="Known")

    def name(body, *, entry=known):
        return object_histories([[item(body=body, entry=entry)]], KINDS)[0].name

    assert name({"pal_name": "Shown"}) == "Shown"
    assert name({"pal_name": ""}) == name({"pal_name": 7}) == name({}) == name(None) == "Known"
    assert name({}, entry=Entry("p1")) is None
    assert name({"pal_name": "Shown"}, entry=None) == "Shown"


def test_only_a_create_that_may_have_happened_is_what_comes_next_at_its_address():
    def made(outcome):
        create = Preimage(A, "create", outcome=outcome)
        return len(object_histories([[create], [item()]], KINDS))

    assert made("unknown") == made("done") == 1
    assert made("failed") == 2
    known = Preimage(A, "create", became="p9", outcome="done")
    assert len(object_histories([[known], [item()]], KINDS)) == 2, "that one was noted, and is another"
