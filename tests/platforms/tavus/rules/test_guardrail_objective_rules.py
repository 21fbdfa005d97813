"""Rules of guardrails: limits of the API, and what each modality needs (L24, L25)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.types.json import Json, Object
from tests.support.rulecase import body, findings, said


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"guardrail_name": "no legal advice"}, "/guardrail_name"),
        ({"guardrail_name": ""}, "/guardrail_name"),
        ({"guardrail_name": "x" * 101}, "/guardrail_name"),
        ({"guardrail_prompt": "x" * 1001}, "/guardrail_prompt"),
        ({"callback_url": "x" * 2049}, "/callback_url"),
        ({"tags": ["x"] * 33}, "/tags"),
        ({"tags": ["x", "y" * 65]}, "/tags/1"),
    ],
)
def test_limits_of_a_guardrail(spec: dict[str, Json], pointer: str) -> None:
    assert said("L24", spec, kind="guardrail") == [(pointer, "error")]


def test_the_limits_themselves_are_allowed() -> None:
    spec: dict[str, Json] = {
        "guardrail_name": "x" * 100,
        "guardrail_prompt": "x" * 1000,
        "callback_url": "x" * 2048,
        "tags": ["x" * 64] * 32,
    }
    assert said("L24", spec, kind="guardrail") == []


def test_names_in_a_set_are_looser() -> None:
    data: Json = [{"guardrail_name": "No legal advice"}, {"guardrail_name": "ok", "guardrail_prompt": "x" * 1001}, 7]
    assert said("L24", {"name": "set", "data": data}, kind="guardrail_set") == [
        ("/data/1/guardrail_prompt", "error"),
        ("/data/0/guardrail_name", "warning"),
    ]


@pytest.mark.parametrize("word", ["guardrail_ids", "guardrail_tags"])
def test_fifty_for_a_persona(word: str) -> None:
    assert said("L24", body(**{word: ["g"] * 50})) == []
    assert said("L24", body(**{word: ["g"] * 51})) == [(f"/{word}", "error")]


@pytest.mark.parametrize("spec", [{}, {"guardrail_name": 7, "tags": "x"}, {"tags": [7, None]}, {"data": "x"}])
def test_strange_shapes(spec: dict[str, Json]) -> None:
    assert said("L24", spec, kind="guardrail") == []
    assert said("L24", spec, kind="guardrail_set") == []


def test_audio_is_in_no_page() -> None:
    assert said("L25", {"modality": "audio"}, kind="guardrail") == [("/modality", "warning")]


def test_inside_a_set() -> None:
    data: Json = [{"modality": "verbal"}, {"modality": "audio"}, None]
    assert said("L25", {"data": data}, kind="guardrail_set") == [("/data/1/modality", "warning")]


@pytest.mark.parametrize("modality", ["verbal", "visual", None, 7, ["audio"], ""])
def test_quiet(modality: Json) -> None:
    assert said("L25", {"modality": modality}, kind="guardrail") == []


def step(name: str, *then: str, **more: Json) -> Object:
    body: Object = {"objective_name": name, "objective_prompt": "Do it.", **more}
    if len(then) == 1:
        body["next_required_objective"] = then[0]
    elif then:
        body["next_conditional_objectives"] = dict.fromkeys(then, "if so")
    return body


def of(*steps: Object, **more: Json) -> Object:
    return {"name": "set", "data": list(steps), **more}


@pytest.mark.parametrize(
    "steps",
    [
        [step("a")],
        [step("a", "b"), step("b")],
        [step("b"), step("a", "b")],
        [step("a", "b", "c"), step("b", "d"), step("c", "d"), step("d")],
    ],
)
def test_one_way_through(steps: list[Object]) -> None:
    assert said("L34", of(*steps), kind="objectives") == []


@pytest.mark.parametrize(
    ("steps", "pointer", "words"),
    [
        ([step("a"), step("b")], "/data/1", "2 steps to begin with: a, b"),
        ([step("a", "b"), step("b", "a")], "/data/0", "a -> b -> a"),
        ([step("a", "a")], "/data/0", "'a' cannot lead to itself"),
        ([step("a", "a"), {"objective_prompt": "Nameless."}], "/data/0", "'a' cannot lead to itself"),
        ([step("r", "a"), step("a", "b"), step("b", "a")], "/data/1", "a -> b -> a"),
        ([step("a", "x")], "/data/0/next_required_objective", "'x'"),
        ([step("a", "x", "b"), step("b")], "/data/0/next_conditional_objectives", "'x'"),
        ([step("a"), step("a")], "/data/1/objective_name", "a second step"),
        ([step("a b")], "/data/0/objective_name", "letters, digits"),
        ([step("a", objective_prompt="x" * 10_001)], "/data/0/objective_prompt", "10,001"),
        ([step("a", callback_url="x" * 2049)], "/data/0/callback_url", "2,049"),
        ([step("a", output_variables=["v"] * 51)], "/data/0/output_variables", "51"),
    ],
)
def test_what_the_api_would_refuse(steps: list[Object], pointer: str, words: str) -> None:
    found = findings("L34", of(*steps), kind="objectives")
    assert [one.pointer for one in found] == [pointer]
    assert words in found[0].summary
    assert found[0].severity.value == "error"


def test_both_ways_on_at_once() -> None:
    both = step("a", "b", next_conditional_objectives={"c": "if so"})
    found = said("L34", of(both, step("b"), step("c")), kind="objectives")
    assert ("/data/0/next_required_objective", "error") in found


def test_loops_may_be_meant() -> None:
    assert said("L34", of(step("a", "b"), step("b", "a"), allow_loops=True), kind="objectives") == []


def test_a_set_has_an_end() -> None:
    steps = [step(f"s{number}", *([f"s{number + 1}"] if number < 50 else [])) for number in range(51)]
    assert said("L34", of(*steps), kind="objectives") == [("/data", "error")]


@pytest.mark.parametrize("spec", [{}, {"data": None}, {"data": "x"}, {"data": [1, None, "x"]}, {"data": [{}]}])
def test_odd_shapes_are_the_affair_of_other_rules(spec: Object) -> None:
    assert said("L34", spec, kind="objectives") == []


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sets(st.sampled_from("abcdef"), max_size=3)), max_size=6))
def test_no_graph_is_too_odd(graph: list[tuple[str, set[str]]]) -> None:
    """Whatever the steps name, the rule ends, and a set without a finding has one root and no circle."""
    steps = [step(name, *sorted(then)) for name, then in graph]
    if said("L34", of(*steps), kind="objectives") or not steps:
        return
    follow = dict(graph)
    targets = {target for then in follow.values() for target in then}
    (root,) = set(follow) - targets
    reached, todo = set(), [root]
    while todo:
        name = todo.pop()
        reached.add(name)
        todo += follow[name]
        assert len(todo) < 1000, "a circle"
    assert reached == set(follow)
