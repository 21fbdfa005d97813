"""The page of a watcher: true for every status, and nothing of others' text is markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.reporters.watch_status import next_step, watch_page
from reconciler.types.watch import Memory, Mode, Round, Seen, Status, Watch

NOW = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
DONE = Round("prod", Status.DRIFTED, "1 to update", "0123456789abcdef", {"update": 1}, hint="look at it")
SEEN = Seen(
    "prod", Watch(), Memory(since=NOW), DONE, NOW, NOW + timedelta(seconds=42), "", {"drifted": 1}, 0, 0, plan=True
)  # fmt: skip


@pytest.mark.parametrize("status", Status)
def test_it_says_what_each_workspace_is_since_when_why_and_what_comes_next(status: Status) -> None:
    page = watch_page("desk", [replace(SEEN, round=replace(DONE, status=status))], NOW)
    for text in (status.value.replace("_", " "), "2026-11-30 09:05:00", "1 to update", "look at it"):
        assert text in page
    assert '<a href="/plan/prod">plan</a>' in page


def test_text_of_others_is_no_markup() -> None:
    evil = '<script>alert("x")</script>'
    page = watch_page(evil, [replace(SEEN, workspace=evil, round=replace(DONE, reason=evil, hint=evil))], NOW)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4
    assert 'href="/plan/%3Cscript%3E' in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "a look at 09:05:42 UTC, in 42 s"),
        ({"next": NOW - timedelta(seconds=5)}, "a look at 09:04:55 UTC, in 0 s"),
        ({"watch": Watch(mode=Mode.OFF)}, "nothing, until the project file says something else"),
        ({"round": replace(DONE, status=Status.PAUSED)}, "nothing, until somebody resumes it"),
        (
            {"round": replace(DONE, status=Status.PAUSED, after=7200.0), "next": NOW + timedelta(hours=2)},
            "it goes on at 11:05:00 UTC, in 2 h",
        ),
        (
            {"round": replace(DONE, status=Status.AWAITING_APPROVAL)},
            "a person's yes or no; a look at 09:05:42 UTC, in 42 s",
        ),
        ({"round": replace(DONE, status=Status.UNAUTHORIZED)}, "another try at 09:05:42 UTC, in 42 s"),
        ({"next": None}, "a round is under way"),
        ({"next": None, "looked": None}, "the first round"),
        ({"doing": "writing"}, "writing since 09:05:00"),
    ],
)
def test_what_comes_next(change: dict[str, object], words: str) -> None:
    assert next_step(replace(SEEN, **change), NOW) == words  # type: ignore[arg-type]


def test_nothing_is_said_of_a_workspace_that_nobody_looked_at() -> None:
    page = watch_page("desk", [replace(SEEN, round=None, looked=None, next=None, plan=False)], NOW)
    assert "not looked at yet" in page
    assert "/plan/" not in page


def test_commands_stand_out_and_counts_stand_above() -> None:
    failed = replace(SEEN, round=replace(DONE, status=Status.FAILED, hint="`reconciler <watch>` does"))
    page = watch_page("desk", [SEEN, SEEN, failed], NOW)
    assert "<code>reconciler &lt;watch&gt;</code> does" in page
    assert "<li><b>2</b>drifted</li><li><b>1</b>failed</li>" in page


def test_what_asks_for_a_person_stands_first_and_what_is_synced_last() -> None:
    order = (Status.SYNCED, Status.PENDING, Status.DRIFTED, Status.FAILED, Status.SYNCED, Status.BLOCKED)
    seen = [
        replace(SEEN, workspace=f"w{number}", round=replace(DONE, workspace=f"w{number}", status=status))
        for number, status in enumerate(order)
    ]
    page = watch_page("desk", seen, NOW)
    assert sorted(range(6), key=lambda number: page.index(f"/plan/w{number}")) == [3, 5, 2, 1, 0, 4]
