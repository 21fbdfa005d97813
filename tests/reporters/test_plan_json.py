from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.reporters import REPORTERS
from reconciler.reporters.change_json import change_object
from reconciler.reporters.plan_json import report_errored, report_object
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Direction, FieldChange, Reason, Request
from reconciler.types.json import Json
from reconciler.types.plan import DriftField
from reconciler.types.report import Report, Style
from tests.support import reports
from tests.support.hostile_reports import REPORTS, SECRETS
from tests.support.records import change_of, drift_of


def render(report: Report) -> dict[str, Any]:
    result = json.loads(REPORTERS.get("json")(report, Style()))
    assert isinstance(result, dict)
    return result


def changes(report: Report) -> dict[str, Any]:
    return {entry["address"]: entry for entry in render(report)["resource_changes"]}


@pytest.mark.parametrize("name", list(REPORTS))
def test_keys_are_always_there(name: str) -> None:
    found = render(REPORTS[name])
    assert list(found)[:19] == [
        "format_version", "terraform_version", "reconciler_version", "verb", "workspace", "applyable", "complete",
        "errored", "exit_code", "planned_values", "configuration", "resource_changes", "resource_drift", "blocked",
        "diagnostics", "summary", "unmanaged", "requests", "inputs_digest",
    ]  # fmt: skip
    assert found["format_version"] == "1.2"


@pytest.mark.parametrize("name", list(REPORTS))
def test_entries_have_the_shape_of_terraform(name: str) -> None:
    for entry in render(REPORTS[name])["resource_changes"]:
        assert entry["mode"] == "managed"
        assert entry["address"] == f"{entry['type']}.{entry['name']}"
        assert entry["provider_name"]
        change = entry["change"]
        assert change["actions"] in (["no-op"], ["create"], ["update"], ["delete"], ["forget"])
        assert change["before"] is None or isinstance(change["before"], dict)
        assert isinstance(change["after_unknown"], dict)
        assert isinstance(change["before_sensitive"], bool | dict)


def test_actions_of_every_sort() -> None:
    found = changes(reports.MIXED)
    assert {address: entry["change"]["actions"] for address, entry in found.items()} == {
        "tool.lookup_policy": ["create"],
        "persona.claims-desk": ["update"],
        "tool.flag_damage": ["update"],
        "persona.echo": ["no-op"],
        "persona.legacy": ["forget"],
    }
    assert found["persona.echo"]["previous_address"] == "persona.parrot"
    assert found["persona.legacy"]["action_reason"] == "removed"


def test_a_pure_import_is_a_no_op_with_an_id() -> None:
    change = changes(reports.IMPORT_ONLY)["persona.claims-desk"]["change"]
    assert change["actions"] == ["no-op"]
    assert change["importing"] == {"id": "p7c1e0a9b42d"}


def test_no_ops_that_only_record_are_left_out() -> None:
    quiet = change_of(reports.ECHO, Action.NOOP, id="p2")
    assert render(Report("plan", plan=reports.make_plan(quiet)))["resource_changes"] == []


def test_a_create_has_no_before_and_a_delete_no_after() -> None:
    created = changes(reports.MIXED)["tool.lookup_policy"]["change"]
    assert created["before"] is None
    assert created["before_sensitive"] is False
    assert created["after_sensitive"] == {
        "parameters": {"properties": {"number": {}}}, "delivery": {"api": {"headers": {"X-Key": True}}},
    }  # fmt: skip
    deleted = changes(reports.BLOCKED)["persona.echo"]["change"]
    assert deleted["after"] is None
    assert deleted["before_sensitive"] == {"layers": {"llm": {"api_key": True}}}


def test_secrets_are_hidden_on_both_sides() -> None:
    change = changes(reports.MIXED)["persona.claims-desk"]["change"]
    for side in ("before", "after"):
        assert change[side]["layers"]["llm"]["api_key"] == "(sensitive)"
        assert change[f"{side}_sensitive"]["layers"]["llm"]["api_key"] is True


def test_the_live_value_behind_a_reference_is_hidden_too() -> None:
    change = changes(SECRETS)["persona.claims-desk"]["change"]
    assert change["before"]["greeting"] == "(sensitive)"
    assert change["before"]["verbal_disclosure"] == "(sensitive)"


def test_a_reference_known_only_from_what_is_managed_hides_the_live_value() -> None:
    change = change_of(
        reports.CLAIMS, Action.UPDATE, before={"greeting": "live secret"}, after={"greeting": "live secret"},
        managed={"/greeting": SecretRef("env", "G")},
    )  # fmt: skip
    assert "live secret" not in json.dumps(render(Report("plan", plan=reports.make_plan(change))))


def test_a_reference_deep_inside_what_is_managed_hides_the_live_value() -> None:
    change = change_of(
        reports.LOOKUP, Action.UPDATE, before={"delivery": {"api": {"url": "live secret"}}},
        fields=(FieldChange("/delivery", Direction.LIVE, {"api": {"url": "live secret"}}, None),),
        managed={"/delivery": {"api": {"url": SecretRef("env", "G")}}},
    )  # fmt: skip
    report = Report("plan", plan=reports.make_plan(change))
    assert "live secret" not in json.dumps(render(report))
    assert "live secret" not in REPORTERS.get("text")(report, Style())


def test_ids_that_are_not_known_yet() -> None:
    change = change_of(
        reports.CLAIMS, Action.CREATE, Reason.NEW,
        after={"objectives_id": None, "guardrail_ids": ["g1", ResourceRef("guardrail.x")]},
        fields=(FieldChange("/objectives_id", Direction.GIT, after_unknown=True),),
    )  # fmt: skip
    found = changes(Report("plan", plan=reports.make_plan(change)))["persona.claims-desk"]["change"]
    assert found["after"] == {"objectives_id": None, "guardrail_ids": ["g1", None]}
    assert found["after_unknown"] == {"guardrail_ids": [False, True], "objectives_id": True}


def test_patch_and_directions() -> None:
    change = changes(reports.MIXED)["persona.claims-desk"]["change"]
    assert change["patch"] == [
        {"op": "replace", "path": "/greeting", "value": "Good morning, claims desk."},
        {"op": "replace", "path": "/layers/llm/api_key", "value": {"$secret": {"env": "LLM_KEY"}}},
        {"op": "remove", "path": "/layers/tts/voice_settings"},
    ]
    assert change["directions"]["/greeting"] == "live"
    assert change["directions"]["/layers/llm/model"] == "both"


def test_requests_stand_in_order_with_their_bodies() -> None:
    requests = render(reports.MIXED)["requests"]
    assert [(request["method"], request["path"], request["address"]) for request in requests] == [
        ("POST", "/tools", "tool.lookup_policy"),
        ("PATCH", "/pals/p7c1e0a9b42d", "persona.claims-desk"),
        ("POST", "/pals/p7c1e0a9b42d/tools", "persona.claims-desk"),
    ]
    assert requests[2]["body"] == {"tool_ids": [{"$ref": "tool.flag_damage"}]}
    assert requests[0]["body"]["delivery"]["api"]["headers"]["X-Key"] == {"$secret": {"env": "K"}}


def test_a_clear_secret_in_a_body_is_replaced_in_both_vocabularies() -> None:
    body = {"persona_name": "x", "layers": {"llm": {"api_key": "clear"}}}
    operations = [{"op": "add", "path": "/layers/llm", "value": {"api_key": "clear", "model": "m"}}]
    change = change_of(
        reports.CLAIMS, Action.CREATE,
        requests=(
            Request("POST", "/personas", reports.CLAIMS, body, "create"),  # type: ignore[arg-type]
            Request("PATCH", "/personas/p", reports.CLAIMS, operations),  # type: ignore[arg-type]
        ),
    )  # fmt: skip
    create, patch = render(Report("plan", plan=reports.make_plan(change)))["requests"]
    assert create["body"] == {"persona_name": "x", "layers": {"llm": {"api_key": "(sensitive)"}}}
    assert patch["body"][0]["value"] == {"api_key": "(sensitive)", "model": "m"}


def test_blocked() -> None:
    found = render(reports.BLOCKED)
    assert found["applyable"] is False
    assert [(block["address"], block["rule"]) for block in found["blocked"]] == [
        (None, "account"),
        ("persona.echo", "deletes"),
        ("persona.echo", "protect"),
    ]
    assert [block["rule"] for block in found["resource_changes"][0]["blocked"]] == ["deletes", "protect"]


def test_drift() -> None:
    first, second = render(reports.DRIFT)["resource_drift"]
    assert first["id"] == "p7c1e0a9b42d"
    assert first["changes"][1] == {
        "path": "/layers/tts/tts_engine", "direction": "live", "before": "cartesia", "after": "elevenlabs",
    }  # fmt: skip
    assert first["changes"][0]["before"] == first["changes"][0]["after"] == "(sensitive)"
    assert first["change"]["actions"] == ["update"]
    assert first["change"]["before"]["layers"]["tts"] == {"tts_engine": "cartesia"}
    assert first["change"]["after_sensitive"]["layers"]["llm"] == {"api_key": True}
    assert second["action_reason"] == "deleted_outside"
    assert second["changes"] == [
        {"path": "", "direction": "live", "before": {"name": "lookup_policy"}, "after": None}
    ]  # fmt: skip
    assert second["change"]["actions"] == ["delete"]
    assert second["change"]["after"] is None


def test_a_value_before_that_is_not_known() -> None:
    change = render(reports.MIXED)["resource_drift"][0]["changes"][1]
    assert change["before"] is None
    assert change["before_unknown"] is True


def test_overlapping_drift_paths_do_not_break_the_document() -> None:
    item = drift_of(
        reports.CLAIMS, "p1",
        (
            DriftField("/layers/llm", Direction.LIVE, "x", {}),
            DriftField("/layers/llm/model", Direction.LIVE, "a", "b"),
        ),
    )  # fmt: skip
    assert render(Report("drift", plan=reports.make_plan(drift=(item,))))["resource_drift"][0]["change"]


def test_diagnostics() -> None:
    first, second, third = render(reports.INVALID)["diagnostics"]
    assert first == {
        "code": "L03", "severity": "error", "summary": "a secret stands in the manifest",
        "detail": "Anyone who reads the repository can read it.", "hint": "write {env: NAME}",
        "address": "persona.claims-desk", "pointer": "/layers/llm/api_key",
        "range": {
            "filename": "claims.yaml", "start": {"line": 20, "column": 14}, "end": {"line": 20, "column": 14},
        },
    }  # fmt: skip
    assert (second["severity"], third["severity"]) == ("warning", "info")
    assert third["range"]["filename"] == "echo.yaml"


def test_the_same_finding_in_report_and_plan_is_told_once() -> None:
    finding = reports.INVALID.diagnostics[0]
    report = Report("plan", plan=reports.make_plan(diagnostics=(finding,)), diagnostics=(finding,))
    assert len(render(report)["diagnostics"]) == 1


def test_summary_counts() -> None:
    assert render(reports.MIXED)["summary"] == {
        "import": 0, "add": 1, "change": 2, "destroy": 0, "move": 1, "forget": 1, "unchanged": 3, "drifted": 1,
        "unmanaged": 2, "not_looked_at": 5, "adopt": 0, "incomplete": 0,
    }  # fmt: skip


def test_the_result_of_an_apply() -> None:
    found = render(reports.FAILED)
    assert found["errored"] is True
    assert found["complete"] is False
    assert found["result"]["failed"] == found["result"]["skipped"] == found["result"]["done"] == 1
    assert found["result"]["steps"][0] == {
        "address": "tool.lookup_policy", "action": "create", "outcome": "failed", "id": None,
        "message": "POST /tools: 422: description is too long", "hint": "shorten it", "seconds": 0.0, "notes": [],
    }  # fmt: skip
    assert "result" not in render(reports.MIXED)


@pytest.mark.parametrize(
    ("report", "applyable", "errored"),
    [
        (reports.MIXED, True, False),
        (reports.EMPTY, False, False),
        (reports.BLOCKED, False, False),
        (reports.INVALID, False, True),
        (reports.DRIFT, False, False),
        (Report("plan", exit_code=4), False, True),
    ],
)
def test_flags(report: Report, applyable: bool, errored: bool) -> None:
    found = report_object(report)
    assert (found["applyable"], found["errored"]) == (applyable, errored)
    assert report_errored(report) is errored


def test_an_unknown_kind_is_no_obstacle() -> None:
    change = change_of(Address("gadget", "x"), Action.CREATE, after={"a": SecretRef("env", "X"), "b": 1})
    assert changes(Report("plan", plan=reports.make_plan(change)))["gadget.x"]["change"]["after"] == {
        "a": "(sensitive)",
        "b": 1,
    }


def test_numbers_that_json_lacks_do_not_break_the_report() -> None:
    change = change_of(reports.ECHO, Action.CREATE, after={"x": float("inf"), "y": 10**5000})
    after = changes(Report("plan", plan=reports.make_plan(change)))["persona.echo"]["change"]["after"]
    assert after["x"] == "inf"
    assert after["y"].startswith("0x")


def test_lists_whose_items_bear_names_are_lists_again() -> None:
    """State and patches know steps by their names; whoever reads the plan knows the API's list."""
    steps: Json = {"a": {"objective_name": "a"}, "b": {"objective_name": "b"}}
    change = change_of(
        Address("objectives", "x"), Action.UPDATE, before={"data": steps}, after={"data": {**steps, "c": {}}},
        fields=(FieldChange("/data/c", Direction.GIT, None, {}),),
    )  # fmt: skip
    shown = change_object(change)["change"]
    assert isinstance(shown, dict)
    assert shown["before"] == {"data": [{"objective_name": "a"}, {"objective_name": "b"}]}
    assert shown["after"] == {"data": [{"objective_name": "a"}, {"objective_name": "b"}, {}]}
    assert shown["directions"] == {"/data/c": "git"}
