"""What is a credential, by name, by look and inside of URLs."""

from __future__ import annotations

import pytest

from reconciler.core.credential_detection import (
    has_url_credentials,
    is_credential,
    is_credential_name,
    looks_like_credential,
    url_credentials,
)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "authorization",
        "X-Api-Key",
        "api_key",
        "apiKey",
        "accessToken",
        "X-Auth-Token",
        "token",
        "secret",
        "clientSecret",
        "password",
        "Cookie",
        "Set-Cookie",
        "X-Signature",
        "subscription-key",
        "Ocp-Apim-Subscription-Key",
        "jwt",
        "private_key",
    ],
)
def test_names_of_credentials(name: str) -> None:
    assert is_credential(name, "x")


@pytest.mark.parametrize(
    "name",
    [
        "api-version",
        "Content-Type",
        "Accept",
        "User-Agent",
        "X-Env",
        "monkey",
        "keyboard",
        "max_tokens",
        "temperature",
        "author",
        "X-Region",
        "model",
        "tokenizer",
        "deployment",
        "stream",
    ],
)
def test_names_of_harmless_parameters(name: str) -> None:
    assert not is_credential(name, "x")


@pytest.mark.parametrize(
    "value",
    [
        "Bearer abc",
        "Basic dXNlcjpwYXNz",
        "sk-proj-abcdef",
        "sk_live_abc",
        "ghp_0123456789",
        "github_pat_x",
        "glpat-abc",
        "xoxb-123",
        "AKIA0123456789",
        "eyJhbGciOi.J9.x",
        "hf_abc",
        "-----BEGIN PRIVATE KEY-----",
        "0123456789abcdef0123456789abcdef",
        "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==",
    ],
)
def test_values_of_credentials(value: str) -> None:
    assert is_credential("X-Anything", value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2024-02-01",
        "prod",
        "application/json",
        "northwind-claims-department-europe",
        "https://example.com/some/long/path/to/a/resource",
        "a sentence that is rather long and has 12 words or so in it",
        "eastus2",
        "task-42",
    ],
)
def test_harmless_values(value: str) -> None:
    assert not is_credential("X-Anything", value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Organization-ID", "org-x7Gh29sKd03kLmPq82nZ17aB"),
        ("OpenAI-Organization", "org0123456789abcdefghijklm"),
        ("X-Trace-Id", "0123456789abcdef0123456789abcdef"),
        ("api-version", "2024-02-15-preview"),
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "prompt-caching-2024-07-31"),
        ("X-Request-ID", "550e8400-e29b-41d4-a716-446655440000"),
        ("callback", "https://hooks.example.com/desk?version=2"),
    ],
)
def test_ids_and_versions_are_none_however_long(name: str, value: str) -> None:
    assert not is_credential(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Organization-ID", "sk-proj-abcdef"), ("AWSAccessKeyId", "x"), ("callback", "https://me:pw@example.com/")],
)
def test_what_looks_like_one_is_one_under_any_name(name: str, value: str) -> None:
    assert is_credential(name, value)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://me:pa55@example.com/x", "pa55"),
        ("https://ghp_abc@github.com/x", "ghp_abc"),
        ("postgresql://u:p%40ss@db:5432/x", "p%40ss"),
        ("https://a.example/x?version=1&token=t0ken&y=2", "t0ken"),
        ("https://a.example/x?sv=1&sig=abc%2Fd", "abc%2Fd"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature=f00", "f00"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Credential=AK%2F1", "AK%2F1"),
        ("https://a.example/x?api%5Fkey=k1", "k1"),
        ("https://a.example/x?y=sk-abcdef", "sk-abcdef"),
        ("https://a.example/x#access_token=abc", "abc"),
    ],
)
def test_credentials_in_urls(url: str, secret: str) -> None:
    text = f"see <{url}> for more"
    assert [text[start:end] for start, end in url_credentials(text)] == [secret]
    assert has_url_credentials(url)
    assert not has_url_credentials(text)
    assert looks_like_credential(url)


@pytest.mark.parametrize(
    "url",
    ["https://a.example/x?api-version=2024-02-01", "http://127.0.0.1:8080/v2", "s3://bucket/key",
     "mailto:a@b.example", "https://a.example/@user/x?page=2", "https://a.example/x?max_tokens=5"],
)  # fmt: skip
def test_other_urls(url: str) -> None:
    assert not has_url_credentials(url)


def test_a_name_in_an_error_text_is_told_by_its_words() -> None:
    assert is_credential_name("x-api-key")
    assert not is_credential_name("max_tokens")


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("abcdefghijk1" * 2, True),
        (("abcdefghijk1" * 2)[:-1], False),
        ("abcdefghij1" * 3, False),
        ("abcdefghijkl" * 2, False),
        ("123456789012" * 2, False),
        ("abcdefgh-jk1-mno-pqr-st2", False),
        ("abcdefghijk1mnop-qrstuvw", True),
        ("abcdefghijk1 abcdefghijk1", False),
        ("abcdefghijk1.abcdefghijk1abcdefghijk1", False),
        ("", False),
    ],
)
def test_a_random_look_is_a_length_many_different_characters_letters_and_digits(value: str, secret: bool) -> None:
    assert is_credential("X-Thing", value) is secret
    assert not is_credential("X-Thing-Id", value), "a name that says what it is tells more than the look"
