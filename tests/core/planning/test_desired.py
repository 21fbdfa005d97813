"""What a plan is to bring about, before the account is read: resources, state, scope, and what cannot be meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.core.planning.desired import asked_in_vain, desire, with_orphans
from reconciler.core.planning.records import PlanRequest
from reconciler.core.resource_diff.resource_plan import Context, Seen
from reconciler.errors import NothingFound
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.diagnostic import Source
from reconciler.types.live import Listing
from reconciler.types.manifest import Manifest, ManifestSet, Moved
from reconciler.types.options import PlanOptions
from reconciler.types.state import Intent, State
from tests.support.making import at, book, entry, listing, live, manifest, state

A, B = manifest("persona.a", {"pal_name": "A"}), manifest("persona.b", {"pal_name": "B"})
STATE = state(persona__a=entry("p1"), persona__old=entry("p2"))


def request(
    *manifests: Manifest, held: State = STATE, moved: tuple[Moved, ...] = (), **options: object
) -> PlanRequest:
    return PlanRequest(ManifestSet(manifests, moved=moved), held, PlanOptions(**options))  # type: ignore[arg-type]


def test_manifests_are_wanted_and_what_left_them_may_leave() -> None:
    found = desire(request(A, B))
    assert (found.scope.wanted, found.scope.deletable) == ({at("persona.a"), at("persona.b")}, {at("persona.old")})
    assert found.problems == ()


@pytest.mark.parametrize("option", ["destroy", "refresh_only"])
def test_nothing_is_wanted_where_manifests_have_no_say(option: str) -> None:
    found = desire(request(A, B, **{option: True}))
    assert found.resources == {}
    assert found.scope.deletable == STATE.resources.keys()


def test_drift_looks_at_what_the_state_holds_alone() -> None:
    assert list(desire(request(A, B, drift_only=True)).resources) == [at("persona.a")]


def test_the_state_is_the_one_after_the_moves() -> None:
    move = Moved(at("persona.old"), at("persona.b"), Source("moved.yaml"))
    found = desire(request(A, B, moved=(move,)))
    assert found.state.resources[at("persona.b")].id == "p2"
    assert found.moves.previous == {at("persona.b"): at("persona.old")}


def test_what_is_replaced_is_set_aside() -> None:
    found = desire(replace(request(A), replaced=(at("persona.a"),)))
    assert found.state.resources[at("persona.a~p1")].gives_way_to == at("persona.a")


def test_neither_manifests_nor_state_is_nothing_to_look_at() -> None:
    with pytest.raises(NothingFound):
        desire(request(held=State("lineage")))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("persona.b", "the state does not hold it"),
        ("persona.old", "it has no manifest"),
        ("tool.t", "no second object"),
    ],
)
def test_what_cannot_be_made_anew_is_an_error(address: str, why: str) -> None:
    held = replace(STATE, resources={**STATE.resources, at("tool.t"): entry("t1")})
    tool = manifest("tool.t", {"name": "t", "description": "d"})
    (problem,) = desire(request(A, B, tool, held=held, replace=(at(address),))).problems
    assert problem.is_error
    assert why in problem.summary


def test_a_name_that_nobody_knows_is_an_error() -> None:
    asked = request(A, targets=(at("persona.nobody"),))
    (problem,) = asked_in_vain(asked, desire(asked), Seen({}))
    assert "persona.nobody" in problem.summary


def orphan(lists: Mapping[str, Listing]) -> set[str]:
    intent = Intent(at("persona.c"), "persona", "C", (), "2026-01-01T00:00:00Z")
    asked = request(A, held=replace(STATE, pending=(intent,)))
    found = with_orphans(asked, desire(asked), Seen(lists), Context(book(), KINDS, "pal"))
    return {str(one) for one in found.scope.deletable} - {"persona.old"}


def test_an_open_create_without_a_manifest_leaves_once_its_object_is_there() -> None:
    assert orphan({}) == set()
    assert orphan({"persona": listing("persona", live("persona", "p3", {"pal_name": "C"}))}) == {"persona.c"}
