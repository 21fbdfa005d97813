"""Addresses: `kind.name`, split at the first dot."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.types.address import NAME_PATTERN, Address

NAMES = st.from_regex(NAME_PATTERN, fullmatch=True)
KINDS = st.sampled_from(["persona", "tool", "guardrail_set", "pronunciation_dictionary"])


@given(KINDS, NAMES)
def test_reading_undoes_writing(kind: str, name: str) -> None:
    address = Address(kind, name)
    assert Address.parse(str(address)) == address


@given(st.lists(st.builds(Address, KINDS, NAMES)))
def test_addresses_have_one_order(addresses: list[Address]) -> None:
    assert all(left <= right for left, right in pairwise(sorted(addresses)))
    assert len(set(addresses)) == len({str(address) for address in addresses})


def test_a_name_may_hold_dots() -> None:
    assert Address.parse("persona.claims.desk.v2") == Address("persona", "claims.desk.v2")


@pytest.mark.parametrize(
    "text",
    ["", "persona", "persona.", ".x", "persona..x", "persona.-x", "persona.a b", "persona.ä", "persona.x\n"],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"persona\.claims-desk"):
        Address.parse(text)


def test_a_name_has_at_most_128_characters() -> None:
    assert Address.parse("persona." + "x" * 128).name == "x" * 128
    with pytest.raises(ValueError, match="not an address"):
        Address.parse("persona." + "x" * 129)
