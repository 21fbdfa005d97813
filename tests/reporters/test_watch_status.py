"""Rounds as lines, objects and a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.reporters.watch_status import noted_table, round_line, round_object, status_table
from reconciler.types.watch import Memory, Noted, Report, Requests, Round, Status, Watch

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


def test_a_table_of_hundreds_says_once_that_nobody_looked_and_which_rounds_are_due() -> None:
    report = Report("process 1 on vm", NOW, NOW, "auto", DONE, Memory(since=NOW, looked=NOW))
    found = [Noted("new", Requests(), None), Noted("late", Requests(report=report), None)]
    new, late, *notes = noted_table(found, NOW + timedelta(seconds=60)).splitlines()[1:]
    assert new.endswith("no watcher has looked at it yet")
    assert f"due {NOW:%H:%M:%S}" in late and not notes
    *_, note = noted_table(found, NOW + timedelta(hours=1)).splitlines()
    assert note.startswith("late: a round was due at") and "nobody made it" in note
    assert "due" not in noted_table(found, NOW + timedelta(seconds=30)), "quick rounds are not noted each"
