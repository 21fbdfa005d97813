"""Types of option values: what they take, and what they say to the rest."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.global_options import (
    ADDRESS,
    DURATION,
    FORMAT,
    GLOBAL_NAMES,
    REPORT,
    SELECTOR,
    Settings,
    global_options,
)
from reconciler.types.address import Address


def test_the_names_and_the_options_and_the_settings_agree() -> None:
    names = {option.name for option in global_options()}
    assert names == GLOBAL_NAMES == set(Settings.__slots__)


def test_an_address_is_split_at_its_first_dot() -> None:
    assert ADDRESS.convert("persona.a.b", None, None) == Address("persona", "a.b")
    assert ADDRESS.convert(Address("tool", "x"), None, None) == Address("tool", "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("persona", "write kind.name"),
        ("persona.", "write kind.name"),
        (".x", "write kind.name"),
        ("persona.a b", "write kind.name"),
        ("persna.x", "did you mean persona.x?"),
        ("zzz.x", "kinds: persona"),
    ],
)
def test_no_address(text: str, said: str) -> None:
    with pytest.raises(click.BadParameter, match=said.replace("?", r"\?")):
        ADDRESS.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90", 90), ("30s", 30), ("1.5m", 90), ("2h", 7200), (4, 4), (" 5s ", 5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "1d", "5 m", "nan", "inf", "1e9", "٣s;"])
def test_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a duration"):
        DURATION.convert(text, None, None)


def test_pairs() -> None:
    assert SELECTOR.convert("team=claims=x", None, None) == ("team", "claims=x")
    for text in ("team", "=x", "team=", ""):
        with pytest.raises(click.BadParameter, match="KEY=VALUE"):
            SELECTOR.convert(text, None, None)


def test_formats_are_those_of_the_table() -> None:
    assert FORMAT.convert("json", None, None) == "json"
    assert REPORT.convert("json=out.json", None, None) == ("json", "out.json")
    with pytest.raises(click.BadParameter, match="did you mean 'json'"):
        FORMAT.convert("jsn", None, None)
    with pytest.raises(click.BadParameter, match="unknown format 'xyz'"):
        REPORT.convert("xyz=out", None, None)


def test_completion_of_formats() -> None:
    context = click.Context(click.Command("x"))
    offered = [item.value for item in FORMAT.shell_complete(context, click.Option(["--format"]), "js")]
    assert offered == ["json"]


given_options = st.fixed_dictionaries(
    {},
    optional={
        "workspace": st.text(max_size=3),
        "quiet": st.booleans(),
        "manifests": st.lists(st.text(max_size=2), max_size=2).map(tuple),
        "parallelism": st.integers(1, 9),
    },
)


def test_the_option_nearer_to_the_command_wins() -> None:
    assert Settings(workspace="outer").merge({"workspace": "inner"}).workspace == "inner"


def test_lists_add_up_in_the_order_of_the_command_line() -> None:
    outer = Settings(manifests=("a",), reports=(("json", "x"),))
    merged = outer.merge({"manifests": ("b", "c"), "reports": [("text", "y")]})
    assert merged.manifests == ("a", "b", "c")
    assert merged.reports == (("json", "x"), ("text", "y"))


def test_arguments_are_manifests_too() -> None:
    assert Settings(manifests=("a",)).with_paths(("b",)).manifests == ("a", "b")


@given(given_options)
def test_nothing_given_changes_nothing(options: dict[str, object]) -> None:
    settings = Settings().merge(options)
    assert settings.merge({}) == settings


@given(given_options, given_options, given_options)
def test_merging_is_associative(a: dict[str, object], b: dict[str, object], c: dict[str, object]) -> None:
    both = Settings().merge(b).merge(c)
    spoken = {name: getattr(both, name) for name in {*b, *c}}
    assert Settings().merge(a).merge(b).merge(c) == Settings().merge(a).merge(spoken)
