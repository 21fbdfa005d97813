"""Rounds as lines, objects and a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.reporters.watch_status import round_line, round_object, status_table
from reconciler.types.watch import Memory, Round, Status, Watch

NOW = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
DONE = Round("staging", Status.DRIFTED, "1 to update\nof 3", "0123456789abcdef", {"update": 1})


def test_a_round_is_one_line() -> None:
    line = round_line(DONE, NOW)
    assert line.splitlines() == [line]
    assert line.split() == [
        "2026-11-30", "09:05:00Z", "staging", "drifted", "1", "to", "update", "of", "3", "at", "0123456789",
    ]  # fmt: skip


def test_for_machines_every_fact_is_there() -> None:
    found = round_object(DONE, Memory(since=NOW, failures=2), Watch(), NOW)
    assert (found["workspace"], found["status"], found["changes"]) == ("staging", "drifted", {"update": 1})
    assert (found["since"], found["failures"], found["version"]) == ("2026-11-30T09:05:00Z", 2, "0123456789abcdef")


def test_columns_stand_below_their_titles() -> None:
    other = replace(DONE, workspace="p", status=Status.SYNCED, commit=None, reason="nothing differs")
    title, *rows = status_table([(DONE, Memory(since=NOW)), (other, Memory())]).splitlines()
    assert [row[title.index("STATUS") :].split()[0] for row in rows] == ["drifted", "synced"]
    assert [row[title.index("REASON") :] for row in rows] == ["1 to update of 3", "nothing differs"]
