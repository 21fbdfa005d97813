"""Tool: a function in the account's registry that any number of personas may attach."""

from __future__ import annotations

from reconciler.types.kind import Field, KindSpec, Need, Type

DOCS = "create-tool"

AUTH = "/delivery/api/auth"
CREDENTIALS = {
    "bearer": ("token",),
    "basic": ("username", "password"),
    "api_key": ("name", "value"),
    "hmac": ("secret",),
    "oauth2_client_credentials": ("token_url", "client_id", "client_secret"),
}
"""Type of authentication -> what goes with it (llm-tool-auth page)."""

KIND = KindSpec(
    name="tool",
    manifest_kinds=("Tool",),
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
            Need(tuple(f"{AUTH}/{name}" for name in names), f"{AUTH}/type", (kind,))
            for kind, names in CREDENTIALS.items()
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
            limits="^[a-zA-Z_][a-zA-Z0-9_]{0,63}$",
            example="lookup_policy",
        ),
        Field(
            "/description",
            Type.STRING,
            "When and how to use it; the model reads this.",
            DOCS,
            required=True,
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
        Field("/trigger_type", Type.STRING, "When it fires.", DOCS, default="in_call", enum=("in_call", "post_call")),
        Field(
            "/origin",
            Type.STRING,
            "Which part of the pipeline calls it.",
            DOCS,
            default="llm",
            enum=("llm", "vision", "audio"),
        ),
        Field(
            "/on_call",
            Type.STRING,
            "What is said while it runs. Not for vision and audio tools.",
            "llm-tool page",
            hides=("generate_filler",),
            enum=("generate_filler", "static_filler", "silent", "passthrough"),
        ),
        Field(
            "/on_resolve",
            Type.STRING,
            "What happens with the result.",
            "llm-tool page",
            default="fire_and_forget",
            enum=("generate_response", "response_in_result", "add_to_context", "fire_and_forget"),
        ),
        Field("/static_filler", Type.STRING, "The text for on_call static_filler.", DOCS),
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
        *(
            Field(f"/delivery/api/{name}", Type.STRING, doc, "llm-tool-auth page", secret=True)
            for name, doc in (
                ("auth/token", "Bearer token."),
                ("auth/password", "Basic password."),
                ("auth/value", "API key."),
                ("auth/secret", "HMAC secret."),
                ("auth/client_secret", "OAuth client secret."),
                ("headers/*", "One header; may carry a credential."),
            )
        ),
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
