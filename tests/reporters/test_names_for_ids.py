"""People read names, machines get ids."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.reporters import REPORTERS
from reconciler.reporters.names_for_ids import with_names
from reconciler.types.change import Action, Change, Direction, FieldChange
from reconciler.types.plan import DriftField, DriftItem
from reconciler.types.report import Report, Style
from tests.support import reports
from tests.support.making import at

NAMES = {"tool/t0b1c2": "tool.hang_up", "guardrail/g0b1c2": "Calm <b>down</b>"}
CHANGE = Change(
    at("persona.claims"),
    Action.UPDATE,
    id="p1",
    fields=(
        FieldChange("/tools", Direction.GIT, ["t0b1c2"], ["t777"]),
        FieldChange("/guardrail_ids", Direction.GIT, ["g0b1c2"], []),
    ),
    before={"tools": ["t0b1c2"]},
)
GONE = Change(at("persona.old"), Action.DELETE, id="p2", before={"pal_name": "Old", "tools": ["t0b1c2"]})
DRIFT = DriftItem(at("persona.c"), "p3", (DriftField("/tools", Direction.LIVE, [], ["t0b1c2"]),))
PLAN = replace(reports.make_plan(CHANGE, GONE), drift=(DRIFT,), names=NAMES)
REPORT = Report("plan", "sandbox", PLAN)


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_people_read_names(name: str, verb: str) -> None:
    shown = REPORTERS.get(name)(replace(REPORT, verb=verb), Style())
    assert "tool.hang_up" in shown.replace("\\", "")
    assert "t0b1c2" not in shown
    assert "<b>down" not in shown or name == "text"
    if verb == "plan":
        assert "g0b1c2" in shown, "a name of the account alone may mean several objects"
        assert "t777" in shown


def test_machines_get_ids() -> None:
    document = json.loads(REPORTERS.get("json")(REPORT, Style()))
    (change, gone) = document["resource_changes"]
    assert change["change"]["before"]["tools"] == ["t0b1c2"]
    assert gone["change"]["before"]["tools"] == ["t0b1c2"]
    assert "hang_up" not in json.dumps(document)


def test_a_report_without_names_stays_as_it_is() -> None:
    bare = Report("plan", "sandbox", replace(PLAN, names={}))
    assert with_names(bare) is bare
    assert with_names(Report("apply")) == Report("apply")


def test_twice_is_once() -> None:
    once = with_names(REPORT)
    assert with_names(once) == once
