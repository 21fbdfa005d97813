"""What is named on the command line is somewhere: one rule for targets, excludes, selectors and paths."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.planning.records import Scope
from reconciler.core.planning.selection_check import (
    CODE,
    leaves_nothing,
    missing_state_warning,
    require_something,
    unmatched,
    unmatched_paths,
)
from reconciler.errors import NothingFound
from reconciler.types.address import Address
from reconciler.types.change import Reason
from reconciler.types.diagnostic import Severity, Source
from reconciler.types.live import Listing
from reconciler.types.manifest import ManifestSet, Moved, Removed
from reconciler.types.options import PlanOptions
from reconciler.types.state import Entry, Intent, State
from tests.support.making import at, live, manifest

DESK = manifest("persona.desk", {"pal_name": "D"}, path="people/desk.yaml", labels={"team": "claims", "tier": "a"})
FILES = ManifestSet(
    (DESK,),
    moved=(Moved(at("persona.old"), at("persona.new"), Source("moves.yaml")),),
    removed=(Removed(at("tool.let_go"), Source("gone/one.yaml")),),
)
STATE = State(
    "lineage", 1, resources={at("persona.held"): Entry("p1", source="left/held.yaml")},
    pending=(Intent(at("tool.open"), "tool", "open"),),
)  # fmt: skip
ACCOUNT = {"tool": Listing("tool", {"t1": live("tool", "t1", {"name": "theirs"})})}
KNOWN = ["persona.desk", "persona.old", "persona.new", "tool.let_go", "persona.held", "tool.open", "tool.theirs"]
WAYS = ["targets", "excludes", "replace", "accepted"]
A = Address("persona", "a")


def wrong(**options: object) -> list[str]:
    return [one.code for one in unmatched(FILES, STATE, PlanOptions(**options), ACCOUNT)]  # type: ignore[arg-type]


@given(
    st.sampled_from(WAYS), st.lists(st.sampled_from([*KNOWN, "persona.desj", "tool.none"]), max_size=4, unique=True)
)
def test_every_address_that_nobody_knows_is_an_error(way: str, named: list[str]) -> None:
    unknown = [one for one in named if one not in KNOWN]
    assert wrong(**{way: tuple(map(at, named))}) == ["E-target"] * len(unknown)


def test_what_may_have_been_meant() -> None:
    found = list(unmatched(FILES, STATE, PlanOptions(targets=(at("persona.desj"),)), {}))
    assert found[0].hint == "did you mean persona.desk?"


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ({"team": "claims"}, True), ({"team": "claims", "tier": "a"}, True),
        ({"team": "typo"}, False), ({"team": "claims", "tier": "b"}, False), ({"taem": "claims"}, False),
    ],
)  # fmt: skip
def test_a_selector_fits_a_manifest(selector: dict[str, str], fits: bool) -> None:
    assert wrong(selector=selector) == ([] if fits else ["E-selector"])


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("people", True), ("people/desk.yaml", True), (".", True), ("moves.yaml", True), ("gone", True),
        ("left", True), ("left/held.yaml", True), ("peopl", False), ("people/other.yaml", False), ("empty", False),
    ],
)  # fmt: skip
def test_a_path_holds_something(path: str, fits: bool) -> None:
    files = ManifestSet(FILES.manifests, FILES.moved, FILES.removed, asked={"typed": path})
    found = list(unmatched_paths(files, STATE))
    assert [one.code for one in found] == ([] if fits else ["E-path"])
    assert all("typed" in one.summary for one in found)


@pytest.mark.parametrize("files", [ManifestSet(), FILES])
@pytest.mark.parametrize("state", [State("lineage"), State("lineage", 7), STATE])
@pytest.mark.parametrize("drift", [False, True])
@pytest.mark.parametrize("empty", [False, True])
def test_nothing_to_look_at_is_an_error(files: ManifestSet, state: State, drift: bool, empty: bool) -> None:
    options = PlanOptions(drift_only=drift, allow_empty=empty)
    nothing = state is not STATE and (drift or not files.manifests) and not (empty and not files.manifests)
    try:
        require_something(files, state, options)
    except NothingFound:
        assert nothing
    else:
        assert not nothing


@pytest.mark.parametrize(
    ("reasons", "count"),
    [
        ([Reason.ADOPTED_BY_NAME], "1 object is"),
        ([Reason.ADOPTED_BY_NAME, Reason.ADOPTED_BY_ID, Reason.NEW], "2 objects are"),
    ],
)
def test_objects_that_are_taken_over_are_counted(reasons: list[Reason], count: str) -> None:
    told = missing_state_warning(State("l"), reasons)
    assert told is not None
    assert (told.code, told.severity) == (CODE, Severity.WARNING)
    assert count in told.summary
    assert "state:" in str(told.hint)


@pytest.mark.parametrize("reasons", [[], [Reason.NEW], [Reason.NEW, Reason.DELETED_OUTSIDE], [Reason.PENDING]])
def test_a_first_run_over_nothing_of_ours_is_no_news(reasons: list[Reason]) -> None:
    assert missing_state_warning(State("l"), reasons) is None


@pytest.mark.parametrize(
    "state",
    [
        State("l", serial=1),
        State("l", resources={A: Entry("p1")}),
        State("l", pending=(Intent(A, "persona", "a"),)),
    ],
)
def test_a_state_that_holds_little_is_a_state(state: State) -> None:
    assert missing_state_warning(state, [Reason.ADOPTED_BY_NAME]) is None


NOBODY = Scope(frozenset(), frozenset())
TARGET, OTHER = at("persona.desk"), at("persona.held")


@pytest.mark.parametrize(
    ("scope", "options", "said"),
    [
        (Scope(frozenset({TARGET}), frozenset()), PlanOptions(targets=(TARGET,)), None),
        (Scope(frozenset(), frozenset({OTHER})), PlanOptions(targets=(TARGET,)), None),
        (NOBODY, PlanOptions(), None),
        (NOBODY, PlanOptions(excludes=(TARGET,)), None),
        (NOBODY, PlanOptions(targets=(TARGET,)), "nothing in common"),
        (NOBODY, PlanOptions(selector={"team": "x"}), "nothing in common"),
        (NOBODY, PlanOptions(targets=(TARGET, OTHER), drift_only=True), "^persona.desk was never applied"),
        (NOBODY, PlanOptions(targets=(OTHER,), drift_only=True), "nothing in common"),
        (NOBODY, PlanOptions(targets=(at("tool.let_go"),)), None),
        (NOBODY, PlanOptions(targets=(at("persona.old"),)), None),
        (NOBODY, PlanOptions(targets=(at("persona.new"),)), "nothing in common"),
    ],
)
def test_what_was_asked_for_leaves_something_to_look_at(scope: Scope, options: PlanOptions, said: str | None) -> None:
    found = leaves_nothing(scope, options, FILES, STATE)
    if said is None:
        assert found is None
    else:
        assert found is not None and found.is_error and re.search(said, found.summary)


def test_an_account_is_looked_at_without_a_state_where_its_strangers_were_asked_for() -> None:
    require_something(ManifestSet(), State("l"), PlanOptions(unmanaged=True))
    only_moves = ManifestSet(moved=FILES.moved)
    require_something(only_moves, State("l"), PlanOptions())
    with pytest.raises(NothingFound):
        require_something(only_moves, State("l"), PlanOptions(drift_only=True, allow_empty=True))


def test_where_no_state_counts_none_is_spoken_of() -> None:
    files = ManifestSet(FILES.manifests, asked={"typed": "left"})
    [bare], [with_state] = unmatched_paths(files), unmatched_paths(files, State("l"))
    assert "state" not in bare.summary and "state" in with_state.summary
