"""Where the entry of a replaced object is kept."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.state.replaced_entries import old_address, set_aside
from reconciler.types.address import NAME_PATTERN, Address
from tests.support.making import at, entry, state
from tests.support.strategies import NAMES


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
