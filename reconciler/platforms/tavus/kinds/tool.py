"""Tool: a function in the account's registry that any number of personas may attach."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds.tool_facts import (
    CREDENTIALS,
    LOCATIONS,
    LONGEST_TIMEOUT,
    METHODS,
    ON_CALL,
    ON_RESOLVE,
    ORIGINS,
    TRIGGERS,
    WITHOUT_BODY,
)
from reconciler.types.bounds import Bounds
from reconciler.types.kind import Field, KindSpec, Need, Type

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
        limits="https:// only; a {name} in it is one of parameters.properties or begins with tavus_",
        example="https://api.example.com/policies/{policy_id}",
    ),
    Field(f"{API}/method", Type.STRING, "The HTTP method.", PAGE, default="POST", enum=METHODS, closed=True),
    Field(
        f"{API}/timeout",
        Type.NUMBER,
        "Seconds to wait for the answer.",
        PAGE,
        default=10,
        bounds=Bounds(above=0, most=LONGEST_TIMEOUT),
    ),
    Field(
        f"{API}/query_params", Type.OBJECT, "Query parameters: text by name; {name} as in the url.", PAGE, default={}
    ),
    Field(
        f"{API}/body_template",
        Type.OBJECT,
        "The body to send; {name} as in the url. Without it the arguments are sent as they are.",
        PAGE,
        limits=f"not with {', '.join(WITHOUT_BODY)}",
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
    Field(f"{AUTH}/token_url", Type.STRING, "Where OAuth gives the token.", AUTH_PAGE, limits="https:// only"),
    Field(f"{AUTH}/client_id", Type.STRING, "OAuth client.", AUTH_PAGE),
    Field(f"{AUTH}/client_secret", Type.STRING, "OAuth client secret.", AUTH_PAGE, secret=True),
    Field(f"{AUTH}/scope", Type.STRING, "OAuth scope.", AUTH_PAGE),
)
"""The channels of a tool, below the row of `/delivery`, which is written whole."""

KIND = KindSpec(
    name="tool",
    manifest_kinds=("Tool",),
    exported=True,
    decisive=("/delivery", "/parameters"),
    doc="A function that a persona may call, delivered to the app or to an HTTPS endpoint.",
    id_words=("tool_id", "uuid", "id"),
    name_field="/name",
    level=1,
    shared=True,
    goes_along="who had it attached beyond what is managed here",
    merge_patch=True,
    unique_names=True,
    reserved=frozenset({"end_call"}),  # page get-tools: the id of a system tool is its name
    bare_keys=frozenset({"parameters", "delivery", "trigger_type", "origin", "on_call", "on_resolve", "tool_id"}),
    bare_with=frozenset({"name", "description"}),
    needs=(
        Need(("/static_filler",), "/on_call", ("static_filler",)),
        Need(("/delivery",), "/trigger_type", ("post_call",)),
        Need(("/delivery/api/url",), "/delivery/api"),
        Need((f"{AUTH}/type",), AUTH),
        *(
            Need(tuple(f"{AUTH}/{name}" for name in credentials.needed), f"{AUTH}/type", (kind,))
            for kind, credentials in CREDENTIALS.items()
            if credentials.needed
        ),
    ),
    fields=(
        Field(
            "/tool_id", Type.STRING, "The id, t followed by 12 hex digits.", DOCS, spellings=("uuid",), server=True
        ),
        Field(
            "/name",
            Type.STRING,
            "The function's name, unique in the account.",
            DOCS,
            required=True,
            bounds=Bounds(
                shortest=1,
                longest=64,
                pattern="[a-zA-Z_][a-zA-Z0-9_]*",
                looks="letters, digits and underscores, no digit in front",
            ),
            example="lookup_policy",
        ),
        Field(
            "/description",
            Type.STRING,
            "When and how to use it; the model reads this.",
            DOCS,
            required=True,
            bounds=Bounds(shortest=1),
            limits="description and parameters together at most 10,000 characters",
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
            limits="not for origin vision and audio",
            hides=("generate_filler",),
            enum=ON_CALL,
            closed=True,
        ),
        Field(
            "/on_resolve",
            Type.STRING,
            "What happens with the result.",
            PAGE,
            limits="only fire_and_forget for origin vision and audio",
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
            fill={
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
            fill_when={"/api/auth/location": ("/api/auth/type", ("api_key",))},
        ),
        *DELIVERY,
        Field("/tags", Type.STRINGS, "Labels in the account.", "vendor client", default=[], set_like=True),
        *(
            Field(path, Type.ANY, doc, DOCS, server=True)
            for path, doc in (
                ("/owner_id", "The account."),
                ("/is_system_tool", "True for the vendor's own tools."),
                ("/created_at", "When it was created."),
                ("/updated_at", "When it was last changed."),
                ("/type", "user or system."),
            )
        ),
    ),
    mistaken={
        "/function": "write its members (name, description, parameters) directly here",
        **{f"/{word}": f"{word} stands at /delivery/api/{word}" for word in ("url", "method", "headers", "auth")},
    },
)
