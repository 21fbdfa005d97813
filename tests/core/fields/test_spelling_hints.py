"""What the program answers to the mistakes that people make first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.field_tree import field_at, shape
from reconciler.core.fields.field_check import check_fields
from reconciler.core.fields.spelling_hints import snake_case
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.json import split

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
    for pointer, hint in spec.mistaken.items():
        *above, word = split(pointer)
        node = shape(spec)
        for token in above:
            node = node.children[token]
        assert word not in node.children, f"{pointer} is a field"
        assert word not in node.renames, f"{pointer} is another word of a field"
        assert pointer not in spec.misplaced, f"{pointer} is known as misplaced"
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
