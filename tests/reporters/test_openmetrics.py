"""Metrics in the text form: of a report, and of a running watcher; rules for alerts name what exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from reconciler.reporters.openmetrics import METRICS, metrics_text, render, render_textfile
from reconciler.types.report import Report, Style
from reconciler.types.watch import Memory, Round, Seen, Status, Watch
from tests.support import reports
from tests.support.hostile_reports import REPORTS

SAMPLE = re.compile(r'^([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (-?\d+)$')


def samples(report: Report) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in render(report, Style()).splitlines():
        if not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, line
            found[line.rpartition(" ")[0]] = int(match[3])
    return found


@pytest.mark.parametrize("name", list(REPORTS))
def test_the_form(name: str) -> None:
    text = render(REPORTS[name], Style())
    assert text.endswith("# EOF\n")
    declared = re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)
    assert len(declared) == len(set(declared))
    assert {key.partition("{")[0] for key in samples(REPORTS[name])} <= set(declared)


def test_the_older_form_is_the_same_without_its_end() -> None:
    assert render_textfile(reports.MIXED, Style()) + "# EOF\n" == render(reports.MIXED, Style())


def test_a_plan() -> None:
    found = samples(reports.MIXED)
    assert found['reconciler_planned_changes{workspace="sandbox",action="update"}'] == 2
    assert found['reconciler_planned_changes{workspace="sandbox",action="forget"}'] == 1
    assert found['reconciler_unmanaged_objects{workspace="sandbox"}'] == 2
    assert found['reconciler_exit_code{workspace="sandbox"}'] == 2


def test_drift() -> None:
    found = samples(reports.DRIFT)
    assert found['reconciler_drifted_objects{workspace="sandbox",fate="edited"}'] == 1
    assert found['reconciler_drifted_objects{workspace="sandbox",fate="deleted"}'] == 1
    assert found['reconciler_drifted_fields{workspace="sandbox",direction="both"}'] == 1


def test_an_apply() -> None:
    found = samples(reports.FAILED)
    assert found['reconciler_apply_steps{workspace="sandbox",outcome="failed"}'] == 1
    assert not any(key.startswith("reconciler_planned") for key in found)


def test_labels_are_escaped() -> None:
    assert samples(Report("plan", 'a"b\\c\nd'))['reconciler_exit_code{workspace="a\\"b\\\\c\\nd"}'] == 0


NOW = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
WATCH_METRICS_SAMPLE = re.compile(
    r'(\w+)\{(\w+="(?:[^"\\\n]|\\["\\n])*"(?:,\w+="(?:[^"\\\n]|\\["\\n])*")*)\} (-?[\d.e+]+)'
)


def seen(workspace: str, status: Status | None) -> Seen:
    done = None if status is None else Round(workspace, status, "why", None, {"update": 2})
    return Seen(
        workspace, Watch(), Memory(since=NOW, failures=3), done, NOW, None, "", {"failed": 3}, 1, 12, plan=False
    )


@pytest.mark.parametrize("workspace", ["prod", 'a "b"', "back\\slash", "two\nlines", "\u202edorp"])
@pytest.mark.parametrize("status", [None, *Status], ids=str)
def test_every_line_is_a_sample_or_a_comment(workspace: str, status: Status | None) -> None:
    found = [line for line in metrics_text([seen(workspace, status)]).split("\n")[:-1] if not line.startswith("# ")]
    samples = [WATCH_METRICS_SAMPLE.fullmatch(line) for line in found]
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


RULES = yaml.safe_load((Path(__file__).parents[2] / ".github" / "prometheus-rules.yml").read_text())["groups"][0][
    "rules"
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_rules_for_alerts_name_metrics_labels_and_statuses_that_exist(rule: dict[str, str]) -> None:
    labels = {metric.name: {"workspace", metric.label} for metric in METRICS} | {"reconciler_build_info": {"version"}}
    named = re.findall(r"(reconciler_\w+)(?:\{(.*?)\})?", rule["expr"])
    assert named
    for name, matchers in named:
        assert name in labels
        for label, values in re.findall(r'(\w+)=~?"(.*?)"', matchers):
            assert label in labels[name]
            assert set(values.split("|")) <= {status.value for status in Status}


FIRED = """\
rule_files: [RULES]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'reconciler_watch_status{workspace="a",status="drifted"}', values: '1+0x60'}
      - {series: 'reconciler_watch_status{workspace="b",status="drifted"}', values: '0+0x60'}
      - {series: 'reconciler_watch_status{workspace="c",status="awaiting_approval"}', values: '1+0x400'}
      - {series: 'reconciler_watch_heals{workspace="a"}', values: '0 1 2 3+0x60'}
      - {series: 'reconciler_watch_next_round_seconds{workspace="a"}', values: '60+0x400'}
      - {series: 'reconciler_watch_last_round_seconds{workspace="b"}', values: '60+0x400'}
    alert_rule_test:
      - {eval_time: 29m, alertname: PersonasDiffer, exp_alerts: []}
      - eval_time: 31m
        alertname: PersonasDiffer
        exp_alerts:
          - exp_labels: {workspace: a}
            exp_annotations: {summary: "a is not what its manifests say, or cannot be looked at"}
      - eval_time: 241m
        alertname: PersonasWaitForAPerson
        exp_alerts:
          - exp_labels: {workspace: c, status: awaiting_approval}
            exp_annotations: {summary: "a plan of c waits for a yes or a no"}
      - {eval_time: 2m, alertname: PersonasEditedAgainAndAgain, exp_alerts: []}
      - eval_time: 4m
        alertname: PersonasEditedAgainAndAgain
        exp_alerts:
          - exp_labels: {workspace: a}
            exp_annotations: {summary: "somebody edits a again each time that it is put back"}
      - eval_time: 17m
        alertname: RoundIsOverdue
        exp_alerts:
          - exp_labels: {workspace: a}
            exp_annotations: {summary: "a was to be looked at 16m 0s ago"}
      - eval_time: 122m
        alertname: RoundTakesLong
        exp_alerts:
          - exp_labels: {workspace: b}
            exp_annotations: {summary: "a round of b is under way for 2h 1m 0s"}
      - eval_time: 12m
        alertname: WatcherIsGone
        exp_alerts: [{exp_labels: {}, exp_annotations: {summary: "no watcher answers at /metrics"}}]
"""


@pytest.mark.skipif(shutil.which("promtool") is None, reason="rare: promtool is not installed (Debian: prometheus)")
def test_alerts_fire_when_they_should_by_the_tool_of_prometheus(tmp_path: Path) -> None:
    rules = Path(__file__).parents[2] / ".github" / "prometheus-rules.yml"
    (tmp_path / "fired.yml").write_text(FIRED.replace("RULES", str(rules)))
    done = subprocess.run(
        ["promtool", "test", "rules", str(tmp_path / "fired.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
