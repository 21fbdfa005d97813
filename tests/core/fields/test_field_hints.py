"""What a new object cannot do without: found in bodies of any shape, and never against what the API takes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.offline import manifest_schema
from reconciler.core.canonical.field_tree import build_field_tree, field_at
from reconciler.core.fields.field_check import check_fields
from reconciler.core.fields.field_hints import missing_members, removes_required, snake_case, when_needed
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.reporters.explain_field import as_json, explain, render
from reconciler.types.address import SecretRef
from reconciler.types.change import Action, Direction, FieldChange
from reconciler.types.json import Json, Object, lookup, split
from tests.support.account import BODIES
from tests.support.lab import Lab
from tests.support.making import at
from tests.support.records import change_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
API: Object = {
    "api": {"url": "https://api.example.com/x", "auth": {"type": "basic", "username": "u", "password": "p"}}
}
WHOLE: dict[str, tuple[str, Object]] = {
    "a tool told in the app": ("tool", {"name": "a", "description": "d", "on_call": "silent"}),
    "a tool with a filler": (
        "tool",
        {"name": "b", "description": "d", "on_call": "static_filler", "static_filler": "One moment."},
    ),
    "a tool behind a password": ("tool", {"name": "c", "description": "d", "delivery": API}),
    "a tool after the call": (
        "tool",
        {"name": "d", "description": "d", "trigger_type": "post_call", "delivery": API},
    ),
    "a guardrail": ("guardrail", BODIES["guardrail.no_legal_advice"]),
    "a set": ("guardrail_set", BODIES["guardrail_set.old"]),
    "steps": ("objectives", BODIES["objectives.intake"]),
    "a document": ("document", BODIES["document.returns"]),
    "words": ("pronunciation_dictionary", BODIES["pronunciation_dictionary.brand"]),
    "a persona": ("persona", {"pal_name": "P", "system_prompt": "Hi", "default_face_id": "r90bbd427f71"}),
    "a persona that only speaks": ("persona", {"pal_name": "E", "pipeline_mode": "echo"}),
}
LACKS = ("Missing data", "required", "need delivery.api", "'type': ['Must be one of")
COLLECTIONS = {
    "tool": "/tools", "guardrail": "/guardrails", "guardrail_set": "/guardrails", "objectives": "/objectives",
    "document": "/documents", "pronunciation_dictionary": "/pronunciation-dictionaries", "persona": "/personas",
}  # fmt: skip


def less(body: Object) -> Iterator[tuple[str, Object]]:
    """Each body that lacks one member, and its pointer."""
    for pointer in members(body, ""):
        smaller = copy.deepcopy(body)
        *above, word = split(pointer)
        holder = lookup(smaller, "".join(f"/{token}" for token in above))
        assert isinstance(holder, dict)
        del holder[word]
        yield pointer, smaller


def members(value: Json, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for word, member in value.items():
            yield f"{path}/{word}"
            yield from members(member, f"{path}/{word}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from members(item, f"{path}/{index}")


def wire(name: str, body: Object) -> Object:
    return {f"persona{word[3:]}" if word == "pal_name" else
            "default_replica_id" if word == "default_face_id" else word: member
            for word, member in body.items()} if name == "persona" else body  # fmt: skip


@pytest.mark.parametrize("case", WHOLE)
def test_nothing_is_missing_that_the_api_does_without_and_the_other_way_round(case: str) -> None:
    name, whole = WHOLE[case]
    spec = kind(name)
    assert list(missing_members(spec, whole)) == []
    for pointer, body in less(whole):
        answer = Lab().client.post(COLLECTIONS[name], json=wire(name, body))
        refused = any(word in answer.text for word in LACKS)
        if pointer == "/delivery/api":
            continue  # refused for what is left over: a channel that is none
        # A manifest without a name sends its own, so that one is never missing.
        expected = pointer != spec.name_field and refused
        assert bool(list(missing_members(spec, body))) == expected, (pointer, answer.text)


def test_a_deployment_needs_its_persona_and_a_channel() -> None:
    whole = {**BODIES["deployment.web"], "customization": {"landing_page": {"title": "Desk", "description": "Ask."}}}
    lacking = {pointer for pointer, body in less(whole) if list(missing_members(kind("deployment"), body))}
    page = "/customization/landing_page"
    assert lacking == {"/pal_id", "/channel", "/customization", page, f"{page}/title", f"{page}/description"}


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("document", {}, ["/document_url"]),
        ("document", {"document_url": None}, ["/document_url"]),
        ("document", {"document_url": " "}, ["/document_url"]),
        ("document", {"document_url": SecretRef("env", "URL")}, []),
        ("objectives", {}, ["/data"]),
        ("objectives", {"data": []}, ["/data"]),
        ("objectives", {"data": SecretRef("file", "x")}, []),
        ("objectives", {"data": [{}]}, ["/data/0/objective_name", "/data/0/objective_prompt"]),
        ("objectives", {"data": ["text", {"objective_name": "a"}]}, ["/data/1/objective_prompt"]),
        ("pronunciation_dictionary", {"rules": [{"text": "a", "type": "alias"}]}, ["/rules/0/pronunciation"]),
        ("pronunciation_dictionary", {}, []),
        ("tool", {"description": "d", "delivery": {"api": {}}}, []),
        ("tool", {"description": "d", "delivery": {"api": {"auth": {"type": "none"}}}}, ["/delivery/api/url"]),
        ("tool", {"description": "d", "delivery": {"api": {"url": "u", "auth": {"type": "bearer"}}}},
         ["/delivery/api/auth/token"]),
        ("tool", {"description": "d", "trigger_type": "post_call"}, ["/delivery"]),
        ("persona", {}, ["/system_prompt"]),
        ("persona", {"pipeline_mode": SecretRef("env", "MODE")}, []),
        ("persona", {"pipeline_mode": "echo", "layers": {"conferencing": {"username": "a"}}}, ["/default_face_id"]),
    ],
)  # fmt: skip
def test_what_is_missing(name: str, body: Object, expected: list[str]) -> None:
    assert [pointer for pointer, _ in missing_members(kind(name), body)] == expected


@given(st.sampled_from(list(KINDS)), st.dictionaries(st.text(max_size=5), JSON, max_size=3), JSON)
def test_any_body_can_be_asked(name: str, body: dict[str, Json], value: Json) -> None:
    spec = kind(name)
    for row in spec.fields:
        _, first, *_ = row.path.split("/")
        for pointer, _ in missing_members(spec, {**body, first: value}):
            there = lookup({**body, first: value}, pointer)
            assert not (there.strip() if isinstance(there, str) else there), "what is blank is missing, too"


@pytest.mark.parametrize("name", KINDS)
def test_what_decides_and_what_is_needed_stands_in_the_table(name: str) -> None:
    spec = kind(name)
    known = {row.path for row in spec.fields}
    for need in spec.conditional_requirements:
        assert need.members
        for pointer in (need.when, *need.members):
            assert pointer in known or any(pointer.startswith(f"{row.path}/") and row.atomic for row in spec.fields)


@pytest.mark.parametrize(
    ("address", "path", "before", "after", "unknown", "expected"),
    [
        ("tool.x", "/description", "d", None, False, True),
        ("tool.x", "/description", "d", "e", False, False),
        ("tool.x", "/static_filler", "d", None, False, True),
        ("tool.x", "/tags", ["a"], None, False, False),
        ("deployment.x", "/pal_id", "p1", None, True, False),
        ("objectives.x", "/data/greet/objective_prompt", "p", None, False, True),
        ("objectives.x", "/data/greet", {"objective_prompt": "p"}, None, False, False),
        ("persona.x", "/system_prompt", "p", None, False, True),
    ],
)
def test_what_a_change_takes_away(
    address: str, path: str, before: Json, after: Json, unknown: bool, expected: bool
) -> None:
    field = FieldChange(path, Direction.GIT, before, after, after_unknown=unknown)
    assert removes_required(change_of(at(address), Action.UPDATE, fields=(field,))) is expected


class TestWords:
    def test_explain_says_when_a_field_is_needed(self) -> None:
        assert "Required. A new object needs it." in render(explain("document.document_url", KINDS))
        assert "Required. Without it metadata.name is sent." in render(explain("tool.name", KINDS))
        assert "A new object needs it when on_call is static_filler." in render(explain("tool.static_filler", KINDS))
        assert "Each item needs text, pronunciation, type." in render(
            explain("pronunciation_dictionary.rules", KINDS)
        )
        text = " ".join(render(explain("tool.delivery", KINDS)).split())
        assert "A new object needs api.auth.token when delivery.api.auth.type is bearer." in text
        needed = as_json(explain("persona.system_prompt", KINDS))["needed"]
        assert needed == ["A new object needs it when pipeline_mode is full, as it is when not given."]

    def test_most_fields_are_not(self) -> None:
        assert when_needed(kind("persona"), "/greeting") == ()
        assert as_json(explain("persona.greeting", KINDS))["needed"] == []

    def test_the_schema_says_it_and_leaves_parts_of_bodies_alone(self) -> None:
        definitions = manifest_schema()["definitions"]
        assert isinstance(definitions, dict)
        url = lookup(definitions, "/document_spec/properties/document_url/description")
        assert isinstance(url, str)
        assert "Required: a new object needs it." in url
        assert lookup(definitions, "/document_spec/required") is None
        text = lookup(
            definitions, "/pronunciation_dictionary_spec/properties/rules/items/properties/text/description"
        )
        assert isinstance(text, str)
        assert "Required: a new object needs it." in text


PERSONA = kind("persona")
FUNCTION = {"type": "function", "function": {"name": "look_up", "description": "d", "parameters": {}}}


def hints(body: dict[str, Any], of: str = "persona") -> dict[str, str]:
    return {str(one.pointer): one.hint or "" for one in check_fields(kind(of), body)}


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"llm": {"model": "x"}}, "/llm", "/layers/llm"),
        ({"model": "x"}, "/model", "/layers/llm/model"),
        ({"temperature": 1}, "/temperature", "/layers/llm/extra_body"),
        ({"prompt": "x"}, "/prompt", "/system_prompt"),
        ({"instructions": "x"}, "/instructions", "/system_prompt"),
        ({"layers": {"llm": {"prompt": "x"}}}, "/layers/llm/prompt", "/system_prompt"),
        ({"layers": {"llm": {"system_prompt": "x"}}}, "/layers/llm/system_prompt", "/system_prompt"),
        ({"replica_id": "r1"}, "/replica_id", "default_replica_id"),
        ({"face_id": "r1"}, "/face_id", "/default_face_id"),
        ({"replicaId": "r1"}, "/replicaId", "default_replica_id"),
        ({"callback_url": "x"}, "/callback_url", "each conversation"),
        ({"callbackUrl": "x"}, "/callbackUrl", "each conversation"),
        ({"properties": {}}, "/properties", "each conversation"),
        ({"custom_greeting": "x"}, "/custom_greeting", "/greeting"),
        ({"conversational_context": "x"}, "/conversational_context", "system_prompt"),
        ({"guardrails": ["x"]}, "/guardrails", "/guardrail_ids"),
        ({"objectives": "x"}, "/objectives", "/objectives_id"),
        ({"layers": {"tools": []}}, "/layers/tools", "/layers/llm/tools"),
        ({"layers": {"perception": {"tools": []}}}, "/layers/perception/tools", "/layers/perception/visual_tools"),
        ({"layers": {"tts": {"provider": "cartesia"}}}, "/layers/tts/provider", "/layers/tts/tts_engine"),
        ({"systemPrompt": "x"}, "/systemPrompt", "'system_prompt'"),
        ({"guardrailIds": []}, "/guardrailIds", "'guardrail_ids'"),
        ({"pipeline-mode": "x"}, "/pipeline-mode", "'pipeline_mode'"),
        ({"layers": {"tts": {"ttsEngine": "x"}}}, "/layers/tts/ttsEngine", "'tts_engine'"),
        ({"layers": [{"llm": {}}, {"tts": {}}]}, "/layers", "without the dashes: layers: {llm: ...}"),
        ({"tools": {"look": {}}}, "/tools", "list of names"),
        ({"document_ids": [{"id": "d1"}]}, "/document_ids/0", "{ref: document.name}"),
        ({"layers": {"llm": {"tools": {"look": {}}}}}, "/layers/llm/tools", "write a list"),
    ],
)
def test_a_mistake_and_the_way_out(body: dict[str, Any], pointer: str, words: str) -> None:
    found = hints(body)
    assert words in found[pointer], found


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (FUNCTION, "item 2 of /tools (look_up)"),
        ({"name": "flat"}, "item 2 of /tools (flat)"),
        ({}, "item 2 of /tools "),
    ],
)
def test_a_function_among_the_names_of_tools(item: dict[str, Any], said: str) -> None:
    (found,) = check_fields(PERSONA, {"tools": ["fine", item]})
    assert found.is_error
    assert found.pointer == "/tools/1"
    assert found.summary.startswith(said)
    assert "must be a text, not a mapping" in found.summary
    assert "/layers/llm/tools" in (found.hint or "")
    assert "kind: Tool" in (found.hint or "")


@pytest.mark.parametrize("word", ["url", "method", "headers", "auth"])
def test_a_tool_written_as_a_request(word: str) -> None:
    assert f"/delivery/api/{word}" in hints({word: "x"}, "tool")[f"/{word}"]


def test_a_tool_in_the_form_of_a_function() -> None:
    assert "directly" in hints({"function": FUNCTION["function"]}, "tool")["/function"]


@pytest.mark.parametrize("name", list(KINDS))
def test_every_known_mistake_is_one_and_leads_to_a_field(name: str) -> None:
    spec = kind(name)
    for pointer, hint in spec.unknown_key_hints.items():
        *above, word = split(pointer)
        node = build_field_tree(spec)
        for token in above:
            node = node.children[token]
        assert word not in node.children, f"{pointer} is a field"
        assert word not in node.renames, f"{pointer} is another word of a field"
        assert pointer not in spec.misplaced_keys, f"{pointer} is known as misplaced"
        for place in (part.rstrip(";:,") for part in hint.split() if part.startswith("/")):
            known = field_at(spec, place) is not None or place.startswith("/delivery/api")
            assert known or place == "/conversations)", place


@pytest.mark.parametrize("name", list(KINDS))
def test_every_field_in_camel_case_leads_to_itself(name: str) -> None:
    for row in kind(name).fields:
        tokens = split(row.path)
        if len(tokens) != 1 or "_" not in tokens[0]:
            continue
        head, *rest = tokens[0].split("_")
        camel = head + "".join(part.capitalize() for part in rest)
        assert snake_case(camel) == tokens[0]
        assert hints({camel: None}, name)[f"/{camel}"] == f"did you mean {tokens[0]!r}?"


@given(st.text(max_size=30))
def test_words_in_snake_case_stay(word: str) -> None:
    once = snake_case(word)
    assert snake_case(once) == once
