from __future__ import annotations

from reconciler.reporters.report_findings import PROJECT_FILE, collect_findings
from reconciler.types.change import Action, Block
from reconciler.types.diagnostic import Severity
from reconciler.types.report import Report
from tests.support import reports
from tests.support.hostile_reports import HOSTILE_PLAN
from tests.support.records import change_of


def test_errors_first() -> None:
    found = collect_findings(reports.INVALID)
    assert [finding.severity for finding in found] == [Severity.ERROR, Severity.WARNING, Severity.INFO]
    assert (found[0].path, found[0].line, found[0].column) == ("claims.yaml", 20, 14)
    assert found[0].text == (
        "a secret stands in the manifest: Anyone who reads the repository can read it. Write {env: NAME}"
    )


def test_drift_names_places_and_never_values() -> None:
    found = collect_findings(reports.DRIFT)
    assert [(finding.code, finding.pointer) for finding in found] == [
        ("drift", "/layers/llm/api_key"),
        ("drift", "/layers/tts/tts_engine"),
        ("drift", "/system_prompt"),
        ("drift", "/tools"),
        ("drift", ""),
    ]
    assert "elevenlabs" not in " ".join(finding.text for finding in found)
    assert found[-1].message == "tool.lookup_policy was deleted outside of manifests"


def test_blocks_stand_at_the_manifest_they_are_about() -> None:
    block = Block("protect", "it is protected", "unprotect it")
    change = change_of(reports.ECHO, Action.DELETE, source="personas/echo.yaml", blocked=(block,))
    (finding,) = collect_findings(Report("plan", plan=reports.make_plan(change)))
    assert (finding.code, finding.path) == ("block-protect", "personas/echo.yaml")
    assert finding.message == "persona.echo: it is protected"


def test_after_an_apply_only_the_steps_count() -> None:
    assert [finding.code for finding in collect_findings(reports.FAILED)] == ["apply-failed", "apply-skipped"]
    assert collect_findings(reports.APPLIED) == []


def test_a_finding_without_a_place_stands_at_the_project_file() -> None:
    assert collect_findings(reports.BLOCKED)[0].path == PROJECT_FILE


def test_a_fingerprint_does_not_depend_on_the_line() -> None:
    first = reports.INVALID.diagnostics[0]
    assert first.span is not None
    moved = first.at(type(first.span)(first.span.path, 99, 1))
    one = collect_findings(Report("validate", diagnostics=(first,)))[0]
    two = collect_findings(Report("validate", diagnostics=(moved,)))[0]
    assert one.fingerprint == two.fingerprint
    assert one.line != two.line


def test_texts_are_safe_to_show() -> None:
    for finding in collect_findings(HOSTILE_PLAN):
        assert "\x1b" not in finding.text + finding.path + finding.pointer + finding.code
