"""Which texts look like credentials."""

from __future__ import annotations

import pytest

from reconciler.kinds import KINDS
from reconciler.loader.literals import is_mask, looks_secret, reference_for


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
    assert looks_secret(name, "x")


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
    assert not looks_secret(name, "x")


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
    assert looks_secret("X-Anything", value)


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
    assert not looks_secret("X-Anything", value)


@pytest.mark.parametrize(
    ("text", "mask"), [("****", True), ("********", True), ("***", False), ("**** x", False), ("", False)]
)
def test_masks(text: str, mask: bool) -> None:
    assert is_mask(text) is mask


@pytest.mark.parametrize(
    ("pointer", "value", "reference"),
    [
        ("/layers/llm/api_key", "abc", "{env: CLAIMS_DESK_LLM_API_KEY}"),
        ("/layers/tts/api_key", "abc", "{env: CLAIMS_DESK_TTS_API_KEY}"),
        ("/layers/llm/api_key", "${LLM_KEY}", "{env: LLM_KEY}"),
        ("/layers/llm/api_key", "$LLM_KEY", "{env: LLM_KEY}"),
        ("/layers/llm/api_key", "{{ llm_key }}", "{env: llm_key}"),
        ("/layers/llm/headers/X-Api-Key", "abc", "{env: CLAIMS_DESK_LLM_HEADERS_X_API_KEY}"),
        ("/delivery/api/auth/token", "abc", "{env: CLAIMS_DESK_AUTH_TOKEN}"),
        ("/password", "abc", "{env: CLAIMS_DESK_PASSWORD}"),
    ],
)
def test_the_reference_that_could_stand_there(pointer: str, value: str, reference: str) -> None:
    assert reference_for(pointer, value, "persona.claims-desk") == reference


def test_every_secret_of_a_kind_gets_a_variable_of_its_own() -> None:
    for spec in KINDS.all().values():
        secrets = [row.path for row in spec.fields if row.secret]
        named = {reference_for(path, "", f"{spec.name}.x") for path in secrets}
        assert len(named) == len(secrets), spec.name


def test_a_reference_never_starts_with_a_digit() -> None:
    assert reference_for("/key", "x", "persona.1st") == "{env: _1ST_KEY}"
