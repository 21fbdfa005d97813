from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.reporters.ndjson import event_line, render, report_lines
from reconciler.types.change import Action
from reconciler.types.event import (
    Event,
    LimitMet,
    Notice,
    Reading,
    RunFinished,
    RunProgress,
    RunStarted,
    StateSaved,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
)
from reconciler.types.report import Report, Style
from tests.support import reports

NOW = "2026-11-21T05:13:47Z"
EVENTS: tuple[tuple[Event, str, str], ...] = (
    (Reading("persona", 100, 250), "reading", "info"),
    (Reading("persona", 100, None), "reading", "info"),
    (RunStarted("apply", 3), "run_start", "info"),
    (StepStarted(reports.CLAIMS, Action.UPDATE), "apply_start", "info"),
    (StepDone(reports.CLAIMS, Action.CREATE, "p1", 0.25, ("a note",)), "apply_complete", "info"),
    (StepDone(reports.CLAIMS, Action.NOOP, None, 0.0), "apply_complete", "info"),
    (StepFailed(reports.CLAIMS, Action.UPDATE, "422", "shorten it"), "apply_errored", "error"),
    (StepSkipped(reports.CLAIMS, Action.DELETE, "it needs tool.x"), "apply_skipped", "warn"),
    (Notice("a lock was taken over", "warning"), "log", "warn"),
    (Notice("retrying"), "log", "info"),
    (LimitMet(2.04), "limit_met", "info"),
    (RunProgress(3, 40, 12.04, 9.87, 10.0, 49.3, (reports.CLAIMS,), 2), "run_progress", "info"),
    (RunProgress(0, 40, 5.0), "run_progress", "info"),
    (StateSaved(7), "state_saved", "info"),
    (RunFinished("apply", 2, 0, 1), "run_complete", "info"),
    (RunFinished("apply", 2, 1, 0), "run_complete", "error"),
)


def lines(report: Report) -> list[dict[str, Any]]:
    return [json.loads(line) for line in render(report, Style()).splitlines()]


@pytest.mark.parametrize(("event", "kind", "level"), EVENTS)
def test_an_event_is_one_line(event: Event, kind: str, level: str) -> None:
    line = event_line(event, NOW)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    found = json.loads(line)
    assert list(found)[:5] == ["@level", "@message", "@module", "@timestamp", "type"]
    assert (found["@level"], found["@timestamp"], found["type"]) == (level, NOW, kind)
    assert found["@message"]


def test_hooks_have_the_shape_of_terraform() -> None:
    found = json.loads(event_line(EVENTS[4][0], NOW))
    assert found["@message"] == "persona.claims-desk: Creation complete after 0.2s [id=p1]"
    assert found["hook"] == {
        "resource": {
            "addr": "persona.claims-desk", "module": "", "resource": "persona.claims-desk",
            "implied_provider": "reconciler", "resource_type": "persona", "resource_name": "claims-desk",
            "resource_key": None,
        },
        "action": "create", "id_key": "id", "id_value": "p1", "elapsed_seconds": 0.25, "notes": ["a note"],
    }  # fmt: skip


def test_a_line_end_in_a_message_does_not_end_the_line() -> None:
    assert event_line(Notice("a\nb\u2028c"), NOW).count("\n") == 1


def test_a_plan_as_lines() -> None:
    found = lines(reports.MIXED)
    assert [line["type"] for line in found] == [
        "version", "resource_drift", "planned_change", "planned_change", "planned_change", "planned_change",
        "planned_change", "log", "change_summary",
    ]  # fmt: skip
    actions = {line["change"]["resource"]["addr"]: line["change"]["action"] for line in found[2:7]}
    assert actions == {
        "tool.lookup_policy": "create",
        "persona.claims-desk": "update",
        "tool.flag_damage": "update",
        "persona.echo": "move",
        "persona.legacy": "remove",
    }
    assert found[3]["change"]["directions"]["/greeting"] == "live"
    assert found[5]["change"]["previous_resource"]["addr"] == "persona.parrot"
    assert found[-1]["@message"].startswith("Plan: 1 to add, 2 to change, 0 to destroy.")
    assert found[-1]["changes"] == {
        "add": 1, "change": 2, "import": 0, "remove": 0, "operation": "plan", "move": 1, "forget": 1, "unchanged": 3,
        "drifted": 1, "unmanaged": 2, "not_looked_at": 5, "adopt": 0, "incomplete": 0,
    }  # fmt: skip


def test_imports_and_blocks() -> None:
    planned = lines(reports.IMPORT_ONLY)[1]["change"]
    assert (planned["action"], planned["importing"]) == ("import", {"id": "p7c1e0a9b42d"})
    blocked = [line for line in lines(reports.BLOCKED) if line["type"] == "blocked"]
    assert [line["block"]["rule"] for line in blocked] == ["deletes", "protect", "account"]
    assert blocked[-1]["address"] is None


def test_drift() -> None:
    first, second = [line["change"] for line in lines(reports.DRIFT) if line["type"] == "resource_drift"]
    assert (first["action"], second["action"]) == ("update", "delete")
    assert first["changes"][1]["path"] == "/layers/tts/tts_engine"


def test_diagnostics_and_results() -> None:
    assert [line["@level"] for line in lines(reports.INVALID) if line["type"] == "diagnostic"] == [
        "error",
        "warn",
        "info",
    ]
    found = lines(reports.FAILED)
    assert [line["type"] for line in found] == [
        "version", "apply_errored", "apply_skipped", "apply_complete", "change_summary",
    ]  # fmt: skip
    assert found[1]["hook"]["message"] == "POST /tools: 422: description is too long"
    assert lines(reports.DESTROYED)[-1]["changes"]["operation"] == "destroy"


def test_time_is_handed_in_or_left_out() -> None:
    assert all("@timestamp" not in line for line in lines(reports.MIXED))
    stamped = [json.loads(line) for line in report_lines(reports.MIXED, NOW).splitlines()]
    assert all(line["@timestamp"] == NOW for line in stamped)
