"""Laws for reports of any content: every format renders them, and no secret passes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.platforms.tavus.kinds import kind
from reconciler.reporters import REPORTERS
from reconciler.types.address import Address
from reconciler.types.change import Action, Direction, FieldChange, PatchOp, Request
from reconciler.types.json import Json
from reconciler.types.plan import DriftField, Plan
from reconciler.types.report import Report, Style
from tests.support.anyreport import DIRECTIONS, REPORTS, STYLES, VALUES
from tests.support.records import change_of, drift_of
from tests.support.reports import ACCOUNT

PLANTED = "sk-planted-9d1"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(REPORTS, STYLES)
def test_any_report_can_be_rendered_in_every_format(report: Report, style: Style) -> None:
    for name in REPORTERS:
        text = REPORTERS.get(name)(report, style)
        assert text.encode("utf-8").decode("utf-8") == text


@pytest.mark.parametrize("name", list(REPORTERS))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    row=st.sampled_from([row.path for row in kind("persona").fields if row.secret]),
    other=VALUES,
    direction=DIRECTIONS,
    verbose=st.booleans(),
)
def test_no_secret_passes_wherever_it_stands(
    name: str, row: str, other: Json, direction: Direction, verbose: bool
) -> None:
    path = row.replace("*", "any")
    body: Json = PLANTED
    for token in reversed(path.split("/")[1:]):
        body = {token: body}
    assert isinstance(body, dict)
    address = Address("persona", "x")
    fields = (FieldChange(path, direction, PLANTED, other), FieldChange(path, direction, other, PLANTED))
    request = Request("POST", "/p", address, body)
    changes = (
        change_of(
            address,
            Action.UPDATE,
            before=body,
            after=body,
            fields=fields,
            requests=(request,),
        ),
        change_of(address, Action.CREATE, after=body, patch=(PatchOp("add", path, PLANTED),)),
        change_of(address, Action.DELETE, before=body),
    )
    drift = (drift_of(address, "p1", (DriftField(path, direction, PLANTED, other),)),)
    report = Report("plan", "w", Plan("w", ACCOUNT, "l", 1, changes, drift))
    assert PLANTED not in REPORTERS.get(name)(report, Style(verbose=verbose))
