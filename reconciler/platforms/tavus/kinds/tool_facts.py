"""What the vendor says of a registry tool: the closed lists, limits and members of its channels and authentication.

Field table, rules and simulator read the same facts here. Sources: pages create-tool, llm-tool and llm-tool-auth, and
the models of the vendor's client (tavus-cli 0.11.0), which refuses everything else before it sends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.types.json import Json

ORIGINS = ("llm", "vision", "audio")
TRIGGERS = ("in_call", "post_call")
ON_CALL = ("generate_filler", "static_filler", "silent", "passthrough")
ON_RESOLVE = ("generate_response", "response_in_result", "add_to_context", "fire_and_forget")
METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE", "HEAD")
WITHOUT_BODY = ("GET", "HEAD", "DELETE")
"""Methods that take no body_template."""
LONGEST_TIMEOUT = 60
"""Seconds; a timeout is above 0 and at most this."""
LOCATIONS = ("header", "query")
CHANNELS = ("app_message", "api")
"""A tool has exactly one of them."""
API_MEMBERS = ("url", "method", "timeout", "headers", "query_params", "body_template", "content_type", "auth")
RESERVED = "tavus_"
"""Placeholders that begin so are filled by the platform; no parameter may be called so."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The members of `auth` beside its type: those that it needs, and those that it may have."""

    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


CREDENTIALS: Mapping[str, Credentials] = {
    "none": Credentials(),
    "bearer": Credentials(("token",)),
    "basic": Credentials(("username", "password")),
    "api_key": Credentials(("name", "value"), ("location",)),
    "hmac": Credentials(("secret",)),
    "oauth2_client_credentials": Credentials(("token_url", "client_id", "client_secret"), ("scope",)),
}
SIZE = 10_000
"""Characters of description and parameters together."""
SIGNED_WITHOUT = ("body_template", "query_params")
"""Members that authentication by hmac would ignore, as it would placeholders in the address."""

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def size_of(parameters: Json) -> int:
    """Characters of a tool's parameters as the vendor counts them: JSON in ASCII, one space after `,` and `:`."""
    return len(json.dumps(parameters or {}, sort_keys=True))


def placeholders(value: Json) -> Iterator[str]:
    """Every `{name}` in the texts of `value`, however deep. Names of members are none."""
    if isinstance(value, str):
        yield from PLACEHOLDER.findall(value)
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from placeholders(member)


def is_https(url: str) -> bool:
    """Whether an address is one that the vendor calls."""
    return url.lower().startswith("https://")
