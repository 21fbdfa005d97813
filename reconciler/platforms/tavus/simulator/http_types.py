"""What goes in and out of the simulated API: calls, replies, and the refusals with the API's own error bodies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.types.json import Json

UNKNOWN_PERSONA = "Invalid persona_id"
CUSTOM_LLM = "Bad Request. Please ensure both base_url and api_key are included in order to use a custom llm."
MASK = "********"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `path` without the query, header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def flag(self, name: str) -> bool:
        """Whether the query says `name=true`."""
        return self.query.get(name, "").lower() in {"true", "1", "yes"}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `body` is JSON to be written, text already written (bytes), or None for an empty body."""

    status: int
    body: Json | bytes = None
    headers: Mapping[str, str] = field(default_factory=dict)


def write_json(value: Json, *, indent: int | None = None) -> bytes:
    """JSON as UTF-8. Half a surrogate pair, which JSON allows and UTF-8 does not, is written as an escape."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent).encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent).encode()


class Refusal(Exception):
    """A 4xx that ends the handling of a call; nothing was changed."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status} {body}")
        self.reply = Reply(status, body)


def invalid(errors: Mapping[str, Json]) -> Refusal:
    """400 of the schema check. The API prints the error map as Python does, inside one string."""
    return Refusal(400, {"error": f"Bad Request. {dict(errors)!r}"})


def refused(text: str, *, word: str = "error") -> Refusal:
    """400 with a sentence. Objectives and some others say `message` where the rest says `error`."""
    return Refusal(400, {word: text})


def missing(text: str, *, word: str = "error") -> Refusal:
    """404."""
    return Refusal(404, {word: text})


def unauthorized() -> Refusal:
    """401, for no key and for a wrong one alike."""
    return Refusal(401, {"message": "Invalid access token"})
