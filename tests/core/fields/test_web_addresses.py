"""Web addresses inside bodies, and the hosts that they lead to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.fields.web_addresses import Endpoint, find_addresses, parse_endpoint
from reconciler.platforms.tavus.kinds import kind
from tests.support.making import env


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://llm.example.com/v1", ("https", "llm.example.com", "")),
        ("HTTPS://LLM.Example.COM.:8443/v1?x=1#y", ("https", "llm.example.com", "8443")),
        ("https://good.example@evil.example/", ("https", "evil.example", "")),
        ("https://user:pass@host.example/a@b", ("https", "host.example", "")),
        ("http://[::1]:8080/v1", ("http", "::1", "8080")),
        ("llm.example.com/v1", ("", "llm.example.com", "")),
        ("//llm.example.com/v1", ("", "llm.example.com", "")),
        ("https://host.example?x=https://other.example/", ("https", "host.example", "")),
        ("https://münchen.example/", ("https", "xn--mnchen-3ya.example", "")),
        ("wss://host.example", ("wss", "host.example", "")),
    ],
)
def test_where_an_address_leads(address: str, expected: tuple[str, str, str]) -> None:
    assert parse_endpoint(address) == Endpoint(*expected)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example\\@good.example/",  # a browser reads the backslash as a slash
        "https://good.example\t.evil.example/",
        "https://good.example%2eevil.example/",
        "https://a@b@c.example/",
        "https:///v1",
        "https://",
        "",
        "https://host.example:80a/",
        "https://[::1/v1",
        "https://{{host}}/v1",
        "https://evil.example／.good.example/",
        "https://[::1]x/v1",
        "https://" + "ü" * 80 + ".example/",
    ],
)
def test_an_address_that_clients_read_differently_has_no_host(address: str) -> None:
    assert parse_endpoint(address) is None


@given(st.text(max_size=60))
def test_any_text_can_be_asked_about(text: str) -> None:
    for address in (text, f"https://{text}", f"https://{text}@good.example/", f"https://[{text}]/"):
        place = parse_endpoint(address)
        if place is not None:
            assert place.host == place.host.lower()
            assert place.host.isascii()
            assert not set(place.host) & set("/?#@\\ ")


@given(st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){1,3}", fullmatch=True), st.text(max_size=20))
def test_what_follows_the_host_does_not_change_it(host: str, rest: str) -> None:
    for mark in "/?#":
        place = parse_endpoint(f"https://{host}{mark}{rest}")
        assert place is None or place.host == host


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine(host: str) -> None:
    assert Endpoint("http", host).is_loopback


@pytest.mark.parametrize("host", ["localhost.example", "128.0.0.1", "127.0.0.1.nip.io", "example.com", "0.0.0.0"])
def test_not_this_machine(host: str) -> None:
    assert not Endpoint("http", host).is_loopback


def found(kind_name: str, pointer: str, value: object) -> list[str]:
    return [where for where, _ in find_addresses(kind(kind_name), pointer, value)]  # type: ignore[arg-type]


def test_addresses_stand_in_members_that_are_called_so() -> None:
    assert found("persona", "/layers/llm/base_url", "llm.example.com") == ["/layers/llm/base_url"]
    assert found("persona", "/layers/tts/base_url", "x.example") == ["/layers/tts/base_url"]
    assert found("document", "/callback_url", "https://x.example") == ["/callback_url"]
    delivery = {"api": {"url": "https://x.example", "auth": {"type": "oauth", "token_url": "https://t.example"}}}
    assert found("tool", "/delivery", delivery) == ["/delivery/api/url", "/delivery/api/auth/token_url"]
    tool = {"type": "function", "function": {"name": "t", "webhook": "https://w.example"}}
    assert found("persona", "/layers/llm/tools/t", tool) == ["/layers/llm/tools/t/function/webhook"]
    assert found("persona", "/x/urls", ["https://a.example", ""]) == ["/x/urls/0"]


def test_a_text_that_is_an_address_is_one_wherever_it_stands() -> None:
    assert found("persona", "/layers/llm/extra_body/proxy", "http://p.example:3128") == [
        "/layers/llm/extra_body/proxy"
    ]


def test_addresses_in_prose_and_in_schemas_lead_nowhere() -> None:
    assert found("persona", "/system_prompt", "see https://x.example for more") == []
    assert found("tool", "/parameters", {"properties": {"url": {"default": "https://x.example"}}}) == []
    assert found("persona", "/layers/llm/base_url", "") == []
    assert found("persona", "/layers/llm/base_url", None) == []


def test_a_reference_counts_where_an_address_belongs() -> None:
    assert found("persona", "/layers/llm/base_url", env("URL")) == ["/layers/llm/base_url"]
    assert found("persona", "/layers/llm/api_key", env("KEY")) == []
