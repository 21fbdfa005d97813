"""Targets, excludes, labels and paths."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.api.boundary import parse_pattern
from reconciler.core.canonical.references import bind_resource, resources_of
from reconciler.core.planning.run_scope import (
    exclude_moved,
    expand,
    expand_options,
    include_dependencies,
    is_pattern,
    select_scope,
    under_paths,
)
from reconciler.core.resource_diff.resource_plan import Binding, Matching
from reconciler.core.text import matches
from reconciler.errors import PlanError, UsageError
from reconciler.types.address import Address, ResourceRef
from reconciler.types.change import Reason
from reconciler.types.manifest import Elsewhere, ManifestSet
from reconciler.types.options import PlanOptions
from tests.support.lab import Lab
from tests.support.making import at, entry, manifest, state

RESOURCES = resources_of(
    [
        manifest("tool.look", {"name": "look"}),
        manifest("tool.other", {"name": "other"}),
        manifest("persona.a", {"pal_name": "a", "tools": ["look"]}, labels={"team": "x"}),
        manifest("persona.b", {"pal_name": "b"}, labels={"team": "y"}),
    ]
)
STATE = state(
    persona__a=entry("p1"),
    persona__old=entry("p2", source="claims/old.yaml", refs=("tool.gone",)),
    tool__gone=entry("t1", source="tools/gone.yaml"),
)


def chosen(paths=None, **options):
    found = select_scope(RESOURCES, STATE, PlanOptions(**options), paths)
    return sorted(map(str, found.wanted)), sorted(map(str, found.deletable)), found.not_looked_at


def test_everything_by_default():
    assert chosen() == (["persona.a", "persona.b", "tool.look", "tool.other"], ["persona.old", "tool.gone"], 0)


def test_a_target_takes_in_what_it_depends_on():
    assert chosen(targets=(at("persona.a"),)) == (["persona.a", "tool.look"], [], 4)


def test_a_target_that_has_left_goes_alone():
    assert chosen(targets=(at("persona.old"),)) == ([], ["persona.old"], 5)
    assert chosen(targets=(at("tool.gone"),)) == ([], ["tool.gone"], 5)


def test_an_exclude_takes_out_what_depends_on_it():
    assert chosen(excludes=(at("tool.look"),))[0] == ["persona.b", "tool.other"]


def test_an_exclude_keeps_what_it_uses_from_being_deleted_and_nothing_else():
    assert chosen(excludes=(at("persona.old"),))[1] == []
    assert chosen(excludes=(at("tool.gone"),))[1] == ["persona.old"]


def test_an_exclude_keeps_what_it_was_applied_with_though_its_manifest_no_longer_says_so():
    held = state(persona__b=entry("p1", refs=("tool.gone",)), tool__gone=entry("t1"))
    assert select_scope(RESOURCES, held, PlanOptions(excludes=(at("persona.b"),)), None).deletable == set()


def test_a_target_of_destroy_takes_in_what_depends_on_it_and_never_what_it_uses():
    def leaving(**options):
        return sorted(map(str, select_scope({}, STATE, PlanOptions(destroy=True, **options), None).deletable))

    assert leaving(targets=(at("persona.old"),)) == ["persona.old"]
    assert leaving(targets=(at("tool.gone"),)) == ["persona.old", "tool.gone"]
    assert leaving(excludes=(at("persona.old"),)) == ["persona.a"]
    assert leaving(excludes=(at("tool.gone"),)) == ["persona.a", "persona.old"]


def test_labels_choose_and_never_delete():
    assert chosen(selector={"team": "x"}) == (["persona.a", "tool.look"], [], 4)


def test_with_paths_only_what_came_from_there_can_go():
    assert chosen(paths=("claims",))[1:] == (["persona.old"], 1)
    assert chosen(paths=("tools/gone.yaml",))[1] == ["tool.gone"]


@pytest.mark.parametrize(
    ("source", "paths", "expected"),
    [
        ("a/b.yaml", None, True),
        ("a/b.yaml", (".",), True),
        ("a/b.yaml", ("a",), True),
        ("a/b.yaml", ("a/",), True),
        ("ab/c.yaml", ("a",), False),
        (None, ("a",), False),
        (None, None, True),
    ],
)
def test_sources_and_paths(source, paths, expected):
    assert under_paths(source, paths) is expected


def test_labels_take_in_what_each_of_the_chosen_needs():
    resources = resources_of(
        [
            manifest("tool.one", {"name": "one"}),
            manifest("tool.two", {"name": "two"}),
            manifest("tool.three", {"name": "three"}),
            manifest("persona.a", {"pal_name": "a", "tools": ["one"]}, labels={"team": "x"}),
            manifest("persona.b", {"pal_name": "b", "tools": ["two"]}, labels={"team": "x", "tier": "1"}),
            manifest("persona.c", {"pal_name": "c", "tools": ["three"]}, labels={"team": "y"}),
        ]
    )
    found = select_scope(resources, state(), PlanOptions(selector={"team": "x"}), None)
    assert sorted(map(str, found.wanted)) == ["persona.a", "persona.b", "tool.one", "tool.two"]
    found = select_scope(resources, state(), PlanOptions(selector={"team": "x", "tier": "1"}), None)
    assert sorted(map(str, found.wanted)) == ["persona.b", "tool.two"]
    found = select_scope(resources, state(), PlanOptions(selector={"team": "x"}, excludes=(at("tool.one"),)), None)
    assert sorted(map(str, found.wanted)) == ["persona.b", "tool.two"]


LETTERS = "abcdef"


@st.composite
def projects(draw):
    """Personas a to f of which each may need some of the tools a to f, all in one project."""
    needs = {name: draw(st.lists(st.sampled_from(LETTERS), max_size=3, unique=True)) for name in LETTERS}
    manifests = [manifest(f"tool.{name}", {"name": name}) for name in LETTERS]
    manifests += [manifest(f"persona.{name}", {"pal_name": name, "tools": used}) for name, used in needs.items()]
    return resources_of(manifests), needs


picks = st.lists(st.sampled_from([f"{kind}.{name}" for kind in ("tool", "persona") for name in LETTERS]), max_size=3)


@given(projects(), picks, picks)
def test_what_is_chosen_never_lacks_what_it_needs(project, targets, excludes):
    resources, needs = project
    options = PlanOptions(targets=tuple(map(at, targets)), excludes=tuple(map(at, excludes)))
    found = select_scope(resources, state(), options, None)
    chosen = {str(address) for address in found.wanted}
    assert not chosen & set(excludes)
    for name, used in needs.items():
        if f"persona.{name}" in chosen:
            assert {f"tool.{tool}" for tool in used} <= chosen
    if not excludes:
        assert set(targets) <= chosen
    assert len(chosen) + found.not_looked_at == len(resources)


def test_labels_of_a_destroy_take_in_what_depends_on_them():
    held = state(tool__look=entry("t1"), persona__a=entry("p1", refs=("tool.look",)), persona__b=entry("p2"))
    labels = {at("tool.look"): {"team": "x"}, at("persona.b"): {"team": "y"}}
    options = PlanOptions(destroy=True, selector={"team": "x"})
    found = select_scope({}, held, options, None, labels)
    assert sorted(map(str, found.deletable)) == ["persona.a", "tool.look"]
    kept = select_scope(
        {}, held, PlanOptions(destroy=True, selector={"team": "x"}, excludes=(at("persona.a"),)), None, labels
    )
    assert kept.deletable == frozenset()


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


PERSONA = manifest("persona.a", {"pal_name": "a", "tools": [ResourceRef("tool.look")]})
TOOL = manifest("tool.look", {"name": "look"})
PART_OF_PROJECT_STATE = state(tool__here=entry("t1", source="a.yaml"), tool__there=entry("t2", source="a.yaml"))


def part(elsewhere: Elsewhere, *here):
    chosen = select_scope({}, PART_OF_PROJECT_STATE, PlanOptions(), ("a.yaml",))
    return exclude_moved(chosen, ManifestSet(tuple(here), paths=("a.yaml",), elsewhere=lambda: elsewhere))


def test_what_stands_in_another_file_now_is_no_deletion():
    chosen, said = part(Elsewhere({at("tool.there"): "b.yaml"}))
    assert chosen.deletable == {at("tool.here")} and chosen.not_looked_at == 1
    assert [one.is_error for one in said] == [False] and "b.yaml" in said[0].summary


def test_where_a_file_cannot_be_read_nothing_that_it_may_hold_is_deleted():
    _, said = part(Elsewhere({}, ("b.yaml",)))
    assert [one.is_error for one in said] == [True]
    both = {at("tool.here"): "c.yaml", at("tool.there"): "c.yaml"}
    _, said = part(Elsewhere(both, ("b.yaml",)))
    assert not any(one.is_error for one in said)


def test_what_the_part_itself_declares_goes_by_other_rules():
    chosen, said = part(Elsewhere({at("tool.here"): "a.yaml"}), manifest("tool.here", {"name": "here"}))
    assert chosen.deletable == {at("tool.here"), at("tool.there")} and said == []


@pytest.mark.parametrize(("id", "along"), [(None, {"tool.look"}), ("t9", set())])
def test_only_what_is_not_there_is_made_along(id, along):
    beside = frozenset({at("tool.look")})
    resources = resources_of([PERSONA, TOOL])
    chosen = select_scope(resources, state(), PlanOptions(), ("a.yaml",), beside=beside)
    bindings = {at("persona.a"): Binding(None, Reason.NEW), at("tool.look"): Binding(id, Reason.NEW)}
    ids = {at("tool.look"): id} if id else {}
    bound = {address: bind_resource(one, ids, None)[0] for address, one in resources.items()}
    wanted, problems = include_dependencies(chosen, bound, beside, Matching(bindings))
    assert {str(one) for one in wanted.wanted} == {"persona.a"} | along
    assert problems == []


def test_a_reference_that_leads_to_nothing_is_an_error():
    resources = resources_of([PERSONA])
    chosen = select_scope(resources, state(), PlanOptions(), ("a.yaml",))
    _, problems = include_dependencies(chosen, resources, (), Matching({at("persona.a"): Binding(None, Reason.NEW)}))
    assert [one.is_error for one in problems] == [True] and "tool.look" in problems[0].summary


def test_only_what_is_referred_to_and_lacking_is_made_along():
    """Of what stands beside the part nothing else is touched; what the part itself refers to is no more than that."""
    tools = [manifest(f"tool.{name}", {"name": name}) for name in ("look", "idle", "there")]
    resources = resources_of([PERSONA, *tools])
    beside = {at("tool.look"), at("tool.idle"), at("tool.there")}
    chosen = select_scope(resources, state(), PlanOptions(), None, beside=beside)
    ids = {"persona.a": None, "tool.look": None, "tool.idle": None, "tool.there": "t1"}
    bindings = {at(address): Binding(id, Reason.NEW) for address, id in ids.items()}
    wanted, problems = include_dependencies(chosen, resources, beside, Matching(bindings))
    assert {str(one) for one in wanted.wanted} == {"persona.a", "tool.look"} and problems == []
    left, problems = include_dependencies(chosen, resources, beside - {at("tool.look")}, Matching(bindings))
    assert {str(one) for one in left.wanted} == {"persona.a"}
    assert [one.pointer for one in problems] == ["/tools"]


def test_without_another_part_nothing_stands_elsewhere():
    chosen = select_scope({}, PART_OF_PROJECT_STATE, PlanOptions(), None)
    assert chosen.deletable and exclude_moved(chosen, ManifestSet()) == (chosen, [])


def test_an_exclude_that_nothing_bears_excludes_nothing():
    held = state(tool__look=entry("t1"))
    options = PlanOptions(excludes=(at("tool.nowhere"),))
    assert select_scope({}, held, options, None).deletable == {at("tool.look")}


def test_what_gives_way_goes_and_stays_with_what_took_its_place():
    aside = "document.a~d1"
    held = state(**{"document__a": entry("d2"), "document__a~d1": entry("d1", gives_way_to=at("document.a"))})
    destroyed = select_scope({}, held, PlanOptions(destroy=True, targets=(at("document.a"),)), None)
    assert destroyed.deletable == {at("document.a"), at(aside)}
    alone = select_scope({}, held, PlanOptions(destroy=True, targets=(at(aside),)), None)
    assert alone.deletable == {at(aside)}
