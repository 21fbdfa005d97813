"""Metrics: every line can be read by a scraper, whatever a workspace is called."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from reconciler.reporters.watch_metrics import METRICS, metrics_text
from reconciler.types.watch import Memory, Round, Seen, Status, Watch

NOW = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
SAMPLE = re.compile(r'(\w+)\{(\w+="(?:[^"\\\n]|\\["\\n])*"(?:,\w+="(?:[^"\\\n]|\\["\\n])*")*)\} (-?[\d.e+]+)')


def seen(workspace: str, status: Status | None) -> Seen:
    done = None if status is None else Round(workspace, status, "why", None, {"update": 2})
    return Seen(workspace, Watch(), Memory(since=NOW, failures=3), done, NOW, None, "", {"failed": 3}, 1, plan=False)


@pytest.mark.parametrize("workspace", ["prod", 'a "b"', "back\\slash", "two\nlines", "\u202edorp"])
@pytest.mark.parametrize("status", [None, *Status], ids=str)
def test_every_line_is_a_sample_or_a_comment(workspace: str, status: Status | None) -> None:
    found = [line for line in metrics_text([seen(workspace, status)]).split("\n")[:-1] if not line.startswith("# ")]
    samples = [SAMPLE.fullmatch(line) for line in found]
    assert all(samples), found
    ones = [m for m in samples if m and m[1] == "reconciler_watch_status" and float(m[3]) == 1]
    assert len(ones) == (status is not None)
    assert "\u202e" not in "".join(found)


def test_a_workspace_that_was_not_looked_at_claims_nothing() -> None:
    text = metrics_text([seen("new", None)])
    assert 'reconciler_watch_status{workspace="new",status="synced"} 0\n' in text
    assert "reconciler_watch_changes{" not in text
    assert "reconciler_watch_status_since_seconds{" not in text


def test_what_is_counted() -> None:
    text = metrics_text([seen("prod", Status.FAILED)])
    for line in (
        'reconciler_watch_failures{workspace="prod"} 3',
        'reconciler_watch_writes_total{workspace="prod"} 1',
        'reconciler_watch_rounds_total{workspace="prod",status="failed"} 3',
        'reconciler_watch_changes{workspace="prod",action="update"} 2',
        f'reconciler_watch_last_round_seconds{{workspace="prod"}} {NOW.timestamp():.15g}',
    ):
        assert f"\n{line}\n" in text
    assert all(f"# TYPE {metric.name} {metric.type}\n" in text for metric in METRICS)
