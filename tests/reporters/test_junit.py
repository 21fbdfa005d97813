from __future__ import annotations

from xml.etree import ElementTree

import pytest

from reconciler.reporters.junit import render
from reconciler.types.report import Report, Style
from tests.support import reports
from tests.support.hostile_reports import REPORTS


def suite_of(report: Report) -> ElementTree.Element:
    root = ElementTree.fromstring(render(report, Style()).encode("utf-8"))
    (suite,) = root
    return suite


@pytest.mark.parametrize("name", list(REPORTS))
def test_counts_agree_with_the_cases(name: str) -> None:
    suite = suite_of(REPORTS[name])
    assert suite.tag == "testsuite"
    assert int(suite.attrib["tests"]) == len(suite) > 0
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
    assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
    for case in suite:
        assert {"classname", "name", "time"} <= set(case.attrib)


def test_drift_is_a_failure_of_its_resource() -> None:
    cases = {case.attrib["name"]: case for case in suite_of(reports.DRIFT)}
    assert set(cases) == {"persona.claims-desk", "tool.lookup_policy"}
    failure = cases["persona.claims-desk"].find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "drift"
    assert "/layers/tts/tts_engine changed outside of manifests" in (failure.text or "")


def test_pending_changes_pass() -> None:
    cases = {case.attrib["name"]: len(case) for case in suite_of(reports.IMPORT_ONLY)}
    assert cases == {"persona.claims-desk": 0}


def test_steps_of_an_apply() -> None:
    cases = {case.attrib["name"]: [child.tag for child in case] for case in suite_of(reports.FAILED)}
    assert cases["tool.lookup_policy"] == ["failure"]
    assert cases["persona.claims-desk"] == ["skipped"]
    assert cases["persona.echo"] == []


def test_times_of_steps() -> None:
    suite = suite_of(reports.APPLIED)
    assert suite.attrib["time"] == "0.610"
    assert suite[0].attrib["time"] == "0.210"


def test_warnings_are_output_and_errors_fail() -> None:
    (case,) = suite_of(reports.INVALID)[:1]
    assert [child.tag for child in case] == ["failure", "system-out"]
    assert "unknown field" in (case.findtext("system-out") or "")


def test_a_run_without_anything_passes() -> None:
    (case,) = suite_of(reports.VALID)
    assert case.attrib["name"] == "the whole run"
    assert len(case) == 0
