"""What people ask of a watched workspace: how long a word counts, and for which plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.types.watch import Answer, Call, Pause, Requests, WaitingPlan

NOW = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLAN = WaitingPlan("d1", "c1", NOW, NOW + 60 * SECOND, "1 to update", "{}")
YES = Answer("d1", True, "kim", NOW)
ASKED = Requests(waiting=PLAN, answer=YES)


@pytest.mark.parametrize(
    ("until", "holds"), [(None, True), (NOW + SECOND, True), (NOW, False), (NOW - SECOND, False)]
)
def test_a_pause_ends_at_its_end(until: datetime | None, holds: bool) -> None:
    assert Pause("kim", NOW, until).holds(NOW) is holds


@pytest.mark.parametrize(
    ("asked", "now", "counts"),
    [
        (ASKED, NOW, True),
        (ASKED, PLAN.expires - SECOND, True),
        (ASKED, PLAN.expires, False),
        (replace(ASKED, answer=replace(YES, yes=False)), PLAN.expires, True),
        (replace(ASKED, answer=replace(YES, digest="d2")), NOW, False),
        (replace(ASKED, waiting=None), NOW, False),
        (replace(ASKED, answer=None), NOW, False),
    ],
)
def test_an_answer_counts_for_exactly_its_plan_while_that_waits(asked: Requests, now: datetime, counts: bool) -> None:
    assert asked.answered(now) == (asked.answer if counts else None)


def test_a_round_is_due_when_people_spoke_and_not_when_the_watcher_did() -> None:
    assert replace(ASKED, serial=7, waiting=None).voice == ASKED.voice
    assert replace(ASKED, pause=Pause("kim", NOW)).voice != ASKED.voice
    assert replace(ASKED, call=Call("kim", NOW)).voice != ASKED.voice
    assert replace(ASKED, answer=None).voice != ASKED.voice
