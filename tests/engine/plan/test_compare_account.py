"""What a plan looks at beyond the lists: members that lists leave out, sub resources, objects that failed."""

from __future__ import annotations

from reconciler.core.resource_diff.resource_plan import Binding, ResourcePlan
from reconciler.engine.plan.compare_account import AccountSnapshot, failure_warnings, needs_detail, partly_listed
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.change import Action, Reason
from reconciler.types.json import Object
from reconciler.types.live import LiveObject
from reconciler.types.state import Entry, State
from tests.support.making import at, live, resource
from tests.support.records import change_of


def known(address: str, body: Object, shown: LiveObject | None, entry: Entry | None = None) -> AccountSnapshot:
    one = at(address)
    binding = Binding(shown.id if shown else None, Reason.CHANGED, entry=entry)
    return AccountSnapshot(
        {one: binding},
        {one: resource(address, body)},
        State("l", resources={one: entry} if entry else {}),
        {(one.kind, shown.id): shown} if shown else {},
        KINDS,
    )


WORDS = {"name": "terms", "rules": [{"type": "alias", "text": "SQL", "alias": "sequel"}]}


def test_a_summary_of_a_list_is_looked_at_when_the_manifest_speaks_of_more() -> None:
    summary = live("pronunciation_dictionary", "g1", {"name": "terms"})
    found = partly_listed(known("pronunciation_dictionary.terms", WORDS, summary))
    assert [one.id for one in found] == ["g1"]


def test_an_object_that_was_looked_at_is_not_looked_at_again() -> None:
    detail = live("pronunciation_dictionary", "g1", {"name": "terms"}, detailed=True)
    assert partly_listed(known("pronunciation_dictionary.terms", WORDS, detail)) == []


def test_a_list_that_shows_everything_costs_no_further_request() -> None:
    whole = live("pronunciation_dictionary", "g1", WORDS)
    assert partly_listed(known("pronunciation_dictionary.terms", WORDS, whole)) == []


def test_what_is_not_there_yet_is_not_looked_at() -> None:
    nothing = known("pronunciation_dictionary.terms", WORDS, None)
    assert partly_listed(nothing) == []
    assert needs_detail(nothing) == {}
    assert nothing.live_of(at("pronunciation_dictionary.terms")) is None


def test_skills_are_asked_for_where_the_manifest_or_the_state_speaks_of_them() -> None:
    shown = live("persona", "p1", {"pal_name": "A"})
    silent = {"pal_name": "A", "system_prompt": "x"}
    assert needs_detail(known("persona.a", silent, shown)) == {}
    wanted = known("persona.a", {**silent, "skills": []}, shown)
    remembered = known("persona.a", silent, shown, Entry("p1", sent={"/skills": "d"}))
    assert needs_detail(wanted) == needs_detail(remembered) == {("persona", "p1"): {"/skills"}}


def test_a_document_that_failed_is_told_with_what_to_do() -> None:
    url = {"document_name": "Rules", "document_url": "https://a.example/rules.pdf"}
    failed = live("document", "d1", {**url, "status": "error"})
    here = known("document.rules", url, failed)
    change = change_of(at("document.rules"), Action.NOOP, Reason.CHANGED, id="d1")
    (told,) = failure_warnings({at("document.rules"): ResourcePlan(change)}, here)
    assert told.code == "E-failed"
    assert "document.rules" in told.summary
    assert told.hint
    ready = known("document.rules", url, live("document", "d1", {**url, "status": "ready"}))
    assert failure_warnings({at("document.rules"): ResourcePlan(change)}, ready) == []
