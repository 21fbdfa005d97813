"""Entries at new addresses all at once, exchanges too, and those that give way to a successor."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.state.entry_changes import old_address, renamed, set_aside
from reconciler.types.address import NAME_PATTERN, Address
from reconciler.types.state import Entry, Move, State
from tests.support.making import at, entry, state
from tests.support.strategies import NAMES

FOUR = ("a", "b", "c", "d")


@given(st.permutations(FOUR), st.sets(st.sampled_from(FOUR)))
def test_a_permutation_keeps_every_object_and_twice_is_once(target, held):
    state = State("l", resources={at(f"tool.{name}"): Entry(f"id-{name}") for name in held})
    users = {at("persona.p"): Entry("p1", refs=tuple(f"tool.{name}" for name in sorted(held)))}
    state = State("l", resources={**state.resources, **users})
    there = dict(zip(FOUR, target, strict=True))
    moves = [Move(at(f"tool.{name}"), at(f"tool.{there[name]}"), f"id-{name}") for name in held]
    once = renamed(state, moves)
    assert {str(a): e.id for a, e in once.resources.items() if a.kind == "tool"} == {
        f"tool.{there[name]}": f"id-{name}" for name in held
    }
    assert once.resources[at("persona.p")].refs == tuple(f"tool.{there[name]}" for name in sorted(held))
    assert {a: e.id for a, e in renamed(once, moves).resources.items()} == {
        a: e.id for a, e in once.resources.items()
    }


def test_another_object_at_the_old_address_stays():
    state = State("l", resources={at("tool.a"): Entry("t2")})
    assert renamed(state, [Move(at("tool.a"), at("tool.b"), "t1")]) == state


@settings(max_examples=60, deadline=None)
@given(NAMES, st.text(max_size=300))
def test_its_address_is_one_and_no_manifest_can_have_it(name: str, id: str) -> None:
    address = old_address(Address("document", name), id)
    assert Address.parse(str(address)) == address
    assert not NAME_PATTERN.fullmatch(address.name)


def test_two_objects_that_give_way_to_one_are_told_apart() -> None:
    assert old_address(at("document.a"), "d1") != old_address(at("document.a"), "d2")
    assert old_address(at("document." + "x" * 128), "d1").name.endswith("~d1")


def test_only_what_is_replaced_moves_and_says_what_it_gives_way_to() -> None:
    before = state(**{"document__a": entry("d1"), "document__a.replaced": entry("d2")})
    after = set_aside(before, [at("document.a")])
    assert after.resources == {
        at("document.a~d1"): replace(entry("d1"), gives_way_to=at("document.a")),
        at("document.a.replaced"): entry("d2"),
    }
    assert set_aside(before, []).resources == before.resources
