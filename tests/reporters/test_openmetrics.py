from __future__ import annotations

import re

import pytest

from reconciler.reporters.openmetrics import render, render_textfile
from reconciler.types.report import Report, Style
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
