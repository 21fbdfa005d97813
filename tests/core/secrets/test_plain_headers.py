"""Headers and parameters: settings are shown and compared as they are, credentials never; told by what they are."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.field_tree import field_at, looks_secret
from reconciler.core.export.manifest_body import export_body
from reconciler.core.secrets.redact_document import is_secret, redact, redact_at
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.reporters.shown_leaves import hidden_paths, safe_field
from reconciler.types.json import SENSITIVE, lookup
from reconciler.types.manifest import Manifest
from tests.support.lab import Lab
from tests.support.making import manifest

PERSONA = kind("persona")
PLACES = (
    ("persona", "/layers/llm/headers"),
    ("persona", "/layers/llm/default_query"),
    ("tool", "/delivery/api/headers"),
)
SETTINGS = {
    "api-version": "2024-02-15-preview", "X-Organization-ID": "northwind", "OpenAI-Project": "proj_a1",
    "Content-Type": "application/json", "Accept": "*/*", "User-Agent": "desk/1.0", "anthropic-version": "2023-06-01",
    "X-Region": "eu-west-1", "deployment": "gpt-4o", "max_tokens": "512",
    "X-Trace-Id": "0123456789abcdef0123456789abcdef",
    "Accept-Language": "en-GB,en;q=0.9", "Cache-Control": "no-store", "X-Env": "production", "stream": "true",
    "X-Request-ID": "550e8400-e29b-41d4-a716-446655440000", "callback": "https://hooks.example.com/x?v=2",
}  # fmt: skip
NAMES = (
    "Authorization", "X-Api-Key", "api_key", "apikey", "Ocp-Apim-Subscription-Key", "X-Auth-Token", "Cookie",
    "secret", "client_secret", "X-Amz-Signature", "sig", "password", "Proxy-Authorization", "X-Goog-Api-Key",
    "access_token", "jwt",
)  # fmt: skip
LOOKS = (
    "Bearer abc", "Basic dXNlcjpwYXNz", "sk-proj-abcdef", "ghp_0123456789", "AKIA0123456789", "eyJhbGciOi.J9.x",
    "0123456789abcdef0123456789abcdeF", "https://me:pw@hooks.example.com/", "https://a.example/?token=abc",
)  # fmt: skip


@pytest.mark.parametrize(("name", "place"), PLACES)
@pytest.mark.parametrize("header", SETTINGS)
def test_settings_are_plain(name: str, place: str, header: str) -> None:
    value = SETTINGS[header]
    assert not is_secret(kind(name), f"{place}/{header}")
    assert redact_at(kind(name), f"{place}/{header}", value) == value


@pytest.mark.parametrize(("name", "place"), PLACES)
@pytest.mark.parametrize("header", NAMES)
def test_a_credentials_name_hides_every_value(name: str, place: str, header: str) -> None:
    assert is_secret(kind(name), f"{place}/{header}")
    assert redact_at(kind(name), f"{place}/{header}", "x") == SENSITIVE


@pytest.mark.parametrize(("name", "place"), PLACES)
@pytest.mark.parametrize("value", LOOKS)
def test_a_credentials_look_is_hidden_under_any_name(name: str, place: str, value: str) -> None:
    assert redact_at(kind(name), f"{place}/X-Any", value) == SENSITIVE
    assert looks_secret(field_at(kind(name), f"{place}/X-Any"), value)


def test_the_azure_example_is_readable() -> None:
    llm = {
        "api_key": "k",
        "default_query": {"api-version": "2024-02-15-preview"},
        "headers": {"X-Organization-ID": "nw"},
    }
    assert redact(PERSONA, {"layers": {"llm": llm}}) == {"layers": {"llm": {**llm, "api_key": SENSITIVE}}}


AZURE = {"model": "gpt-4o", "base_url": "https://llm.example.com/v1", "api_key": "k-first"}


def azure(version: str, organization: str) -> Manifest:
    free = {"default_query": {"api-version": version}, "headers": {"X-Organization-ID": organization}}
    body = {"pal_name": "A", "system_prompt": "x", "default_face_id": "r90bbd427f71", "layers": {"llm": AZURE | free}}
    return manifest("persona.a", body)


@pytest.mark.parametrize("headers", ["plain", "echo", "mask", "omit"])
def test_a_changed_setting_is_shown_whatever_the_server_shows(headers: str) -> None:
    lab = Lab(Mood(headers=headers))  # type: ignore[arg-type]
    lab.apply(azure("2026-05-01", "northwind"))
    assert lab.plan(azure("2026-05-01", "northwind")).differences == ()
    (change,) = lab.plan(azure("2026-09-01", "acme")).differences
    shown = {one.path: safe_field(change.kind, one, hidden_paths(change)) for one in change.fields}
    after = {path.rpartition("/")[2]: pair[1] for path, pair in shown.items()}
    assert after == {"api-version": "2026-09-01", "X-Organization-ID": "acme"}
    if headers in ("plain", "echo"):
        assert {pair[0] for pair in shown.values()} == {"2026-05-01", "northwind"}


def test_the_sandbox_exports_settings_in_clear() -> None:
    lab = Lab()
    lab.apply(azure("2026-05-01", "northwind"))
    (live,) = lab.provider().list("persona").objects.values()
    found = export_body(live, lambda kind, id: None, KINDS)
    assert lookup(found.spec, "/layers/llm/default_query") == {"api-version": "2026-05-01"}
    assert lookup(found.spec, "/layers/llm/headers") == {"X-Organization-ID": "northwind"}
    assert found.secrets == ("/layers/llm/api_key",)
