"""Rules of addresses and credentials: secrets in plain text, routes and headers added twice (L03, L04, L33)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.credential_detection import is_credential
from reconciler.platforms.tavus.rules.endpoint_rules import without_route
from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, said


def test_a_key_in_clear() -> None:
    spec = body(llm={**CUSTOM, "api_key": "sk-abcdef"}, tts={"api_key": "xyz"})
    assert said("L03", spec) == [("/layers/llm/api_key", "error"), ("/layers/tts/api_key", "error")]


@pytest.mark.parametrize(
    ("member", "name", "value"),
    [
        ("headers", "Authorization", "Bearer abc"),
        ("headers", "x-api-key", "1"),
        ("headers", "X-Token", "1"),
        ("headers", "X-Anything", "Bearer abcdef"),
        ("headers", "X-Anything", "sk-abcdef12345"),
        ("default_query", "api_key", "1"),
        ("default_query", "code", "eyJhbGciOiJIUzI1NiJ9"),
    ],
)
def test_headers_and_parameters_that_look_like_credentials(member: str, name: str, value: str) -> None:
    assert said("L03", body(llm={**CUSTOM, member: {name: value}})) == [(f"/layers/llm/{member}/{name}", "error")]


@pytest.mark.parametrize(
    ("member", "name", "value"),
    [
        ("headers", "X-Organization-ID", "northwind"),
        ("headers", "Accept", "application/json"),
        ("default_query", "api-version", "2024-02-15-preview"),
    ],
)
def test_other_headers_are_plain_settings(member: str, name: str, value: str) -> None:
    assert said("L03", body(llm={**CUSTOM, member: {name: value}})) == []


def test_a_header_with_a_slash_in_its_name_is_escaped() -> None:
    (finding,) = findings("L03", body(llm={**CUSTOM, "headers": {"x/token~": "1"}}))
    assert finding.pointer == "/layers/llm/headers/x~1token~0"


@pytest.mark.parametrize("value", [{"env": "KEY"}, {"file": "key.txt"}, "", None, 7, ["x"], "********"])
def test_references_and_what_is_no_text_are_not_literals(value: Json) -> None:
    assert said("L03", body(llm={**CUSTOM, "api_key": value})) == []


@pytest.mark.parametrize("word", ["token", "password", "value", "secret", "client_secret"])
def test_auth_of_a_tool(word: str) -> None:
    spec: dict[str, Json] = {"name": "x", "delivery": {"api": {"url": "https://a.example", "auth": {word: "abc"}}}}
    assert said("L03", spec, kind="tool") == [(f"/delivery/api/auth/{word}", "error")]


@pytest.mark.parametrize("url", ["https://me:pw@d.example/x.pdf", "https://d.example/x.pdf?X-Amz-Signature=f00"])
def test_a_url_with_a_credential_in_it(url: str) -> None:
    assert said("L03", {"document_name": "d", "document_url": url}, kind="document") == [("/document_url", "error")]


def test_a_user_name_is_no_secret() -> None:
    spec: dict[str, Json] = {"name": "x", "delivery": {"api": {"auth": {"type": "basic", "username": "me"}}}}
    assert said("L03", spec, kind="tool") == []


def test_a_kind_without_a_table_is_left_alone() -> None:
    assert said("L03", {"api_key": "abc"}, kind="document") == []


def test_names_are_looked_at_in_any_case() -> None:
    assert is_credential("COOKIE", "a")
    assert not is_credential("X-Region", "eu")


POINTER = "/layers/llm/base_url"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://a.example/v1/chat/completions", "https://a.example/v1"),
        ("https://a.example/v1/chat/completions/", "https://a.example/v1"),
        ("https://a.example/v1/completions//", "https://a.example/v1"),
        ("https://a.example/v1/responses", "https://a.example/v1"),
        ("https://a.example/v1/messages", "https://a.example/v1"),
        ("https://a.example/chat/completions", "https://a.example"),
        ("https://a.example/v1/Chat/Completions", "https://a.example/v1"),
        ("https://a.example/v1/chat/completions/chat/completions", "https://a.example/v1"),
        (
            "https://x.openai.azure.com/openai/deployments/gpt-4o/chat/completions",
            "https://x.openai.azure.com/openai/deployments/gpt-4o",
        ),
        ("a.example/v1/chat/completions", "a.example/v1"),
        ("http://127.0.0.1:8080/v1/messages", "http://127.0.0.1:8080/v1"),
    ],
)
def test_the_route_is_cut(url: str, base: str) -> None:
    (finding,) = findings("L04", body(llm={**CUSTOM, "base_url": url}))
    assert finding.pointer == POINTER
    assert finding.is_error
    assert finding.fix is not None
    assert finding.fix.value == base


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/v1",
        "https://a.example/v1/",
        "https://a.example",
        "https://messages",
        "https://completions/",
        "https://a.example/completions-api/v1",
        "https://a.example/v1?path=/chat/completions",
        "https://a.example/v1/chat",
        "",
        "not a url",
    ],
)
def test_other_addresses_are_fine(url: str) -> None:
    assert said("L04", body(llm={**CUSTOM, "base_url": url})) == []


def test_a_query_behind_the_route_is_not_thrown_away() -> None:
    (finding,) = findings("L04", body(llm={**CUSTOM, "base_url": "https://a.example/v1/chat/completions?v=2"}))
    assert finding.fix is None
    assert finding.hint == "write https://a.example/v1; ?v=2 belongs into default_query"


@pytest.mark.parametrize("value", [None, 7, ["https://a.example/messages"], {"env": "URL"}, {"a": 1}])
def test_what_is_no_text_is_left_alone(value: Json) -> None:
    assert said("L04", body(llm={**CUSTOM, "base_url": value})) == []


@given(st.text())
def test_cutting_twice_cuts_nothing_more(url: str) -> None:
    first = without_route(url)
    if first is not None and not first[1]:
        assert without_route(first[0]) is None


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("value", ["Bearer x", {"env": "KEY"}])
def test_the_key_has_a_field_of_its_own(name: str, value: Json) -> None:
    assert said("L33", body(llm={**CUSTOM, "headers": {name: value}})) == [(f"/layers/llm/headers/{name}", "warning")]


@pytest.mark.parametrize(
    "headers", [{"X-Org": "nw"}, {"Authorization": None}, {"Authorization": ""}, {}, None, "Authorization", []]
)
def test_quiet(headers: Json) -> None:
    assert said("L33", body(llm={**CUSTOM, "headers": headers})) == []
