"""Plain values become options; what contradicts itself or names nothing is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.boundary import (
    BackFlags,
    Choice,
    PlanFlags,
    guarded_listener,
    parse_address,
    parse_pattern,
    plan_options,
)
from reconciler.errors import UsageError
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import Address
from reconciler.types.event import Notice
from reconciler.types.options import PLAN_FLAGS

ADDRESSES = st.builds(
    Address, st.sampled_from(list(KINDS)), st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
)


@given(ADDRESSES)
def test_an_address_is_known_by_its_text(address: Address) -> None:
    assert parse_address(str(address)) == parse_address(address) == address


@given(st.text(max_size=30))
def test_whatever_is_no_address_is_refused_in_words(text: str) -> None:
    try:
        found = parse_address(text)
    except UsageError as error:
        assert error.message
    else:
        assert str(found) == text
        assert found.kind in KINDS


@given(st.frozensets(ADDRESSES, max_size=4), st.frozensets(ADDRESSES, max_size=4))
def test_nothing_is_wanted_and_unwanted(targets: frozenset[Address], excludes: frozenset[Address]) -> None:
    if targets & excludes:
        with pytest.raises(UsageError, match="both a --target and an --exclude"):
            plan_options(targets=targets, excludes=excludes)
    else:
        options = plan_options(targets=map(str, targets), excludes=excludes)
        assert (set(options.targets), set(options.excludes)) == (targets, excludes)


def test_a_destroy_is_meant() -> None:
    options = plan_options(destroy=True)
    assert options.allow_deletes
    assert options.allow_mass_change
    assert not plan_options().allow_deletes


def test_a_kind_is_guessed() -> None:
    with pytest.raises(UsageError, match=r"did you mean guardrail_set\.x"):
        parse_address("guardrailset.x")
    with pytest.raises(UsageError, match="kinds: persona"):
        parse_address("zzz.x")


@pytest.mark.parametrize("wanted", ["persna.*", "persna.front-*"])
def test_a_pattern_of_no_kind_is_named_as_it_was_typed(wanted: str) -> None:
    said = f"{wanted!r} names no kind; did you mean {wanted.replace('rs', 'rso')}?"
    with pytest.raises(UsageError, match=re.escape(said)):
        parse_pattern(wanted)


def test_the_flags_of_the_verbs_are_those_of_the_options() -> None:
    assert PlanFlags.__optional_keys__ == PLAN_FLAGS.keys()
    assert Choice.__optional_keys__ < PlanFlags.__optional_keys__
    of_rollback = {name for name, one in PLAN_FLAGS.items() if "state rollback" in one.commands}
    assert BackFlags.__optional_keys__ == of_rollback


def test_a_flag_that_is_none() -> None:
    with pytest.raises(TypeError, match="allow_everything"):
        plan_options(allow_everything=True)  # type: ignore[call-arg]


def test_what_a_listener_raises_is_a_warning_once():
    heard_so_far = []

    def listener(event):
        heard_so_far.append(event)
        raise ValueError("not now")

    emit = guarded_listener(listener)
    with pytest.warns(RuntimeWarning, match="ValueError: not now") as caught:
        emit(Notice("a"))
        emit(Notice("b"))
    assert len(caught) == 1
    assert [event.message for event in heard_so_far] == ["a", "b"]
