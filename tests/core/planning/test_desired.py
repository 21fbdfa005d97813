"""What a plan is to bring about, before the account is read: resources, state, scope, and what cannot be meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.core.planning.desired import (
    as_replacement,
    build_desired,
    find_replaced,
    follow_moves,
    to_replace,
    unmatched_selection,
    with_orphans,
)
from reconciler.core.planning.records import Account, Bound, Compared, PlanRequest
from reconciler.core.resource_diff.resource_plan import DiffContext, Matching, ResourcePlan, Seen
from reconciler.errors import NothingFound
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.change import Action, Block
from reconciler.types.diagnostic import Source
from reconciler.types.live import Listing
from reconciler.types.manifest import Lifecycle, Manage, Manifest, ManifestSet, Moved, Removed
from reconciler.types.options import PlanOptions
from reconciler.types.state import Intent, State
from tests.support.making import at, book, entry, listing, live, manifest, resource, state
from tests.support.records import change_of

A, B = manifest("persona.a", {"pal_name": "A"}), manifest("persona.b", {"pal_name": "B"})
STATE = state(persona__a=entry("p1"), persona__old=entry("p2"))


def request(
    *manifests: Manifest, held: State = STATE, moved: tuple[Moved, ...] = (), **options: object
) -> PlanRequest:
    return PlanRequest(ManifestSet(manifests, moved=moved), held, PlanOptions(**options))  # type: ignore[arg-type]


def test_manifests_are_wanted_and_what_left_them_may_leave() -> None:
    found = build_desired(request(A, B))
    assert (found.scope.wanted, found.scope.deletable) == ({at("persona.a"), at("persona.b")}, {at("persona.old")})
    assert found.problems == ()


@pytest.mark.parametrize("option", ["destroy", "refresh_only"])
def test_nothing_is_wanted_where_manifests_have_no_say(option: str) -> None:
    found = build_desired(request(A, B, **{option: True}))
    assert found.resources == {}
    assert found.scope.deletable == STATE.resources.keys()


def test_drift_looks_at_what_the_state_holds_alone() -> None:
    assert list(build_desired(request(A, B, drift_only=True)).resources) == [at("persona.a")]


def test_the_state_is_the_one_after_the_moves() -> None:
    move = Moved(at("persona.old"), at("persona.b"), Source("moved.yaml"))
    found = build_desired(request(A, B, moved=(move,)))
    assert found.state.resources[at("persona.b")].id == "p2"
    assert found.moves.previous == {at("persona.b"): at("persona.old")}


def test_what_is_replaced_is_set_aside() -> None:
    found = build_desired(replace(request(A), replaced=(at("persona.a"),)))
    assert found.state.resources[at("persona.a~p1")].gives_way_to == at("persona.a")


def test_neither_manifests_nor_state_is_nothing_to_look_at() -> None:
    with pytest.raises(NothingFound):
        build_desired(request(held=State("lineage")))


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
    (problem,) = build_desired(request(A, B, tool, held=held, replace=(at(address),))).problems
    assert problem.is_error
    assert why in problem.summary


def test_what_has_its_id_in_the_manifest_cannot_be_made_anew_and_who_is_nowhere_is_said_elsewhere() -> None:
    pinned = manifest("persona.a", {"pal_name": "A"}, id="p1")
    (problem,) = build_desired(request(pinned, replace=(at("persona.a"),))).problems
    assert "metadata.id" in problem.summary
    assert build_desired(request(A, replace=(at("persona.a"), at("persona.nobody")))).problems == ()


@pytest.mark.parametrize(
    ("second", "options", "found"),
    [
        (False, {}, True),
        (True, {}, False),
        (False, {"drift_only": True}, False),
    ],
)
def test_what_is_to_be_replaced_is_asked_for_once_and_only_by_a_run_that_writes(
    second: bool, options: dict[str, bool], found: bool
) -> None:
    asked = request(A, replace=(at("persona.a"),), **options)
    desired = build_desired(asked)
    planned = {at("persona.a"): ResourcePlan(change_of(at("persona.a"), Action.NOOP, id="p1"))}
    bound = Bound(desired.resources, Matching(), DiffContext(book(), KINDS, "pal"))
    compared = Compared(desired, Account(Seen({})), bound, planned, {})
    asked = replace(asked, replaced=(at("persona.b"),) if second else ())
    assert to_replace(asked, compared) == ((at("persona.a"),) if found else ())


def test_a_name_that_nobody_knows_is_an_error() -> None:
    asked = request(A, targets=(at("persona.nobody"),))
    (problem,) = unmatched_selection(asked, build_desired(asked), Seen({}))
    assert "persona.nobody" in problem.summary


def orphan(lists: Mapping[str, Listing]) -> set[str]:
    intent = Intent(at("persona.c"), "persona", "C", (), "2026-01-01T00:00:00Z")
    asked = request(A, held=replace(STATE, pending=(intent,)))
    found = with_orphans(asked, build_desired(asked), Seen(lists), DiffContext(book(), KINDS, "pal"))
    return {str(one) for one in found.scope.deletable} - {"persona.old"}


def test_an_open_create_without_a_manifest_leaves_once_its_object_is_there() -> None:
    assert orphan({}) == set()
    assert orphan({"persona": listing("persona", live("persona", "p3", {"pal_name": "C"}))}) == {"persona.c"}


@pytest.mark.parametrize("at_its_address", ["manifest", "entry"])
def test_an_open_create_of_what_has_a_manifest_or_an_entry_leaves_nothing(at_its_address: str) -> None:
    intent = Intent(at("persona.a"), "persona", "C", (), "2026-01-01T00:00:00Z")
    held = replace(STATE, pending=(intent,))
    if at_its_address == "manifest":
        held = replace(held, resources={at("persona.old"): entry("p2")})
    asked = request(*([A] if at_its_address == "manifest" else [B]), held=held)
    lists = {"persona": listing("persona", live("persona", "p3", {"pal_name": "C"}))}
    desired = build_desired(asked)
    assert with_orphans(asked, desired, Seen(lists), DiffContext(book(), KINDS, "pal")) is desired


HERE = Source("moves.yaml")
FIXED = Block("immutable", "cannot", "hint")
DOCUMENT = at("document.a")


def move(before, after):
    return Moved(at(before), at(after), HERE)


def test_an_entry_follows_its_move():
    result = follow_moves(ManifestSet(moved=(move("persona.a", "persona.b"),)), state(persona__a=entry("p1")))
    assert result.state.resources == {at("persona.b"): entry("p1")}
    assert result.previous == {at("persona.b"): at("persona.a")}
    assert result.problems == ()


def test_moves_in_a_row_lead_from_the_first_to_the_last():
    moved = (move("persona.a", "persona.b"), move("persona.b", "persona.c"))
    result = follow_moves(ManifestSet(moved=moved), state(persona__a=entry("p1")))
    assert result.previous == {at("persona.c"): at("persona.a")}


def test_the_order_of_the_documents_means_nothing():
    moved = (move("persona.b", "persona.c"), move("persona.a", "persona.b"))
    result = follow_moves(ManifestSet(moved=moved), state(persona__a=entry("p1")))
    assert result.previous == {at("persona.c"): at("persona.a")}


def test_two_that_end_at_one_address_are_an_error():
    moved = (move("persona.b", "persona.c"), move("persona.a", "persona.b"))
    result = follow_moves(ManifestSet(moved=moved), state(persona__a=entry("p1"), persona__b=entry("p2")))
    assert [one.code for one in result.problems] == ["E-moved"]


@pytest.mark.parametrize("names", ["a", "ab", "abc"])
def test_a_circle_is_told_once(names):
    circle = tuple(move(f"persona.{a}", f"persona.{b}") for a, b in zip(names, names[1:] + names[0], strict=True))
    assert [one.code for one in follow_moves(ManifestSet(moved=circle), state()).problems] == ["E-moved"]


def test_references_and_open_creates_follow():
    known = state(tool__t=entry("t1"), persona__a=replace(entry("p1"), refs=("tool.t",)))
    known = replace(known, pending=(Intent(at("tool.n"), "tool", "n"),))
    result = follow_moves(ManifestSet(moved=(move("tool.t", "tool.u"), move("tool.n", "tool.m"))), known)
    assert result.state.resources[at("persona.a")].refs == ("tool.u",)
    assert [intent.address for intent in result.state.pending] == [at("tool.m")]


def test_a_move_made_before_is_nothing():
    result = follow_moves(ManifestSet(moved=(move("persona.a", "persona.b"),)), state(persona__b=entry("p1")))
    assert (result.previous, result.problems) == ({}, ())


def test_both_in_state_is_an_error():
    known = state(persona__a=entry("p1"), persona__b=entry("p2"))
    result = follow_moves(ManifestSet(moved=(move("persona.a", "persona.b"),)), known)
    assert result.problems[0].is_error
    assert result.state == known


def test_removed_and_declared_is_an_error():
    given = ManifestSet((manifest("persona.a", {}),), removed=(Removed(at("persona.a"), HERE),))
    assert follow_moves(given, state()).problems[0].code == "E-removed"
    assert follow_moves(ManifestSet(removed=(Removed(at("persona.a"), HERE),)), state()).removed == {at("persona.a")}


def planned(address: str = "document.a", *blocks: Block, manage: Manage = Manage.FULL) -> dict:
    change = change_of(at(address), Action.UPDATE, blocked=blocks, lifecycle=Lifecycle(manage=manage))
    return {at(address): ResourcePlan(change)}


def found(result, *, id=None, held=None, asked=(), address="document.a"):
    body = {"document_url": "https://x.example"} if address.startswith("document") else {"name": "t"}
    resources = {at(address): resource(address, body, id=id)}
    return find_replaced(result, resources, held or state(document__a=entry("d1"), tool__t=entry("t1")), asked)


def test_a_fixed_field_that_changes_and_what_was_asked_for() -> None:
    assert found(planned("document.a", FIXED)) == (DOCUMENT,)
    assert found(planned(), asked=(DOCUMENT,)) == (DOCUMENT,)
    assert found(planned()) == ()
    assert found(planned("document.a", Block("secret", "x", "y"))) == ()


@pytest.mark.parametrize(
    "why_not",
    [
        {"id": "d1"},
        {"held": state()},
    ],
    ids=["bound to one id", "not ours yet"],
)
def test_what_cannot_be_made_anew(why_not: dict) -> None:
    assert found(planned("document.a", FIXED), **why_not) == ()


def test_what_is_only_observed_stays() -> None:
    assert found(planned("document.a", FIXED, manage=Manage.OBSERVE)) == ()


def test_a_name_that_must_be_unique_cannot_be_borne_twice() -> None:
    assert found(planned("tool.t"), asked=(at("tool.t"),), address="tool.t") == ()


def test_the_create_knows_where_the_old_entry_goes() -> None:
    assert as_replacement(change_of(DOCUMENT, Action.CREATE), "d1").replaces == at("document.a~d1")
