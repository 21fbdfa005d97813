"""What left the manifest leaves the account; a mistyped name is an error where it would make a field go."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.resource_diff import plan_existing
from reconciler.core.resource_diff.removals import edits_between
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext, ResourcePlan
from reconciler.core.state.entry_records import record
from reconciler.errors import PlanError
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.change import Action, Direction, Reason
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Manifest
from reconciler.types.state import Entry
from tests.support.lab import Lab
from tests.support.making import at, book, env, live, manifest, resource
from tests.support.records import change_of

WORDS = st.text("abc", max_size=6)


@settings(max_examples=200, deadline=None)
@given(WORDS, WORDS)
def test_edits(one: str, other: str) -> None:
    found = edits_between(one, other, 9)
    assert (found == 0) == (one == other)
    assert found == edits_between(other, one, 9)
    assert abs(len(one) - len(other)) <= found <= max(len(one), len(other))
    assert edits_between(one, other) == min(found, 3)


@settings(max_examples=100, deadline=None)
@given(WORDS, st.integers(0, 6), st.sampled_from("abcx"))
def test_one_letter_more_is_one_edit(one: str, at: int, letter: str) -> None:
    assert edits_between(one, one[:at] + letter + one[at:]) == 1
    swapped = one[:at] + one[at : at + 2][::-1] + one[at + 2 :]
    assert edits_between(one, swapped) <= 1


BEFORE = {"greeting": "Hello.", "system_prompt": "Hi.", "layers": {"stt": {"hotwords": "Roey"}}}


def desk(spec: Mapping[str, object]) -> Manifest:
    return manifest("persona.desk", {"pal_name": "Desk", **spec})


def after_apply() -> Lab:
    lab = Lab()
    lab.apply(desk(BEFORE))
    return lab


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({**BEFORE, "greeting": None, "greting": "Hello."}, "greting"),
        ({"system_prompt": "Hi.", "greetign": "Hello.", "layers": BEFORE["layers"]}, "greetign"),
        ({**BEFORE, "layers": {"sttt": {"hotwords": "Roey"}}}, "sttt"),
        ({**BEFORE, "layers": {"stt": {"hot_words": "Roey"}}}, "hot_words"),
    ],
)
def test_what_would_be_removed_by_a_typo_is_an_error(spec: dict[str, object], word: str) -> None:
    lab = after_apply()
    spec = {key: value for key, value in spec.items() if value is not None}
    with pytest.raises(PlanError) as raised:
        lab.plan(desk(spec))
    (found,) = raised.value.diagnostics
    assert found.code == "E-typo" and repr(word) in found.summary


@pytest.mark.parametrize(
    "spec",
    [
        {**BEFORE, "greting": "x"},  # the known one is still there
        {"system_prompt": "Hi.", "layers": BEFORE["layers"]},  # nothing unknown
        {"system_prompt": "Hi.", "welcome_word": "Hello.", "layers": BEFORE["layers"]},  # nothing near
    ],
)
def test_everything_else_is_a_plan(spec: dict[str, object]) -> None:
    lab = after_apply()
    assert lab.plan(desk(spec)).changes


def test_a_name_that_was_applied_beside_the_known_one_is_meant() -> None:
    lab = Lab()
    lab.apply(desk({**BEFORE, "greting": "x"}))
    without = {key: value for key, value in BEFORE.items() if key != "greeting"}
    assert lab.plan(desk({**without, "greting": "x"})).changes


# --- what left the manifest ---------------------------------------------------------------------------------------

SECRETS = book(KEY="sk-1")
KEY_PATH = "/layers/llm/api_key"


def applied(managed: Mapping[str, Json], shown: Mapping[str, Json]) -> Entry:
    """What state remembers of an apply of these leaves, after which the account showed this."""
    change = change_of(at("persona.a"), Action.UPDATE, id="p1", managed={"/pal_name": "A", **managed})
    return record(change, live("persona", "p1", {"pal_name": "A", **shown}), None, SECRETS, {})


def left(
    managed: Mapping[str, Json], then: Object, now: Object, spec: Object | None = None, **more: object
) -> ResourcePlan:
    """The plan of a manifest that says only its name and `spec`, where `managed` was applied, the account showed
    `then`, and shows `now`."""
    wanted = resource("persona.a", {"pal_name": "A", **(spec or {})}, **more)
    found = live("persona", "p1", {"pal_name": "A", **now})
    binding = Binding("p1", Reason.CHANGED, applied(managed, then))
    return plan_existing(wanted, found, binding, DiffContext(SECRETS, KINDS, "pal"))


def taken(plan: ResourcePlan) -> dict[str, Direction]:
    return {field.path: field.direction for field in plan.change.fields if field.after in (None, [])}


HI = {"greeting": "Hi"}


@pytest.mark.parametrize(
    ("now", "fields", "drifted"),
    [
        (HI, {"/greeting": Direction.GIT}, []),
        ({"greeting": "Theirs"}, {"/greeting": Direction.BOTH}, ["/greeting"]),
        ({}, {}, []),
        ({"greeting": ""}, {}, []),
    ],
)
def test_what_left_the_manifest_leaves_the_account_unless_it_left_already(
    now: dict[str, Json], fields: dict[str, Direction], drifted: list[str]
) -> None:
    plan = left({"/greeting": "Hi"}, HI, now)
    assert taken(plan) == fields
    assert [one.path for one in plan.drift] == drifted
    assert plan.dropped == (() if fields else ("/greeting",))
    assert plan.absent is (now == {}), "a list may show less than the object holds"


def test_what_was_never_shown_rests_on_nothing() -> None:
    assert not left({KEY_PATH: env("KEY")}, {}, {}).absent


@pytest.mark.parametrize("ignore", ["/greeting", "/layers"])
def test_what_is_left_alone_stays_and_is_ours_no_more(ignore: str) -> None:
    shown = {"greeting": "Hi", "layers": {"tts": {"tts_engine": "azure"}}}
    plan = left({"/greeting": "Hi", "/layers/tts/tts_engine": "azure"}, shown, shown, ignore=(ignore,))
    path = "/greeting" if ignore == "/greeting" else "/layers/tts/tts_engine"
    assert path in plan.dropped and path not in taken(plan) and len(taken(plan)) == 1


def test_what_is_only_observed_loses_nothing() -> None:
    assert taken(left({"/greeting": "Hi"}, HI, HI, manage="observe")) == {}


def test_a_name_that_left_the_manifest_stays_for_without_it_nothing_is_found_again() -> None:
    wanted = resource("persona.a", {"greeting": "Hi"})
    found = live("persona", "p1", {"pal_name": "A", **HI})
    binding = Binding("p1", Reason.CHANGED, applied({"/greeting": "Hi"}, HI))
    plan = plan_existing(wanted, found, binding, DiffContext(SECRETS, KINDS, "pal"))
    assert plan.dropped == ("/pal_name",) and taken(plan) == {}


def test_a_secret_that_goes_is_not_shown_and_a_mask_tells_of_no_move() -> None:
    for shown in ("********", "sk-1"):
        layers = {"layers": {"llm": {"model": "m", "api_key": shown}}}
        spec = {"layers": {"llm": {"model": "m"}}}
        plan = left({"/layers/llm/model": "m", KEY_PATH: env("KEY")}, layers, layers, spec)
        assert taken(plan) == {KEY_PATH: Direction.GIT} and plan.drift == ()
        assert "sk-1" not in repr(plan.change)
    other = {"layers": {"llm": {"model": "m", "api_key": "sk-other"}}}
    plan = left({"/layers/llm/model": "m", KEY_PATH: env("KEY")}, layers, other, spec)
    assert taken(plan) == {KEY_PATH: Direction.BOTH}
    assert "sk-other" not in repr((plan.change, plan.drift))


STEPS = {
    "a": {"objective_name": "a", "objective_prompt": "A.", "next_required_objective": "b"},
    "b": {"objective_name": "b", "objective_prompt": "B."},
}


def steps(*names: str, known: Entry | None = None, ignore: tuple[str, ...] = (), **changed: Json) -> ResourcePlan:
    """A plan of a manifest with these steps, over an account that has them all."""
    data: list[Json] = [{**STEPS[name], **changed} for name in names]
    body: Object = {"name": "o", "data": [*STEPS.values()]}
    wanted = resource("objectives.o", {"name": "o", "data": data}, ignore=ignore)
    binding = Binding("o1", Reason.CHANGED, known or Entry("o1"))
    return plan_existing(wanted, live("objectives", "o1", body), binding, DiffContext(SECRETS, KINDS, "pal"))


def test_an_item_that_the_manifest_does_not_have_goes_with_what_refers_to_it() -> None:
    known = Entry("o1", sent={"/data/b/objective_prompt": "x"})
    gone = steps("a", known=known, next_required_objective=None).change.fields
    assert {field.path: field.direction for field in gone if field.after is None}["/data/b"] is Direction.GIT
    silent = {key: value for key, value in STEPS["a"].items() if key != "next_required_objective"}
    wanted = resource("objectives.o", {"name": "o", "data": [silent]})
    found = live("objectives", "o1", {"name": "o", "data": [*STEPS.values()]})
    plan = plan_existing(
        wanted, found, Binding("o1", Reason.CHANGED, Entry("o1")), DiffContext(SECRETS, KINDS, "pal")
    )
    fields = {field.path: field for field in plan.change.fields}
    assert fields["/data/b"].direction is Direction.LIVE, "somebody else made it"
    assert fields["/data/a/next_required_objective"].note == "refers to b, which goes"
    both = steps("a", "b")
    assert both.change.fields == ()


def test_an_item_that_is_left_alone_stays() -> None:
    assert steps("a", ignore=("/data/b",)).change.fields == ()


def test_an_item_of_an_object_that_is_only_imported_is_taken_for_ours_and_what_is_observed_for_theirs() -> None:
    """So nobody is told of a drift by somebody whom no run has met."""

    def gone(known: Entry | None, **more: object) -> tuple[Direction, list[str]]:
        wanted = resource("objectives.o", {"name": "o", "data": [STEPS["b"]]}, **more)
        found = live("objectives", "o1", {"name": "o", "data": [*STEPS.values()]})
        binding = Binding("o1", Reason.CHANGED if known else Reason.ADOPTED_BY_NAME, known)
        plan = plan_existing(wanted, found, binding, DiffContext(SECRETS, KINDS, "pal"))
        (field,) = (one for one in plan.change.fields if one.path == "/data/a")
        return field.direction, [one.path for one in plan.drift]

    ours = Entry("o1", sent={"/data/a/objective_prompt": "x"})
    assert gone(None) == (Direction.GIT, []) == gone(ours)
    assert gone(Entry("o1")) == (Direction.LIVE, ["/data/a"]) == gone(ours, manage="observe")


def test_a_reference_to_what_goes_is_refused_where_it_is_left_alone_and_stays_where_the_manifest_has_it() -> None:
    silent = {key: value for key, value in STEPS["a"].items() if key != "next_required_objective"}
    place = "/data/a/next_required_objective"
    wanted = resource("objectives.o", {"name": "o", "data": [silent]}, ignore=(place,))
    found = live("objectives", "o1", {"name": "o", "data": [*STEPS.values()]})
    binding, context = Binding("o1", Reason.CHANGED, Entry("o1")), DiffContext(SECRETS, KINDS, "pal")
    assert ("in_use", place) in {
        (one.rule, one.pointer) for one in plan_existing(wanted, found, binding, context).change.blocked
    }


def test_members_of_what_is_written_whole_go_with_a_write_of_what_stays() -> None:
    """A timeout left the manifest: the rest of the delivery is sent, without it."""
    delivery = {"api": {"url": "https://x.example.com", "method": "POST", "timeout": 20}}
    less = {"api": {"url": "https://x.example.com", "method": "POST"}}
    body = {"name": "look", "description": "d"}
    change = change_of(
        at("tool.look"), Action.UPDATE, id="t1",
        managed={"/name": "look", "/delivery/api/url": "https://x.example.com", "/delivery/api/timeout": 20},
    )  # fmt: skip
    found = live("tool", "t1", {**body, "delivery": delivery}, detailed=True)
    known = record(change, found, None, SECRETS, {})

    def patch(spec: Object) -> list[tuple[str, str, Json]]:
        plan = plan_existing(
            resource("tool.look", spec),
            found,
            Binding("t1", Reason.CHANGED, known),
            DiffContext(SECRETS, KINDS, "pal"),
        )
        return [(op.op, op.path, op.value) for op in plan.change.patch]

    assert patch({**body, "delivery": less}) == [("replace", "/delivery", less)]
    assert {op for op, _, _ in patch(body)} == {"remove"}
