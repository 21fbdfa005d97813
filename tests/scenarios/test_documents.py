"""Documents: waited for, and made anew where a fixed field changes."""

from __future__ import annotations

import pytest

from reconciler.engine.plan.make_plan import make_plan
from reconciler.errors import PlanError
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.change import Action
from reconciler.types.event import StepProgress
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from tests.support.account import (
    BODIES,
    FULL,
    MOODS,
    SKILLS,
    done,
    project,
    settled,
    skills,
)
from tests.support.lab import Lab
from tests.support.making import at, manifest


@pytest.fixture(params=MOODS, ids=str)
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(MOODS[request.param])


def test_users_of_a_document_wait_until_it_is_ready() -> None:
    lab = Lab(Mood(document_reads=2))
    lab.apply(*project())
    assert {event.address for event in lab.events if isinstance(event, StepProgress)} == {at("document.returns")}
    assert lab.clock.time > 0


def test_a_document_that_fails_stops_its_users_and_nothing_else() -> None:
    lab = Lab()
    broken = project(document__returns={"document_url": "https://gone.invalid/x.pdf"})
    outcomes = {str(one.address): one.outcome for one in lab.apply(*broken).steps}
    assert outcomes.pop("document.returns") == "failed"
    assert [name for name, outcome in outcomes.items() if outcome == "skipped"] == ["persona.desk", "deployment.web"]
    (warning,) = lab.plan(*broken).diagnostics
    assert "file_download_failed" in warning.summary
    assert lab.id_of("document.returns"), "it is ours all the same"
    result = lab.apply(*project(), allow_deletes=True)
    assert {one.outcome for one in result.steps} == {"done"}
    settled(lab, *project())


ELSEWHERE = project(document__returns={"document_url": "https://docs.example.com/new.pdf"})


def test_another_url_is_another_document_and_its_users_follow(lab: Lab) -> None:
    lab.apply(*FULL)
    old = lab.id_of("document.returns")
    elsewhere = project(
        document__returns={"document_url": "https://docs.example.com/new.pdf"}, persona__desk={"skills": SKILLS}
    )
    assert not lab.plan(*elsewhere).applyable, "a document is deleted: that has to be allowed"
    assert done(lab, *elsewhere, allow_deletes=True) == {
        "document.returns": Action.CREATE,
        "persona.desk": Action.UPDATE,
        f"document.returns~{old}": Action.DELETE,
    }
    assert lab.id_of("document.returns") != old
    assert skills(lab)["presentation"]["document_ids"] == [lab.id_of("document.returns")]  # type: ignore[index,call-overload]
    assert lab.client.get(f"/documents/{old}").status_code in (400, 404)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v2/documents"), ("PATCH", "/v2/pals"), ("DELETE", "/v2/doc")]
)
def test_a_replacement_that_is_cut_short_goes_on_where_it_was(method: str, path: str) -> None:
    lab = Lab()
    lab.apply(*project())
    old = lab.id_of("document.returns")
    setting, send = lab.setting(), None
    provider = setting.provider
    send = provider.send

    def dying(request, *, force=False, gate=None):
        if request.method == method and f"/v2{request.path}".startswith(path):
            raise KeyboardInterrupt
        return send(request, force=force, gate=gate)

    provider.send = dying  # type: ignore[method-assign]
    plan = make_plan(ManifestSet(ELSEWHERE), lab.state, PlanOptions(record=True, allow_deletes=True), setting).plan
    with pytest.raises(KeyboardInterrupt):
        lab.carry_out(plan, setting)
    assert old in {entry.id for entry in lab.state.resources.values()}, "the old one is not forgotten"
    done(lab, *ELSEWHERE, allow_deletes=True)
    assert [one.id for one in lab.plan(*ELSEWHERE, unmanaged=True).unmanaged] == []
    rows = lab.client.get("/documents", params={"limit": 100}).json()["data"]
    assert [row["document_id"] for row in rows] == [lab.id_of("document.returns")]


def test_what_is_fixed_is_refused_where_nothing_may_be_made_anew() -> None:
    lab = Lab()
    lab.apply(*project())
    bound = manifest(
        "document.returns",
        {**BODIES["document.returns"], "document_url": "https://x.example"},
        id=lab.id_of("document.returns"),
    )
    plan = lab.plan(bound, targets=(at("document.returns"),))
    (block,) = plan.all_blocks
    assert block.rule == "immutable"
    assert "/document_url" in block.message


def test_what_the_server_does_not_show_again_is_no_difference() -> None:
    lab = Lab()
    told = project(document__returns={"callback_url": "https://x.example/hook", "crawl": {"depth": 2}})
    done(lab, *told)
    assert lab.plan(*project(document__returns={"crawl": {"depth": 3}})).all_blocks


def test_anything_is_made_anew_on_request() -> None:
    lab = Lab()
    lab.apply(*project())
    asked = (at("guardrail.no_legal_advice"), at("persona.desk"))
    guardrail, desk = (lab.id_of(str(one)) for one in asked)
    steps = done(lab, *project(), replace=asked, allow_deletes=True)
    assert steps == {
        "guardrail.no_legal_advice": Action.CREATE,
        "persona.desk": Action.CREATE,
        "deployment.web": Action.UPDATE,
        f"persona.desk~{desk}": Action.DELETE,
        f"guardrail.no_legal_advice~{guardrail}": Action.DELETE,
    }


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("guardrail.other", "neither in"),
        ("tool.look_up", "second object"),
        ("document.returns", "manifest"),
    ],
)
def test_what_cannot_be_made_anew_is_said(address: str, why: str) -> None:
    lab = Lab()
    lab.apply(*project())
    with pytest.raises(PlanError) as caught:
        lab.plan(*project(document__returns=None, persona__desk={"document_ids": []}), replace=(at(address),))
    assert why in caught.value.diagnostics[0].summary
