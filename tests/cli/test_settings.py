"""The values of the global options: what was given nearer to the command wins, lists add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.settings import Settings

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
