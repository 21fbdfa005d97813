"""New addresses all at once, exchanges too; the same moves twice are the same as once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.state.rename_addresses import renamed
from reconciler.types.state import Entry, Move, State
from tests.support.making import at

NAMES = ("a", "b", "c", "d")


@given(st.permutations(NAMES), st.sets(st.sampled_from(NAMES)))
def test_a_permutation_keeps_every_object_and_twice_is_once(target, held):
    state = State("l", resources={at(f"tool.{name}"): Entry(f"id-{name}") for name in held})
    users = {at("persona.p"): Entry("p1", refs=tuple(f"tool.{name}" for name in sorted(held)))}
    state = State("l", resources={**state.resources, **users})
    there = dict(zip(NAMES, target, strict=True))
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
