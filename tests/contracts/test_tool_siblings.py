"""What the rules say of a tool and what the simulated API says are the same, field by field: valid bodies pass both,
and each of their invalid siblings is refused by both."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import httpx
import pytest

from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.kinds.tool import CREDENTIALS, METHODS, WITHOUT_BODY
from reconciler.platforms.tavus.rules import RULES
from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.types.diagnostic import Severity
from reconciler.types.kind import Field, Type
from tests.support.rulecase import context, manifest

URL = "https://api.northwind.example/claims"
PARAMETERS = {"type": "object", "properties": {"claim": {"type": "string"}}, "required": ["claim"]}
SAMPLES = {"token_url": "https://login.northwind.example/token", "location": "query"}
WRONG: dict[Type, tuple[Any, ...]] = {
    Type.STRING: (7, ["a"], {"a": "b"}),
    Type.BOOLEAN: (7, {}, []),
    Type.NUMBER: (True, [], {}),
    Type.STRINGS: (7, [7], {}),
    Type.OBJECT: (7, "text", []),
}


CLOSED = ("/delivery", "/delivery/api", "/delivery/api/auth")
"""Objects that take no other members."""


def tool(**members: Any) -> dict[str, Any]:
    return {"name": "look_up", "description": "Looks up.", **members}


def api(**members: Any) -> dict[str, Any]:
    return tool(parameters=PARAMETERS, delivery={"api": {"url": URL, **members}})


def auth(type: str, *more: str, **changed: Any) -> dict[str, Any]:
    words = (*CREDENTIALS[type].needed, *more)
    return api(auth={"type": type, **{word: SAMPLES.get(word, "text") for word in words}, **changed})


VALID: dict[str, dict[str, Any]] = {
    "smallest": tool(),
    "parameters": tool(parameters=PARAMETERS, tags=["a", "b"]),
    "app message": tool(delivery={"app_message": True}),
    "silent": tool(on_call="silent", on_resolve="add_to_context"),
    "filler": tool(on_call="static_filler", static_filler="One moment."),
    "seen": tool(origin="vision", trigger_type="in_call"),
    "heard": tool(origin="audio", on_resolve="fire_and_forget"),
    "after the call": tool(trigger_type="post_call", delivery={"api": {"url": URL}}),
    "no app message": tool(delivery={"app_message": False, "api": {"url": URL}}),
    "everything": api(
        url=URL + "/{claim}/{tavus_conversation_id}",
        method="PUT",
        timeout=60,
        headers={"X-Team": "claims"},
        query_params={"q": "{claim}"},
        body_template={"a": ["{claim}", {"b": 1}]},
        content_type="application/json",
        auth={"type": "none"},
    ),
    "half a second": api(timeout=0.5),
    "scheme in capitals": api(url="HTTPS://api.northwind.example/claims"),
    "braces in a name of the body": api(body_template={"{policy}": 1}),
    "text without filler": tool(static_filler="Hm."),
    "text with silence": tool(on_call="silent", static_filler="Hm."),
    **{f"method {method}": api(method=method) for method in METHODS},
    **{f"auth {type}": auth(type, *way.optional) for type, way in CREDENTIALS.items()},
    **{f"auth {type}, least": auth(type) for type in CREDENTIALS},
    "signed": {**auth("hmac"), "on_resolve": "generate_response"},
}
INVALID: dict[str, dict[str, Any]] = {
    "no channel": tool(delivery={}),
    "both channels": tool(delivery={"app_message": True, "api": {"url": URL}}),
    "neither channel": tool(delivery={"app_message": False}),
    "after the call by message": tool(trigger_type="post_call", delivery={"app_message": True}),
    "no url": tool(delivery={"api": {"method": "GET"}}),
    "plain http": api(url="http://api.northwind.example"),
    "no scheme": api(url="api.northwind.example"),
    "no time": api(timeout=0),
    "negative time": api(timeout=-1),
    "too long": api(timeout=60.5),
    **{f"body with {method}": api(method=method, body_template={}) for method in WITHOUT_BODY},
    "header no text": api(headers={"X": 7}),
    "query no text": api(query_params={"q": {"a": "b"}}),
    "placeholder in url": api(url=URL + "/{policy}"),
    "placeholder in query": api(query_params={"q": "{policy}"}),
    "placeholder deep in body": api(body_template={"a": [{"b": "x {policy} y"}]}),
    "placeholder without parameters": tool(delivery={"api": {"url": URL + "/{claim}"}}),
    "signed with body": api(auth={"type": "hmac", "secret": "text"}, body_template={"a": "b"}),
    "signed with query": api(auth={"type": "hmac", "secret": "text"}, query_params={"a": "b"}),
    "signed with placeholder": api(auth={"type": "hmac", "secret": "text"}, url=URL + "/{claim}"),
    "auth without type": api(auth={}),
    "token over http": auth("oauth2_client_credentials", token_url="http://login.northwind.example"),
    **{
        f"auth {type} without {word}": api(
            auth={"type": type, **{other: "https://x" for other in way.needed if other != word}}
        )
        for type, way in CREDENTIALS.items()
        for word in way.needed
    },
    **{
        f"auth {type} with {word}": auth(type, **{word: "header"})
        for type, way in CREDENTIALS.items()
        for word in ("token", "username", "location", "secret", "scope")
        if word not in (*way.needed, *way.optional)
    },
    "filler without text": tool(on_call="static_filler"),
    "seen and said": tool(origin="vision", on_call="silent"),
    "heard and filled": tool(origin="audio", static_filler="Hm."),
    "heard and filled with nothing": tool(origin="audio", static_filler=""),
    "seen and answered": tool(origin="vision", on_resolve="generate_response"),
    "reserved parameter": tool(
        parameters={"type": "object", "properties": {"tavus_x": {"type": "string"}}, "required": ["tavus_x"]}
    ),
    "odd name": tool(name="look-up"),
    "long name": tool(name="a" * 65),
    "no description": {"name": "look_up"},
    "too large": tool(description="x" * 10_001),
    "too large in ASCII": tool(description="x" * 4000, parameters={"title": "\u00e9" * 1000}),
}


def rows() -> list[Field]:
    return [row for row in kind("tool").fields if not row.server_owned]


def places(body: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every member of `body`, as pointer and value."""
    for word, value in body.items():
        yield f"{path}/{word}", value
        if isinstance(value, dict):
            yield from places(value, f"{path}/{word}")


def row_at(pointer: str) -> Field | None:
    return next((row for row in rows() if row.path == pointer or row.path == f"{pointer.rpartition('/')[0]}/*"), None)


def put(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    changed = deepcopy(body)
    *above, last = pointer[1:].split("/")
    inner = changed
    for word in above:
        inner = inner[word]
    inner[last] = value
    return changed


def siblings(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A valid body with one value of a wrong type, out of a closed list, or with one member too many; which one."""
    body = VALID[name]
    for pointer, value in places(body):
        row = row_at(pointer)
        if row is None:
            continue
        for wrong in (*WRONG[row.type], *(("other",) if row.closed else ())):
            yield f"{pointer} {wrong!r}", put(body, pointer, wrong)
        if (
            isinstance(value, dict)
            and row.path.startswith("/delivery")
            and not row.path.endswith(("headers", "query_params", "body_template"))
        ):
            yield f"{pointer}/colour", put(body, f"{pointer}/colour", "red")


def errors(body: dict[str, Any]) -> list[str]:
    """What `validate` calls an error, less the one about secrets in plain text."""
    one = manifest(body, "tool")
    looked = context(one)
    found = [finding for rule in RULES.all().values() if rule.concerns(one) for finding in rule.check(one, looked)]
    return [
        f"{finding.code} {finding.pointer}: {finding.summary}"
        for finding in found
        if finding.severity is Severity.ERROR and finding.code != "L03"
    ]


def refusal(body: dict[str, Any]) -> str:
    """What the simulated API answers, empty where it takes the tool."""
    with httpx.Client(
        transport=SimulatorTransport(None), base_url="http://simulator/v2", headers={"x-api-key": "k"}
    ) as client:
        answer = client.post("/tools", json=body)
    assert answer.status_code in (200, 201, 400), answer.text
    return "" if answer.is_success else answer.json()["error"]


@pytest.mark.parametrize("body", VALID.values(), ids=VALID)
def test_a_valid_tool_passes_both(body: dict[str, Any]) -> None:
    assert (errors(body), refusal(body)) == ([], "")


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_an_invalid_tool_passes_neither(body: dict[str, Any]) -> None:
    assert errors(body)
    assert refusal(body)


@pytest.mark.parametrize("name", VALID)
def test_a_sibling_of_the_wrong_type_or_word_passes_neither(name: str) -> None:
    """Hundreds of small ones, so they are one test a body."""
    told = [(label, errors(body), refusal(body)) for label, body in siblings(name)]
    assert told
    assert [one for one in told if not all(one)] == []


def test_every_field_has_siblings() -> None:
    met = {row.path for body in VALID.values() for pointer, _ in places(body) if (row := row_at(pointer)) is not None}
    assert {row.path for row in rows()} - met == set()
