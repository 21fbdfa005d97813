"""The document of requests: what was written is read; what is none is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.continuous.request_document import (
    dump_requests,
    parse_requests,
    sign_answer,
    without_forged_yes,
)
from reconciler.core.state.state_document import peek
from reconciler.errors import StateUnreadable
from reconciler.types.watch import Answer, Call, Memory, Pause, Report, Requests, Round, Status, WaitingPlan

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
MOMENT = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
PAUSES = st.builds(Pause, TEXT, MOMENT, st.none() | MOMENT, TEXT)
WAITING = st.builds(WaitingPlan, TEXT, TEXT, MOMENT, MOMENT, TEXT, TEXT)
ROUNDS = st.builds(Round, TEXT, st.sampled_from(Status), TEXT, st.none() | TEXT, st.dictionaries(TEXT, st.integers()))
MEMORIES = st.builds(Memory, st.none() | st.sampled_from(Status), st.none() | MOMENT)
REQUESTS = st.builds(
    Requests,
    lineage=TEXT,
    serial=st.integers(0, 10**9),
    pause=st.none() | PAUSES,
    waiting=st.none() | WAITING,
    answer=st.none() | st.builds(Answer, TEXT, st.booleans(), TEXT, MOMENT, TEXT),
    call=st.none() | st.builds(Call, TEXT, MOMENT),
    report=st.none() | st.builds(Report, TEXT, MOMENT, st.none() | MOMENT, TEXT, ROUNDS, MEMORIES),
)


@settings(max_examples=40)
@given(REQUESTS)
def test_what_was_written_is_read(requests: Requests) -> None:
    data = dump_requests(requests)
    assert parse_requests(data, "here") == requests
    assert peek(data) == (requests.lineage, requests.serial), "stores that seal or count documents tell it by these"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"type": "reconciler-watch", "format": 2}',
             b'{"type": "reconciler-watch", "format": 1, "lineage": "x", "serial": 1, "body": {"pause": 3}}',
             b'{"type": "reconciler-watch", "format": 1, "lineage": "x", "serial": 1, "body": {"call":'
             b' {"who": "kim", "at": "soon"}}}'],
)  # fmt: skip
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(StateUnreadable):
        parse_requests(data, "here")


def test_none_yet() -> None:
    assert parse_requests(None, "here") == Requests()


@pytest.mark.parametrize(
    "head", [{"lineage": 1}, {"lineage": None}, {"serial": "1"}, {"serial": None}, {"body": []}, {"body": None}]
)
def test_a_document_without_its_head_is_refused(head: dict[str, object]) -> None:
    whole = {"type": "reconciler-watch", "format": 1, "lineage": "x", "serial": 1, "body": {}}
    assert parse_requests(json.dumps(whole).encode(), "here") == Requests("x", 1)
    with pytest.raises(StateUnreadable):
        parse_requests(json.dumps({**whole, **head}).encode(), "here")


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PLAN = WaitingPlan("digest", "c0ffee", NOON, NOON, "", "")
YES, NO = Answer("digest", True, "ann@host", NOON, ""), Answer("digest", False, "ann@host", NOON, "")


def test_only_a_yes_that_the_key_signed_lets_something_through() -> None:
    """Who can write to the store alone may stop things, and let nothing through."""
    signed = Requests(waiting=PLAN, answer=sign_answer(YES, PLAN, b"key"))
    assert without_forged_yes(signed, b"key") is signed
    for forged in (
        replace(signed, answer=YES),
        replace(signed, answer=replace(YES, signature="\ud800")),
        replace(signed, answer=sign_answer(YES, PLAN, b"other")),
        replace(signed, answer=replace(sign_answer(YES, PLAN, b"key"), who="bob@host")),
        replace(signed, answer=replace(sign_answer(NO, PLAN, b"key"), yes=True)),
        replace(signed, waiting=replace(PLAN, commit="beef")),
        replace(signed, waiting=replace(PLAN, expires=datetime(2027, 1, 1, tzinfo=UTC))),
    ):
        assert without_forged_yes(forged, b"key") == replace(forged, answer=None)
        assert without_forged_yes(forged, None) is forged, "without a key nobody signs"
    no = Requests(waiting=PLAN, answer=NO)
    for harmless in (no, Requests(waiting=PLAN), Requests(answer=YES), Requests()):
        assert without_forged_yes(harmless, b"key") is harmless
    assert sign_answer(YES, PLAN, None) is YES
