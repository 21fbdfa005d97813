"""Types, unknown members and server-owned members of a body."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.field_tree import node_at
from reconciler.core.fields.field_check import (
    bound_violations,
    bounds_schema,
    check_fields,
    ignored_in_vain,
    json_type_name,
    server_field_warning,
    without_server_fields,
)
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.diagnostic import Diagnostic, Severity, Source
from reconciler.types.json import Json, split
from reconciler.types.kind import Bounds, Type

PERSONA = kind("persona")
TOOL = kind("tool")


def check(body: dict[str, Any]) -> list[Diagnostic]:
    return check_fields(PERSONA, body)


def only(body: dict[str, Any]) -> Diagnostic:
    (found,) = check(body)
    return found


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"persona_name": "x", "system_prompt": None, "document_ids": [], "document_tags": ["a"]},
        {"pal_name": "x", "default_face_id": "r1", "default_replica_id": "r1"},
        {
            "layers": {
                "llm": {"speculative_inference": True, "extra_body": {"temperature": 1, "top_p": 0.5, "max": 3}}
            }
        },
        {"layers": {"llm": {"headers": {"anything": "x"}, "default_query": {"api-version": "1"}}}},
        {"layers": {"llm": {"api_key": SecretRef("env", "X"), "tools": [{"type": "function"}]}}},
        {"layers": {"tts": {"voice_settings": {"speed": "slow", "deep": {"er": [1]}}}}},
        {"layers": {"conversational_flow": {"replica_interruptibility": "low", "face_interruptibility": "low"}}},
        {"layers": {"llm": None, "capabilities": {"mcp_enabled": True}, "transport": {"x": {"y": 1}}}},
        {"guardrail_ids": ["g1", ResourceRef("guardrail.x")], "objectives_id": ResourceRef("objectives.o")},
        {"verbal_disclosure": {"any": "thing"}, "visual_disclosure": True, "created_at": 3, "persona_id": 7},
    ],
)
def test_good_bodies_have_no_findings(body: dict[str, Any]) -> None:
    assert check(body) == []


@pytest.mark.parametrize(
    ("body", "pointer", "wanted", "got"),
    [
        ({"persona_name": 12}, "/pal_name", "text", "a number"),
        ({"system_prompt": ["a"]}, "/system_prompt", "text", "a list"),
        ({"greeting": True}, "/greeting", "text", "a boolean"),
        ({"document_ids": "d1"}, "/document_ids", "a list of texts", "a text"),
        ({"document_ids": ["d1", 2]}, "/document_ids/1", "a text", "a number"),
        ({"document_tags": {"a": 1}}, "/document_tags", "a list of texts", "a mapping"),
        ({"layers": "{}"}, "/layers", "a mapping", "a text"),
        ({"layers": []}, "/layers", "a mapping", "a list"),
        ({"layers": {"llm": "tavus-gpt-oss"}}, "/layers/llm", "a mapping", "a text"),
        ({"layers": {"llm": {"tools": "[]"}}}, "/layers/llm/tools", "a list", "a text"),
        ({"layers": {"llm": {"tools": {}}}}, "/layers/llm/tools", "a list", "a mapping"),
        (
            {"layers": {"llm": {"speculative_inference": "maybe"}}},
            "/layers/llm/speculative_inference",
            "true or",
            "text",
        ),
        (
            {"layers": {"llm": {"speculative_inference": 1}}},
            "/layers/llm/speculative_inference",
            "true or",
            "a number",
        ),
        (
            {"layers": {"llm": {"extra_body": {"temperature": True}}}},
            "/layers/llm/extra_body/temperature",
            "number",
            "bool",
        ),
        ({"layers": {"llm": {"headers": {"X/Y": ["a"]}}}}, "/layers/llm/headers/X~1Y", "text", "a list"),
        ({"layers": {"stt": {"hotwords": ["a", "b"]}}}, "/layers/stt/hotwords", "text", "a list"),
        (
            {"layers": {"conversational_flow": {"replica_interruptibility": 3}}},
            "/layers/conversational_flow/interruptibility",
            "text",
            "a number",
        ),
    ],
)
def test_wrong_types_are_errors(body: dict[str, Any], pointer: str, wanted: str, got: str) -> None:
    found = only(body)
    assert (found.code, found.severity, found.pointer) == ("L20", Severity.ERROR, pointer)
    assert wanted in found.summary
    assert got in found.summary


@pytest.mark.parametrize("member", ["headers", "default_query"])
@pytest.mark.parametrize("value", [3, 0.5, True])
def test_a_number_among_members_of_free_choice_is_a_warning(member: str, value: object) -> None:
    found = only({"layers": {"llm": {member: {"X/Y": value}}}})
    assert (found.code, found.severity, found.pointer) == ("L20", Severity.WARNING, f"/layers/llm/{member}/X~1Y")


@pytest.mark.parametrize(
    ("layer", "left"),
    [
        ({"hotwords": ["a", "b"]}, []),
        ({"participant_pause_sensitivity": 0.5}, []),
        ({"hotwords": 5}, ["/layers/stt/hotwords"]),
        ({"smart_turn_detection": ["x"]}, ["/layers/stt/smart_turn_detection"]),
    ],
)
def test_a_type_that_published_bodies_hold_is_no_reason_to_refuse_a_file(layer: Any, left: list[str]) -> None:
    body = {"layers": {"stt": layer}}
    assert [one.severity for one in check(body)] == [Severity.ERROR]
    assert [one.pointer for one in check_fields(PERSONA, body, loading=True)] == left


@pytest.mark.parametrize("layer", [{"api_key": 4711}, {"headers": {"X-Key": 4711}}])
def test_a_secret_of_the_wrong_type_is_not_repeated(layer: dict[str, Any]) -> None:
    found = only({"layers": {"llm": layer}})
    assert "4711" not in f"{found.summary} {found.hint}"


@pytest.mark.parametrize("value", ["low", True, {"after": 5}])
def test_a_field_whose_type_nobody_documents_takes_any(value: object) -> None:
    assert check({"layers": {"conversational_flow": {"idle_end_behavior": value}}}) == []


@pytest.mark.parametrize("word", ["noise_cancellation", "turn_commitment", "active_listening"])
@pytest.mark.parametrize("value", [True, {"after": 5}])
def test_a_field_whose_type_only_the_client_knows_can_be_read_whatever_it_holds(word: str, value: Any) -> None:
    body = {"layers": {"conversational_flow": {word: value}}}
    assert [one.severity for one in check(body)] == [Severity.ERROR]
    assert check_fields(PERSONA, body, loading=True) == []


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ({"layers": {"tts": {"tts_emotion_control": "true"}}}, True),
        ({"layers": {"tts": {"tts_emotion_control": "False"}}}, False),
        ({"layers": {"llm": {"extra_body": {"temperature": "0.7"}}}}, 0.7),
        ({"layers": {"llm": {"extra_body": {"temperature": "1"}}}}, 1),
        ({"is_template": " true "}, True),
    ],
)
def test_numbers_and_booleans_as_text_are_warnings_with_a_fix(body: dict[str, Any], value: object) -> None:
    found = only(body)
    assert (found.code, found.severity) == ("L20", Severity.WARNING)
    assert found.fix is not None
    assert found.fix.value == value


@pytest.mark.parametrize(
    ("body", "pointer", "hint"),
    [
        ({"sytem_prompt": "x"}, "/sytem_prompt", "system_prompt"),
        ({"persona_nam": "x"}, "/persona_nam", "persona_name"),
        ({"layers": {"lllm": {}}}, "/layers/lllm", "llm"),
        ({"layers": {"llm": {"modell": "x"}}}, "/layers/llm/modell", "model"),
        ({"layers": {"tts": {"engine": "x"}}}, "/layers/tts/engine", ""),
        ({"model": "x"}, "/model", "/layers/llm/model"),
        ({"layers": {"document_ids": []}}, "/layers/document_ids", "/document_ids"),
        (
            {"layers": {"perception": {"model": "x"}}},
            "/layers/perception/model",
            "/layers/perception/perception_model",
        ),
        ({"layers": {"llm": {"temperature": 1}}}, "/layers/llm/temperature", "/layers/llm/extra_body/temperature"),
        ({"layers": {"stt": {"engine": "x"}}}, "/layers/stt/engine", "/layers/stt/stt_engine"),
        ({"layers": {"tts": {"model": "x"}}}, "/layers/tts/model", "/layers/tts/tts_model_name"),
        ({"layers": {"guardrails": {}}}, "/layers/guardrails", "remove it"),
    ],
)
def test_unknown_members_are_warnings(body: dict[str, Any], pointer: str, hint: str) -> None:
    found = only(body)
    assert (found.code, found.severity, found.pointer) == ("L18", Severity.WARNING, pointer)
    assert hint in (found.hint or "")


def test_members_of_free_objects_are_not_judged() -> None:
    assert check({"layers": {"llm": {"extra_body": {"tempratur": 1}}}}) == []
    assert check({"skills": {"magic_canvas": {"components": {"chart": {"colour": "red"}}}}}) == []


@pytest.mark.parametrize("kind", [*KINDS])
def test_a_typo_is_one_wherever_members_are_declared(kind: str) -> None:
    """In an object that is replaced whole, too, and however deep: it has no effect there either."""
    places = {""} | {row.path for row in KINDS.get(kind).fields if row.type is Type.OBJECT and not row.server_owned}
    for path in sorted(path for path in places if "*" not in path):
        node = node_at(KINDS.get(kind), path)
        if not node.children or node.star is not None or (node.row is not None and node.row.open_ended):
            continue
        body: Json = {"tpyo": 1}
        for word in reversed(split(path)):
            body = {word: body}
        assert isinstance(body, dict)
        found = [one.pointer for one in check_fields(KINDS.get(kind), body) if one.code == "L18"]
        assert found == [f"{path}/tpyo"], path


def test_findings_bear_address_and_source() -> None:
    address, source = Address("persona", "a"), Source("a.yaml", 1, "/spec")
    (found,) = check_fields(PERSONA, {"greeting": 1}, address=address, source=source)
    assert (found.address, found.source) == (address, source)


@pytest.mark.parametrize(
    ("body", "hint"), [({"greeting": 1}, '"1"'), ({"greeting": {"evn": "X"}}, "env"), ({"layers": "{}"}, "quotes")]
)
def test_hints_say_what_to_write(body: dict[str, Any], hint: str) -> None:
    assert hint in (only(body).hint or "")


def test_server_fields_are_taken_out() -> None:
    body = {
        "pal_id": "p1",
        "pal_name": "x",
        "created_at": "t",
        "layers": {"conferencing": {"username": "u", "email": "e"}, "llm": {"model": "m"}},
    }
    before = copy.deepcopy(body)
    rest, dropped = without_server_fields(PERSONA, body)
    assert rest == {"pal_name": "x", "layers": {"conferencing": {"username": "u"}, "llm": {"model": "m"}}}
    assert set(dropped) == {"/pal_id", "/created_at", "/layers/conferencing/email"}
    assert body == before


def test_a_body_without_server_fields_is_not_copied() -> None:
    body = {"pal_name": "x", "layers": {"llm": {}}}
    rest, dropped = without_server_fields(PERSONA, body)
    assert rest is body
    assert dropped == ()


def test_the_warning_about_a_server_field() -> None:
    found = server_field_warning("/pal_id", Address("persona", "a"), Source("a.yaml"))
    assert found.severity is Severity.WARNING
    assert "pal_id" in found.summary
    assert found.fix is not None
    assert found.fix.remove


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "null"), (True, "a boolean"), (1.5, "a number"), ("", "a text"), ([], "a list"), ({}, "a mapping")],
)
def test_types_in_words(value: Any, words: str) -> None:
    assert json_type_name(value) == words


NAMES = st.sampled_from(
    [
        "pal_name",
        "persona_name",
        "layers",
        "llm",
        "tts",
        "headers",
        "x/y",
        "~",
        "tools",
        "api_key",
        "extra_body",
        "",
        "pal_id",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_any_body_is_checked_without_harm(body: dict[str, Any]) -> None:
    before = copy.deepcopy(body)
    for found in check_fields(PERSONA, body) + check_fields(TOOL, body):
        assert found.pointer is not None
        assert found.pointer.startswith("/")
    rest, dropped = without_server_fields(PERSONA, body)
    assert body == before
    assert without_server_fields(PERSONA, rest) == (rest, ())
    assert (rest == body) == (dropped == ())


@pytest.mark.parametrize(
    "place", ["/layers/llm/tools", "/layers/perception/visual_tools", "/layers/perception/perception_tools"]
)
@pytest.mark.parametrize(
    ("item", "below"),
    [
        ("look_up", ""),
        (3, ""),
        (None, ""),
        (["x"], ""),
        ({"function": "look_up"}, "/function"),
        ({"function": []}, "/function"),
    ],
)
def test_inline_tools_are_mappings(place: str, item: Any, below: str) -> None:
    _, _, layer, name = place.split("/")
    tool = {"type": "function", "function": {"name": "a", "description": "d", "parameters": {}}}
    found = only({"layers": {layer: {name: [tool, item]}}})
    assert found.is_error
    assert found.pointer == f"{place}/1{below}"
    assert found.hint


def test_inline_tools_in_either_form_are_fine() -> None:
    tools = [{"type": "function", "function": {"name": "a"}}, {"name": "b", "parameters": {}}]
    assert check({"layers": {"llm": {"tools": tools}}}) == []


@pytest.mark.parametrize(
    ("name", "words", "member"),
    [("objectives", "data", "objective_name"), ("guardrail_set", "data", "guardrail_name")],
)
@pytest.mark.parametrize("named", [SecretRef("env", "X"), SecretRef("file", "x"), ResourceRef("tool.x")])
def test_the_name_of_an_item_stands_in_the_manifest(name: str, words: str, member: str, named: Any) -> None:
    found = check_fields(kind(name), {words: [{member: "plain"}, {member: named}]}, loading=True)
    errors = [one for one in found if one.is_error]
    assert [one.pointer for one in errors] == [f"/{words}/1/{member}"]
    assert "told apart by their names" in errors[0].summary


NAME = Bounds(min_length=1, max_length=5, pattern="[a-z]*", pattern_description="small letters")


@pytest.mark.parametrize(
    ("bounds", "value", "expected"),
    [
        (NAME, "", [("", "x is empty")]),
        (NAME, "abcdef", [("", "x has 6 characters; the limit is 5")]),
        (NAME, "a-b", [("", "x is 'a-b'; it must be small letters")]),
        (Bounds(min_length=3), "ab", [("", "x is too short: at least 3 characters")]),
        (Bounds(exclusive_minimum=0, maximum=60), 0, [("", "x is 0; it must be above 0, at most 60")]),
        (Bounds(minimum=1, maximum=10), 11, [("", "x is 11; it must be 1 to 10")]),
        (Bounds(min_items=1), [], [("", "x is empty")]),
        (Bounds(min_items=2), ["a"], [("", "x has 1 items; at least 2 items")]),
        (Bounds(max_items=2), ["a", "b", "c"], [("", "x has 3 items; the limit is 2")]),
        (Bounds(max_members=0), {"a": 1}, [("", "x takes no members")]),
        (Bounds(each=NAME), ["a", 7, "toolong"], [("/2", "an item of x has 7 characters; the limit is 5")]),
        (Bounds(unique_member="t"), [{"t": "a"}, {}, 7, {"t": "a"}], [("/3/t", "x has the t 'a' twice")]),
    ],
)
def test_what_exceeds_the_bounds(bounds: Bounds, value: Json, expected: list[tuple[str, str]]) -> None:
    assert list(bound_violations(bounds, value, "x")) == expected


@pytest.mark.parametrize("value", ["abc", 7, True, None, {"a": 1}, ["toolong"]])
def test_what_fits_or_is_of_another_type_passes(value: Json) -> None:
    assert list(bound_violations(NAME, value, "x")) == []


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(), ""),
        (NAME, "small letters, 1 to 5 characters"),
        (Bounds(max_items=32, each=Bounds(max_length=64)), "at most 32 items, each at most 64 characters"),
        (Bounds(max_items=10_000, unique_member="text"), "at most 10,000 items, each text once"),
        (Bounds(minimum=1), "at least 1"),
        (Bounds(min_items=1), "at least 1 item"),
        (Bounds(max_members=0), "takes no members"),
        (Bounds(max_members=2), "at most 2 members"),
    ],
)
def test_in_words(bounds: Bounds, words: str) -> None:
    assert bounds.describe() == words


@given(
    value=st.text(alphabet="ab-", max_size=8)
    | st.integers(-3, 70)
    | st.lists(st.just("a"), max_size=4)
    | st.dictionaries(st.sampled_from("abc"), st.none(), max_size=3),
    bounds=st.sampled_from(
        [
            NAME,
            Bounds(exclusive_minimum=0, maximum=60),
            Bounds(minimum=1),
            Bounds(min_items=1, max_items=2),
            Bounds(max_members=0),
            Bounds(max_members=2),
        ]
    ),
)
@settings(max_examples=40, deadline=None)
def test_the_schema_says_the_same(value: Json, bounds: Bounds) -> None:
    kind = {str: "string", list: "array", dict: "object", int: "number"}[type(value)]
    valid = jsonschema.Draft7Validator({"type": kind, **bounds_schema(bounds, kind)}).is_valid(value)
    assert valid == (not list(bound_violations(bounds, value, "x")))


@pytest.mark.parametrize(
    ("pointer", "written"),
    [
        ("/layerz/llm", "layers"), ("/layers/llm/modle", "model"), ("/layers/llm/tools/0", "/layers/llm/tools/NAME"),
        ("/document_tags/0", "/document_tags"), ("/greeting/x", "/greeting"),
    ],
)  # fmt: skip
def test_what_is_ignored_in_vain_says_what_to_write(pointer, written):
    vain = ignored_in_vain(PERSONA, pointer)
    assert vain is not None and written in (vain[1] or "")


@pytest.mark.parametrize(
    "pointer", ["/layers/llm/tools/look", "/layers/llm/extra_body/a/b", "/layers/tts/voice_settings/speed", "/pal_id"]
)
def test_what_may_be_compared_may_be_ignored(pointer):
    assert ignored_in_vain(PERSONA, pointer) is None
