"""What a run over a part of the manifests leaves to the other files, and what it makes along."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.references import bind_resource, resources_of
from reconciler.core.planning.part_of_project import leave_what_moved, make_along
from reconciler.core.planning.run_scope import scope
from reconciler.core.resource_diff.records import Binding, Matching
from reconciler.types.address import ResourceRef
from reconciler.types.change import Reason
from reconciler.types.manifest import Elsewhere, ManifestSet
from reconciler.types.options import PlanOptions
from tests.support.making import at, entry, manifest, state

PERSONA = manifest("persona.a", {"pal_name": "a", "tools": [ResourceRef("tool.look")]})
TOOL = manifest("tool.look", {"name": "look"})
STATE = state(tool__here=entry("t1", source="a.yaml"), tool__there=entry("t2", source="a.yaml"))


def part(elsewhere: Elsewhere, *here):
    chosen = scope({}, STATE, PlanOptions(), ("a.yaml",))
    return leave_what_moved(chosen, ManifestSet(tuple(here), paths=("a.yaml",), elsewhere=lambda: elsewhere))


def test_what_stands_in_another_file_now_is_no_deletion():
    chosen, said = part(Elsewhere({at("tool.there"): "b.yaml"}))
    assert chosen.deletable == {at("tool.here")} and chosen.not_looked_at == 1
    assert [one.is_error for one in said] == [False] and "b.yaml" in said[0].summary


def test_where_a_file_cannot_be_read_nothing_that_it_may_hold_is_deleted():
    _, said = part(Elsewhere({}, ("b.yaml",)))
    assert [one.is_error for one in said] == [True]
    both = {at("tool.here"): "c.yaml", at("tool.there"): "c.yaml"}
    _, said = part(Elsewhere(both, ("b.yaml",)))
    assert not any(one.is_error for one in said)


def test_what_the_part_itself_declares_goes_by_other_rules():
    chosen, said = part(Elsewhere({at("tool.here"): "a.yaml"}), manifest("tool.here", {"name": "here"}))
    assert chosen.deletable == {at("tool.here"), at("tool.there")} and said == []


@pytest.mark.parametrize(("id", "along"), [(None, {"tool.look"}), ("t9", set())])
def test_only_what_is_not_there_is_made_along(id, along):
    beside = frozenset({at("tool.look")})
    resources = resources_of([PERSONA, TOOL])
    chosen = scope(resources, state(), PlanOptions(), ("a.yaml",), beside=beside)
    bindings = {at("persona.a"): Binding(None, Reason.NEW), at("tool.look"): Binding(id, Reason.NEW)}
    ids = {at("tool.look"): id} if id else {}
    bound = {address: bind_resource(one, ids, None)[0] for address, one in resources.items()}
    wanted, problems = make_along(chosen, bound, beside, Matching(bindings))
    assert {str(one) for one in wanted.wanted} == {"persona.a"} | along
    assert problems == []


def test_a_reference_that_leads_to_nothing_is_an_error():
    resources = resources_of([PERSONA])
    chosen = scope(resources, state(), PlanOptions(), ("a.yaml",))
    _, problems = make_along(chosen, resources, (), Matching({at("persona.a"): Binding(None, Reason.NEW)}))
    assert [one.is_error for one in problems] == [True] and "tool.look" in problems[0].summary
