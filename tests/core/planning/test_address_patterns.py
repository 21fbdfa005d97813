"""Patterns of addresses: the same as naming what they fit, and never silently nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.api.parse_options import parse_pattern
from reconciler.core.planning.address_patterns import expand, expand_options, is_pattern
from reconciler.core.text import matches
from reconciler.errors import PlanError, UsageError
from reconciler.types.address import Address
from reconciler.types.options import PlanOptions
from tests.support.lab import Lab
from tests.support.making import manifest

ADDRESSES = st.builds(Address, st.sampled_from(("persona", "tool")), st.text("ab.", min_size=1, max_size=3))
PATTERNS = st.one_of(ADDRESSES, st.sampled_from(["persona.*", "*", "tool.a*", "*.a"]).map(parse_pattern))


@settings(max_examples=100, deadline=None)
@given(st.lists(PATTERNS, max_size=4), st.frozensets(ADDRESSES, max_size=6))
def test_a_pattern_is_what_it_fits(wanted: list[Address], known: frozenset[Address]) -> None:
    found = expand(wanted, known)
    for one in wanted:
        fitting = {other for other in known if matches(str(other), str(one))} if is_pattern(one) else {one}
        assert fitting <= {*found}
        assert fitting or one in found, "what fits nothing is left to be told"
    assert all(one in wanted or (one in known and any(map(is_pattern, wanted))) for one in found)
    assert expand(found, known) == found


@settings(max_examples=60, deadline=None)
@given(st.lists(PATTERNS, max_size=3), st.lists(PATTERNS, max_size=3), st.frozensets(ADDRESSES, max_size=6))
def test_what_is_excluded_is_excluded(
    targets: list[Address], excludes: list[Address], known: frozenset[Address]
) -> None:
    options = expand_options(PlanOptions(targets=tuple(targets), excludes=tuple(excludes)), known)
    if any(map(is_pattern, [*targets, *excludes])):
        assert not {*options.targets} & {*options.excludes}


def desk(name: str) -> object:
    return manifest(f"persona.{name}", {"pal_name": name, "system_prompt": "Hi."})


def test_a_plan_with_a_pattern_is_that_of_the_addresses() -> None:
    lab = Lab()
    items = [desk("front-a"), desk("front-b"), desk("back")]
    by_pattern = lab.plan(*items, targets=(parse_pattern("persona.front-*"),))
    by_name = lab.plan(*items, targets=(Address("persona", "front-a"), Address("persona", "front-b")))
    assert by_pattern == by_name
    left = lab.plan(*items, excludes=(parse_pattern("*.front-*"),))
    assert [str(change.address) for change in left.changes] == ["persona.back"]
    with pytest.raises(PlanError):
        lab.plan(*items, targets=(parse_pattern("tool.*"),))


@pytest.mark.parametrize("text", ["pesona.*", "pesona.a*"])
def test_a_pattern_of_no_kind_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="kind"):
        parse_pattern(text)
