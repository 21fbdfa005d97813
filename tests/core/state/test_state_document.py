"""State and bytes: what was written is read back, and nothing else is ever taken for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.serialization.digest import digest_bytes
from reconciler.core.state import entry_format as format_upgrades
from reconciler.core.state.state_document import (
    check_owner,
    dump_state,
    history_from_json,
    history_lines,
    load_state,
    new_state,
    parse_state,
    peek,
    running_from_json,
    running_line,
)
from reconciler.errors import StateUnreadable
from reconciler.types.address import Address
from reconciler.types.history import Anchor, History, HistoryEntry, RunHeader, Running
from reconciler.types.manifest import Lifecycle, Manage
from reconciler.types.state import Entry, Intent, PlanProgress, State
from tests.support.making import at
from tests.support.strategies import STATES

CLAIMS = Address("persona", "claims-desk")
TOOL = Address("tool", "lookup_policy")
STATE = State(
    lineage="l-1",
    serial=4,
    workspace="production",
    resources={
        TOOL: Entry("t1", {"/name": "d1"}),
        CLAIMS: Entry(
            "p1", {"/persona_name": "d2", "/layers/llm/api_key": "scrypt:x"}, {"/persona_name": "d3"},
            Lifecycle(True, ("/layers/tts",), Manage.OBSERVE), "c.yaml", ("/layers/llm",), ("/layers/llm/api_key",),
            "Claims Desk", ("tool.lookup_policy",),
        ),
    },
    pending=(Intent(Address("persona", "new"), "persona", "New", ("p7",), "2026-11-21T05:00:00Z"),),
    owner="o1", keys=("k1",), base_url="https://api.test/v2", salt="aa", project="shop",
    plans=(PlanProgress("x", finished=True), PlanProgress("y", frozenset({CLAIMS}), serial=4)),
)  # fmt: skip
HEADER = RunHeader("apply", "ann@host")


def sealed(document: Any) -> bytes:
    """A document written by hand, with a checksum that fits."""
    text = json.dumps({key: value for key, value in document.items() if key != "checksum"}, indent=1)
    body = text.rstrip("}").rstrip().encode() + b","
    return body + b'\n"checksum": "' + digest_bytes(body).encode() + b'"\n}\n'


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATES)
def test_round_trip(state: State) -> None:
    data = dump_state(state)
    assert parse_state(data) == state
    assert dump_state(parse_state(data)) == data
    assert peek(data) == (state.lineage, state.serial)


def test_layout_is_one_line_a_resource_and_stable() -> None:
    lines = dump_state(STATE).decode().splitlines()
    assert [line for line in lines if line.startswith('"persona.claims-desk"')]
    assert [line for line in lines if line.startswith('"tool.lookup_policy": {"id": "t1", "kind": "tool", "sent"')]
    moved = replace(STATE, resources=dict(reversed(list(STATE.resources.items()))))
    assert dump_state(moved) == dump_state(STATE)


def test_document_has_the_documented_members() -> None:
    document = json.loads(dump_state(STATE))
    assert (document["format"], document["project"]) == (3, "shop")
    assert document["account"] == {"owner": "o1", "keys": ["k1"], "base_url": "https://api.test/v2"}
    entry = document["resources"]["persona.claims-desk"]
    assert (entry["kind"], entry["protect"], entry["manage"], entry["ignore"]) == (
        "persona", True, "observe", ["/layers/tts"],
    )  # fmt: skip
    assert document["pending"][0]["before"] == ["p7"]


def test_ids_that_left_are_written_only_where_there_are_some() -> None:
    assert "retired" not in json.loads(dump_state(STATE))
    left = replace(STATE, retired={Address("tool", "b"): ("t2",), Address("tool", "a"): ("t1", "t3")})
    document = json.loads(dump_state(left))
    assert document["retired"] == {"tool.a": ["t1", "t3"], "tool.b": ["t2"]}
    assert parse_state(dump_state(left)) == left


def test_no_state_yet_is_a_new_one_of_serial_0() -> None:
    state = load_state(None, "sandbox", lineage="l-9")
    assert (state.lineage, state.serial, state.workspace, dict(state.resources)) == ("l-9", 0, "sandbox", {})
    assert state.salt == new_state("sandbox", "l-9").salt != new_state("sandbox", "l-8").salt


def test_the_state_of_another_workspace_is_refused() -> None:
    with pytest.raises(StateUnreadable, match="belongs to workspace 'production'") as caught:
        load_state(dump_state(STATE), "sandbox", lineage="x", project="shop", where="/p/state.json")
    assert "/p/state.json" in caught.value.message


def test_a_newer_format_asks_for_the_newer_version() -> None:
    data = dump_state(STATE).replace(b'"format": 3', b'"format": 4')
    with pytest.raises(StateUnreadable, match="format 4, this version reads up to 3") as caught:
        parse_state(data)
    assert "upgrade" in str(caught.value.hint)


def test_an_edit_by_hand_is_refused_and_names_the_backup() -> None:
    with pytest.raises(StateUnreadable, match="checksum") as caught:
        parse_state(dump_state(STATE).replace(b'"p1"', b'"p2"'))
    assert "state.json.backup" in str(caught.value.hint)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damage_is_taken_for_a_state(data: st.DataObject) -> None:
    whole = dump_state(STATE)
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255))
    for damaged in (
        whole[:at],
        whole[:at] + bytes([byte]) + whole[at + 1 :],
        whole[at:],
        whole[:at] + whole[at + 1 :],
    ):
        try:
            assert parse_state(damaged) == STATE
        except StateUnreadable as error:
            assert error.hint


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{}", b'{"format": "1"}', b"\x00" * 50, b"\xff", b"[" * 100_000, b'{"format": true}'],
)
def test_other_bytes_are_no_state(data: bytes) -> None:
    with pytest.raises(StateUnreadable):
        parse_state(data)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"lineage": 1}, "/lineage"),
        ({"serial": -1}, "/serial"),
        ({"serial": True}, "/serial"),
        ({"resources": []}, "/resources"),
        ({"resources": {"nodot": {}}}, "/resources/nodot"),
        ({"resources": {"tool.a": {"id": "t", "kind": "persona"}}}, "/resources/tool.a/kind"),
        ({"resources": {"tool.a": {"id": 5, "kind": "tool"}}}, "/resources/tool.a/id"),
        ({"resources": {"tool.a": {"id": "t", "kind": "tool", "sent": {"/x": 1}}}}, "/resources/tool.a/sent//x"),
        ({"resources": {"tool.a": {"id": "t", "kind": "tool", "manage": "some"}}}, "/resources/tool.a/manage"),
        ({"resources": {"tool.a": {"id": "t", "kind": "tool", "protect": 1}}}, "/resources/tool.a/protect"),
        ({"resources": {"tool.a": {"id": "t", "kind": "tool", "later": 1}}}, "unknown member 'later'"),
        ({"pending": [{"address": "x"}]}, "/pending/0/address"),
        ({"pending": {}}, "/pending"),
        ({"account": None}, "/account"),
        ({"extra": 1}, "unknown member 'extra'"),
    ],
)
def test_a_wrong_member_is_named(change: dict[str, Any], place: str) -> None:
    document = json.loads(dump_state(STATE))
    with pytest.raises(StateUnreadable) as caught:
        parse_state(sealed({**document, **change}))
    assert place in caught.value.message


def test_older_formats_are_upgraded_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(format_upgrades.UPGRADES, 1, lambda document: {**document, "format": 2, "step": "one"})
    monkeypatch.setitem(format_upgrades.UPGRADES, 2, lambda document: {**_without(document, "step"), "format": 3})
    document = json.loads(dump_state(STATE))
    assert parse_state(sealed({**document, "format": 1})) == STATE


def _without(document: dict[str, Any], name: str) -> dict[str, Any]:
    assert document[name] == "one"
    return {key: value for key, value in document.items() if key != name}


def test_a_format_without_a_way_up_is_said() -> None:
    document = json.loads(dump_state(STATE))
    with pytest.raises(StateUnreadable, match="no way from format 0"):
        parse_state(sealed({**document, "format": 0}))


def test_peek_tells_nothing_of_what_is_no_state() -> None:
    assert peek(None) is None
    assert peek(b"") is None
    assert peek(b"{}") is None


def test_no_history_is_no_line():
    assert history_lines(History()) == []
    assert running_line(None) == []
    assert history_from_json(None, "") == History()
    assert running_from_json(None, "") is None


def test_one_line_an_entry_and_back():
    entries = tuple(HistoryEntry(n, n, n - 1, HEADER, "done", {"added": n}, "x", "d") for n in (1, 2, 3))
    history = History(Anchor(0, 0, ""), entries)
    lines = history_lines(history)
    assert len(lines) == 5
    document = json.loads("{" + "".join(lines).rstrip(",") + "}")
    assert history_from_json(document["history"], "/history") == history


def test_a_run_and_back():
    running = Running(HEADER, {at("persona.a"): "x"}, frozenset({at("persona.a")}))
    document = json.loads("{" + running_line(running)[0].rstrip(",") + "}")
    assert running_from_json(document["running"], "/running") == running


@pytest.mark.parametrize(
    ("of", "moved_to", "asked", "why"),
    [
        (None, None, None, None),
        (None, None, "shop", None),
        ("shop", None, "shop", None),
        ("shop", None, None, "has no project file"),
        ("shop", None, "desk", "not to 'desk'"),
        ("shop", "elsewhere", "shop", "was moved to elsewhere"),
    ],
)
def test_whose_a_state_is(of: str | None, moved_to: str | None, asked: str | None, why: str | None) -> None:
    """A state of no project is anybody's, one that moved nobody's."""
    state = State("lineage", workspace="sandbox", project=of, moved_to=moved_to)
    if why is None:
        check_owner(state, "sandbox", asked)
    else:
        with pytest.raises(StateUnreadable, match=why):
            check_owner(state, "sandbox", asked)
