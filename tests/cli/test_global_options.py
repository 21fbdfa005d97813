"""Types of option values: what they take, and what they say to the rest."""

from __future__ import annotations

import click
import pytest

from reconciler.cli.global_options import ADDRESS, DURATION, FORMAT, GLOBAL_NAMES, REPORT, SELECTOR, global_options
from reconciler.cli.settings import Settings
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
