"""The flags of plan, apply and destroy as the engine sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.flags import options_of, spelling
from reconciler.cli.main import program
from reconciler.errors import UsageError
from reconciler.types.address import Address
from reconciler.types.options import APPLY_FLAGS, PLAN_FLAGS, Flag, PlanOptions
from tests.cli.test_help import commands

A, B = Address("persona", "a"), Address("tool", "b")
FLAGS = ("allow_deletes", "allow_mass_change", "accept_account", "resend_secrets", "record", "refresh_only")


def test_no_flags_are_the_engines_defaults() -> None:
    assert options_of() == PlanOptions()


@given(st.sets(st.sampled_from(FLAGS)))
def test_each_flag_arrives_under_its_name(chosen: set[str]) -> None:
    options = options_of(**dict.fromkeys(chosen, True))  # type: ignore[arg-type]
    assert {name for name in FLAGS if getattr(options, name)} == chosen


def test_destroy_lifts_the_rules_about_numbers_only() -> None:
    options = options_of(destroy=True)
    assert (options.destroy, options.allow_deletes, options.allow_mass_change) == (True, True, True)
    assert not options.accept_account


def test_what_is_chosen() -> None:
    options = options_of(targets=(A,), excludes=(B,), selector=(("team", "x"), ("tier", "1"), ("team", "x")))
    assert options.targets == (A,)
    assert options.excludes == (B,)
    assert options.selector == {"team": "x", "tier": "1"}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"destroy": True, "refresh_only": True}, "--destroy and --refresh-only"),
        ({"selector": (("a", "1"), ("a", "2"))}, "no resource has both"),
        ({"targets": (A, B), "excludes": (B,)}, "tool.b is both"),
    ],
    ids=["modes", "selector", "addresses"],
)
def test_flags_that_contradict_each_other(flags: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        options_of(**flags)  # type: ignore[arg-type]
    assert caught.value.exit_code == 64


@pytest.mark.parametrize(("name", "flag"), [*PLAN_FLAGS.items(), *APPLY_FLAGS.items()], ids=lambda one: str(one)[:20])
def test_each_command_takes_the_flags_that_name_it(name: str, flag: Flag) -> None:
    takers = {
        " ".join(words)
        for words, command in commands(program)
        for one in command.params
        if one.opts == [flag.name] and one.name == name and getattr(one, "help", None) == flag.help
    }
    assert takers == flag.commands


def test_a_parameter_is_spelled_as_it_is_typed() -> None:
    assert [spelling(name) for name in ("targets", "replace", "auto_approve")] == [
        "--target", "--replace", "--auto-approve",
    ]  # fmt: skip
