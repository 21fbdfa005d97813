"""Where the entry of a replaced object is kept."""

from __future__ import annotations

from reconciler.core.planning.setaside import new_address, old_address, set_aside
from tests.support.making import at, entry, state


def test_there_and_back() -> None:
    assert old_address(at("document.a")) == at("document.a.replaced")
    assert new_address(at("document.a.replaced")) == at("document.a")
    assert new_address(at("document.a")) == at("document.a")


def test_a_name_that_would_become_too_long_has_none() -> None:
    assert old_address(at("document." + "x" * 119)) is not None
    assert old_address(at("document." + "x" * 120)) is None


def test_only_what_is_replaced_moves() -> None:
    before = state(document__a=entry("d1"), document__b=entry("d2"))
    after = set_aside(before, [at("document.a")])
    assert after.resources == {at("document.a.replaced"): entry("d1"), at("document.b"): entry("d2")}
    assert set_aside(before, []).resources == before.resources
