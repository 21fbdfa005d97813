"""Tool: a function in the account's registry that any number of personas may attach, and what its parts may be.

Field table, rules and simulator read the same facts here. Sources: pages create-tool, llm-tool and llm-tool-auth, and
the models of the vendor's client (tavus-cli 0.11.0), which refuses everything else before it sends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.types.json import Json
from reconciler.types.kind import Bounds, ConditionalRequirement, Field, KindSpec, Type

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


DOCS = "create-tool"

PAGE = "llm-tool page"
AUTH_PAGE = "llm-tool-auth page"
API = "/delivery/api"
AUTH = f"{API}/auth"

DELIVERY = (
    Field("/delivery/app_message", Type.BOOLEAN, "The call goes to the app as a message.", DOCS),
    Field(API, Type.OBJECT, "The call goes to an HTTPS endpoint.", DOCS),
    Field(
        f"{API}/url",
        Type.STRING,
        "The endpoint; {name} stands for a declared parameter.",
        PAGE,
        further_limits="https:// only; a {name} in it is one of parameters.properties or begins with tavus_",
        example="https://api.example.com/policies/{policy_id}",
    ),
    Field(f"{API}/method", Type.STRING, "The HTTP method.", PAGE, default="POST", enum=METHODS, closed=True),
    Field(
        f"{API}/timeout",
        Type.NUMBER,
        "Seconds to wait for the answer.",
        PAGE,
        default=10,
        bounds=Bounds(exclusive_minimum=0, maximum=LONGEST_TIMEOUT),
    ),
    Field(
        f"{API}/query_params", Type.OBJECT, "Query parameters: text by name; {name} as in the url.", PAGE, default={}
    ),
    Field(
        f"{API}/body_template",
        Type.OBJECT,
        "The body to send; {name} as in the url. Without it the arguments are sent as they are.",
        PAGE,
        further_limits=f"not with {', '.join(WITHOUT_BODY)}",
    ),
    Field(f"{API}/content_type", Type.STRING, "The content type of the body.", PAGE),
    Field(f"{API}/headers", Type.OBJECT, "Headers: text by name.", PAGE, default={}),
    Field(f"{API}/headers/*", Type.STRING, "One header; may carry a credential.", AUTH_PAGE, secret=True),
    Field(AUTH, Type.OBJECT, "How the request proves who sends it.", AUTH_PAGE, default={"type": "none"}),
    Field(
        f"{AUTH}/type",
        Type.STRING,
        "Which way; each has members of its own.",
        AUTH_PAGE,
        default="none",
        enum=tuple(CREDENTIALS),
        closed=True,
    ),
    Field(f"{AUTH}/token", Type.STRING, "Bearer token.", AUTH_PAGE, secret=True),
    Field(f"{AUTH}/username", Type.STRING, "Basic user.", AUTH_PAGE),
    Field(f"{AUTH}/password", Type.STRING, "Basic password.", AUTH_PAGE, secret=True),
    Field(f"{AUTH}/name", Type.STRING, "Name of the header or query parameter of an API key.", AUTH_PAGE),
    Field(f"{AUTH}/value", Type.STRING, "API key.", AUTH_PAGE, secret=True),
    Field(
        f"{AUTH}/location",
        Type.STRING,
        "Where an API key goes.",
        AUTH_PAGE,
        default="header",
        enum=LOCATIONS,
        closed=True,
    ),
    Field(
        f"{AUTH}/secret", Type.STRING, "HMAC secret; the signature goes as X-Tavus-Signature.", AUTH_PAGE, secret=True
    ),
    Field(
        f"{AUTH}/token_url", Type.STRING, "Where OAuth gives the token.", AUTH_PAGE, further_limits="https:// only"
    ),
    Field(f"{AUTH}/client_id", Type.STRING, "OAuth client.", AUTH_PAGE),
    Field(f"{AUTH}/client_secret", Type.STRING, "OAuth client secret.", AUTH_PAGE, secret=True),
    Field(f"{AUTH}/scope", Type.STRING, "OAuth scope.", AUTH_PAGE),
)
"""The channels of a tool, below the row of `/delivery`, which is written whole."""

KIND = KindSpec(
    name="tool",
    manifest_kinds=("Tool",),
    exported=True,
    prominent_fields=("/delivery", "/parameters"),
    doc="A function that a persona may call, delivered to the app or to an HTTPS endpoint.",
    id_members=("tool_id", "uuid", "id"),
    name_field="/name",
    level=1,
    shared=True,
    lost_with_object="who had it attached beyond what is managed here",
    merge_patch=True,
    unique_names=True,
    reserved_names=frozenset({"end_call"}),  # page get-tools: the id of a system tool is its name
    bare_keys=frozenset({"parameters", "delivery", "trigger_type", "origin", "on_call", "on_resolve", "tool_id"}),
    bare_required_keys=frozenset({"name", "description"}),
    conditional_requirements=(
        ConditionalRequirement(("/static_filler",), "/on_call", ("static_filler",)),
        ConditionalRequirement(("/delivery",), "/trigger_type", ("post_call",)),
        ConditionalRequirement(("/delivery/api/url",), "/delivery/api"),
        ConditionalRequirement((f"{AUTH}/type",), AUTH),
        *(
            ConditionalRequirement(tuple(f"{AUTH}/{name}" for name in credentials.needed), f"{AUTH}/type", (kind,))
            for kind, credentials in CREDENTIALS.items()
            if credentials.needed
        ),
    ),
    fields=(
        Field(
            "/tool_id",
            Type.STRING,
            "The id, t followed by 12 hex digits.",
            DOCS,
            aliases=("uuid",),
            server_owned=True,
        ),
        Field(
            "/name",
            Type.STRING,
            "The function's name, unique in the account.",
            DOCS,
            required=True,
            bounds=Bounds(
                min_length=1,
                max_length=64,
                pattern="[a-zA-Z_][a-zA-Z0-9_]*",
                pattern_description="letters, digits and underscores, no digit in front",
            ),
            example="lookup_policy",
        ),
        Field(
            "/description",
            Type.STRING,
            "When and how to use it; the model reads this.",
            DOCS,
            required=True,
            bounds=Bounds(min_length=1),
            further_limits="description and parameters together at most 10,000 characters",
        ),
        Field(
            "/parameters",
            Type.OBJECT,
            "JSON Schema of the arguments; replaced whole by the API.",
            DOCS,
            default={},
            atomic=True,
            verbatim=True,
        ),
        Field("/trigger_type", Type.STRING, "When it fires.", DOCS, default="in_call", enum=TRIGGERS, closed=True),
        Field(
            "/origin",
            Type.STRING,
            "Which part of the pipeline calls it.",
            DOCS,
            default="llm",
            enum=ORIGINS,
            closed=True,
        ),
        Field(
            "/on_call",
            Type.STRING,
            "What is said while it runs.",
            PAGE,
            further_limits="not for origin vision and audio",
            omitted_values=("generate_filler",),
            enum=ON_CALL,
            closed=True,
        ),
        Field(
            "/on_resolve",
            Type.STRING,
            "What happens with the result.",
            PAGE,
            further_limits="only fire_and_forget for origin vision and audio",
            default="fire_and_forget",
            enum=ON_RESOLVE,
            closed=True,
        ),
        Field("/static_filler", Type.STRING, "The text for on_call static_filler, and for nothing else.", DOCS),
        Field(
            "/delivery",
            Type.OBJECT,
            "Exactly one channel: app_message true, or api.",
            DOCS,
            default={"app_message": True},
            atomic=True,
            server_defaults={
                "/app_message": False,
                "/api": None,
                "/api/method": "POST",
                "/api/timeout": 10,
                "/api/headers": {},
                "/api/auth": {"type": "none"},
                "/api/auth/location": "header",
                "/api/body_template": None,
                "/api/query_params": {},
                "/api/content_type": None,
            },
            server_default_conditions={"/api/auth/location": ("/api/auth/type", ("api_key",))},
        ),
        *DELIVERY,
        Field("/tags", Type.STRINGS, "Labels in the account.", "vendor client", default=[], set_like=True),
        *(
            Field(path, Type.ANY, doc, DOCS, server_owned=True)
            for path, doc in (
                ("/owner_id", "The account."),
                ("/is_system_tool", "True for the vendor's own tools."),
                ("/created_at", "When it was created."),
                ("/updated_at", "When it was last changed."),
                ("/type", "user or system."),
            )
        ),
    ),
    unknown_key_hints={
        "/function": "write its members (name, description, parameters) directly here",
        **{f"/{word}": f"{word} stands at /delivery/api/{word}" for word in ("url", "method", "headers", "auth")},
    },
)
