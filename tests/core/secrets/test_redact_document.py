from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.vocabulary import to_wire
from reconciler.core.secrets.redact_document import (
    SENSITIVE,
    credentials_in,
    is_secret,
    marked,
    redact,
    redact_at,
    sensitive_mask,
)
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object, join, split

PERSONA = kind("persona")
TOOL = kind("tool")
KEY = "sk-planted"

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("********")
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def secret_document(spec_name: str) -> Object:
    """A document that holds the planted key at every declared secret path."""
    document: Object = {}
    for row in kind(spec_name).fields:
        if row.secret:
            *parents, last = split(row.path.replace("*", "X-Token"))
            place = document
            for token in parents:
                place = place.setdefault(token, {})  # type: ignore[assignment]
            place[last] = KEY
    return document


@pytest.mark.parametrize("name", list(KINDS))
def test_every_declared_secret_is_hidden(name: str) -> None:
    spec = kind(name)
    document = secret_document(name)
    assert KEY not in json.dumps(redact(spec, document))
    for row in spec.fields:
        if row.secret:
            assert is_secret(spec, row.path.replace("*", "X-Token"))
            assert redact_at(spec, row.path.replace("*", "X-Token"), KEY) == SENSITIVE


@pytest.mark.parametrize("vocabulary", ["pal", "persona"])
def test_words_of_the_wire_are_understood(vocabulary: str) -> None:
    body = to_wire(PERSONA, {**secret_document("persona"), "pal_name": "Desk"}, vocabulary)
    assert KEY not in json.dumps(redact(PERSONA, body))
    assert "Desk" in json.dumps(redact(PERSONA, body))


def test_hides_by_place_and_never_by_text() -> None:
    document: Object = {"greeting": f"my key is not {KEY}", "layers": {"llm": {"api_key": KEY, "model": KEY}}}
    assert redact(PERSONA, document) == {
        "greeting": f"my key is not {KEY}",
        "layers": {"llm": {"api_key": SENSITIVE, "model": KEY}},
    }


@pytest.mark.parametrize("value", ["", KEY, 7, True, ["a"], {"a": "b"}, SecretRef("env", "X"), "********"])
def test_whatever_stands_at_a_secret_path_is_hidden(value: Json) -> None:
    assert redact(PERSONA, {"layers": {"tts": {"api_key": value}}}) == {"layers": {"tts": {"api_key": SENSITIVE}}}


def test_null_at_a_secret_path_stays_null() -> None:
    assert redact(PERSONA, {"layers": {"llm": {"api_key": None}}}) == {"layers": {"llm": {"api_key": None}}}
    assert sensitive_mask(PERSONA, {"layers": {"llm": {"api_key": None}}}) == {"layers": {"llm": {}}}


def test_inside_atomic_objects() -> None:
    document: Object = {"delivery": {"api": {"url": "https://x", "auth": {"type": "bearer", "token": KEY}}}}
    assert redact(TOOL, document) == {
        "delivery": {"api": {"url": "https://x", "auth": {"type": "bearer", "token": SENSITIVE}}}
    }
    assert sensitive_mask(TOOL, document) == {"delivery": {"api": {"auth": {"token": True}}}}
    assert redact_at(TOOL, "/delivery", document["delivery"]) == redact(TOOL, document)["delivery"]


def test_a_text_in_the_place_of_an_object_of_secrets() -> None:
    assert redact(PERSONA, {"layers": {"llm": {"headers": f"Bearer {KEY}"}}}) == {
        "layers": {"llm": {"headers": SENSITIVE}}
    }


def test_a_text_where_secrets_stand_far_below() -> None:
    document: Object = {"layers": f"llm: {{api_key: {KEY}}}", "greeting": "hello"}
    assert redact(PERSONA, document) == {"layers": SENSITIVE, "greeting": "hello"}


@pytest.mark.parametrize(
    ("member", "value", "hidden"),
    [
        ("headers", {"X-Trace": f"Bearer {KEY}"}, True),
        ("headers", {"X-Trace": "one"}, False),
        ("headers", {"X-Trace": [KEY]}, True),
        ("default_query", {"token": KEY}, True),
        ("default_query", {"api-version": "2024-10-21"}, False),
        ("base_url", f"https://me:{KEY}@a.example", True),
        ("base_url", "https://a.example", False),
    ],
)
def test_what_has_the_look_of_a_credential_is_hidden(member: str, value: Json, hidden: bool) -> None:
    shown = redact_at(PERSONA, f"/layers/llm/{member}", value)
    assert (str(SENSITIVE) in json.dumps(shown)) == hidden
    assert hidden or shown == value


def test_a_list_in_the_place_of_an_object_of_secrets() -> None:
    headers: Json = [{"name": "X", "value": KEY}]
    assert KEY not in json.dumps(redact(PERSONA, {"layers": {"llm": {"headers": headers}}}))


def test_markers_are_sensitive_wherever_they_stand() -> None:
    document: Object = {"greeting": SecretRef("env", "G"), "languages": ["en", SecretRef("file", "f")]}
    assert redact(PERSONA, document) == {"greeting": SENSITIVE, "languages": ["en", SENSITIVE]}
    assert sensitive_mask(PERSONA, document) == {"greeting": True, "languages": [False, True]}


def test_masks_are_sensitive_wherever_they_stand() -> None:
    assert redact(PERSONA, {"unknown": "********", "short": "***"}) == {"unknown": SENSITIVE, "short": "***"}


def test_the_other_side_of_a_marker_is_hidden() -> None:
    before: Object = {"layers": {"llm": {"base_url": "https://secret-host", "model": "m"}}}
    after: Object = {"layers": {"llm": {"base_url": SecretRef("env", "URL"), "model": "m"}}}
    assert redact(PERSONA, before, marked(after)) == {"layers": {"llm": {"base_url": SENSITIVE, "model": "m"}}}
    assert sensitive_mask(PERSONA, before, marked(after)) == {"layers": {"llm": {"base_url": True}}}


def test_the_other_side_of_a_marker_in_an_inline_tool_goes_by_name() -> None:
    def tools(secret: Json) -> Object:
        one: Json = {"type": "function", "function": {"name": "a", "url": "open"}}
        two: Json = {"type": "function", "function": {"name": "b", "url": secret}}
        return {"layers": {"llm": {"tools": [one, two] if secret == KEY else [two, one]}}}

    before, after = tools(KEY), tools(SecretRef("env", "U"))
    shown = json.dumps(redact(PERSONA, before, marked(after)))
    assert KEY not in shown
    assert "open" in shown


def test_the_other_side_of_a_marker_in_a_list_hides_the_list() -> None:
    assert redact(PERSONA, {"languages": [KEY]}, marked({"languages": [SecretRef("env", "L")]})) == {
        "languages": SENSITIVE
    }


def test_a_request_keeps_references_but_no_values() -> None:
    reference: Json = SecretRef("env", "K")
    body: Json = {"layers": {"llm": {"api_key": reference}, "tts": {"api_key": KEY}}, "greeting": reference}
    assert redact_at(PERSONA, "", body, keep=True) == {
        "layers": {"llm": {"api_key": reference}, "tts": {"api_key": SENSITIVE}},
        "greeting": reference,
    }
    assert redact_at(PERSONA, "/layers/llm/api_key", reference, keep=True) == reference
    assert redact_at(PERSONA, "/layers/llm/api_key", reference) == SENSITIVE
    assert redact_at(PERSONA, "/layers/llm/api_key", KEY, keep=True) == SENSITIVE
    assert redact_at(PERSONA, "/layers/llm", {"api_key": KEY}, keep=True) == {"api_key": SENSITIVE}


def test_an_unknown_kind_still_hides_markers_and_masks() -> None:
    document: Object = {"a": SecretRef("env", "X"), "b": "****", "c": 1}
    assert redact(None, document) == {"a": SENSITIVE, "b": SENSITIVE, "c": 1}


def test_nothing_sensitive() -> None:
    assert sensitive_mask(PERSONA, {"greeting": "hi", "layers": {"llm": {"model": "m"}}}) == {"layers": {"llm": {}}}
    assert sensitive_mask(PERSONA, {}) == {}
    assert sensitive_mask(PERSONA, None) is False


def test_the_document_itself_is_not_changed() -> None:
    document = secret_document("persona")
    copy = json.loads(json.dumps(document))
    redact(PERSONA, document)
    assert document == copy


@given(VALUES)
def test_a_subtree_is_hidden_like_the_whole(value: Json) -> None:
    whole = redact(PERSONA, {"layers": {"llm": value}})
    assert whole == {"layers": {"llm": redact_at(PERSONA, "/layers/llm", value)}}


@given(st.dictionaries(st.sampled_from(["greeting", "layers", "pal_name", "x"]), VALUES, max_size=4))
def test_redacting_twice_is_redacting_once(document: Object) -> None:
    once = redact(PERSONA, document)
    assert redact(PERSONA, once) == once


@given(st.dictionaries(st.sampled_from(["greeting", "layers", "pal_name", "x"]), VALUES, max_size=4))
def test_the_mask_marks_exactly_what_was_replaced(document: Object) -> None:
    def places(mask: Json, path: str) -> set[str]:
        if mask is True:
            return {path}
        if isinstance(mask, dict):
            return {place for key, inner in mask.items() for place in places(inner, path + join(key))}
        if isinstance(mask, list):
            return {place for number, inner in enumerate(mask) for place in places(inner, f"{path}/{number}")}
        return set()

    def replaced(before: Json, after: Json, path: str) -> set[str]:
        if after == SENSITIVE:
            return {path}
        if isinstance(after, dict) and isinstance(before, dict):
            return {place for key in after for place in replaced(before[key], after[key], path + join(key))}
        if isinstance(after, list) and isinstance(before, list):
            pairs = zip(before, after, strict=True)
            return {place for number, (a, b) in enumerate(pairs) for place in replaced(a, b, f"{path}/{number}")}
        return set()

    assert places(sensitive_mask(PERSONA, document), "") == replaced(document, redact(PERSONA, document), "")


@pytest.mark.parametrize(
    ("name", "body", "found"),
    [
        ("persona", {"layers": {"llm": {"api_key": "k1", "model": "m"}}}, {"k1"}),
        ("persona", {"layers": {"tts": {"api_key": "k2"}}, "system_prompt": "hello"}, {"k2"}),
        ("persona", {"layers": {"mcp": {"servers": [{"auth_token": "t1", "url": "u"}]}}}, {"t1"}),
        ("persona", [{"op": "replace", "path": "/layers/llm/api_key", "value": "k3"}], {"k3"}),
        ("persona", [{"op": "add", "path": "/layers/llm", "value": {"api_key": "k4", "model": "m"}}], {"k4"}),
        ("persona", [{"op": "add", "path": "/layers/llm/headers/Authorization", "value": "Bearer x"}], {"Bearer x"}),
        ("persona", [{"op": "remove", "path": "/layers/llm/api_key"}], set()),
        ("persona", [{"op": "add", "path": "/layers", "value": {"sts": {"secret": ["s1", "s2"]}}}], {"s1", "s2"}),
        ("tool", {"delivery": {"api": {"auth": {"type": "bearer", "token": "t2"}, "url": "https://a"}}}, {"t2"}),
        ("persona", {"layers": {"llm": {"extra_body": {"u": "AKIA0123456789abcdef"}}}}, {"AKIA0123456789abcdef"}),
        ("persona", {"system_prompt": "a sentence with 24 letters and digits 0123456789"}, set()),
        ("persona", {"tool_ids": ["t0123456789abcdef0123456789abcdef"]}, set()),
        ("persona", {"layers": {"llm": {"api_key": "********"}}}, set()),
        ("persona", None, set()),
        ("persona", {"layers": {"llm": {"api_key": 12345}}}, {"12345"}),
        ("persona", {"layers": {"llm": {"api_key": [True, None, 1.5]}}}, {"1.5"}),
        ("persona", {"layers": {"llm": {"api_key": True}, "tts": {"api_key": None}}}, set()),
        ("persona", {"layers": {"llm": {"max_tokens": 12345}}}, set()),
    ],
)
def test_what_counts_as_a_secret(name: str, body: Any, found: set[str]) -> None:
    assert set(credentials_in(kind(name), body)) == found
