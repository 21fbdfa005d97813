"""Connector: an MCP server registered in the account, to which personas may hand work during a call."""

from __future__ import annotations

from reconciler.types.kind import Bounds, ConditionalRequirement, Field, KindSpec, Processing, Type

DOCS = "create-connector"
PAGE = "mcp-connectors page"
AUTH = "/auth_config"
TOKEN = f"{AUTH}/token"

KIND = KindSpec(
    name="connector",
    manifest_kinds=("Connector",),
    doc="An MCP server that personas may hand work to. With oauth2 a person opens authorize_url once; until then "
    "oauth_status says that it is not linked.",
    id_members=("connector_id", "uuid"),
    name_field="/name",
    level=1,
    shared=True,
    lost_with_object="the tokens of OAuth; personas that name it skip it from then on",
    merge_patch=True,
    bare_keys=frozenset({"server_url"}),
    bare_required_keys=frozenset({"name"}),
    processing=Processing(
        status="/oauth_status",
        busy=(),
        failed=(),
        ready=("linked",),
        done_at="/authorize_url",
        remedy="a person has to let the platform in: open authorize_url of the create's answer, or of a "
        "POST to /v2/connectors/ID/oauth/reconnect",
    ),
    conditional_requirements=(
        ConditionalRequirement((f"{AUTH}/type",), AUTH),
        ConditionalRequirement((TOKEN,), f"{AUTH}/type", ("bearer",)),
    ),
    fields=(
        Field("/connector_id", Type.STRING, "The id, c, a digit, - and 12 hex digits.", DOCS, server_owned=True),
        Field(
            "/name",
            Type.STRING,
            "The name people see.",
            DOCS,
            required=True,
            bounds=Bounds(min_length=1),
            example="Linear",
        ),
        Field(
            "/server_url",
            Type.STRING,
            "Where the MCP server answers.",
            DOCS,
            required=True,
            bounds=Bounds(min_length=1),
            example="https://mcp.linear.app/mcp",
        ),
        Field(
            AUTH,
            Type.OBJECT,
            "How the platform proves to the server who it is; replaced whole.",
            DOCS,
            atomic=True,
            example={"type": "oauth2"},
        ),
        Field(
            f"{AUTH}/type",
            Type.STRING,
            "oauth2: the platform registers itself, and a person opens authorize_url. bearer: with the token here.",
            DOCS,
            enum=("oauth2", "bearer"),
        ),
        Field(TOKEN, Type.STRING, "The token of bearer; never shown on read.", "update-connector", secret=True),
        Field(
            "/selected_tool_names",
            Type.STRINGS,
            "The tools of the server that may be called. Without this key all of them.",
            DOCS,
            set_like=True,
        ),
        *(
            Field(path, Type.ANY, doc, source, server_owned=True)
            for path, doc, source in (
                ("/oauth_status", "linked is ready; needs_reauth: a person has to open authorize_url again.", PAGE),
                ("/oauth_scopes", "What the server allowed.", DOCS),
                ("/authorize_url", "Where a person lets the platform in; in the answer to a create only.", DOCS),
                ("/access_token_expires_at", "When the platform fetches the next token.", DOCS),
                ("/source", "mcp.", DOCS),
                ("/last_indexed_at", "When the tools of the server were last looked up.", DOCS),
                ("/last_index_error", "Why that failed.", DOCS),
                ("/owner_id", "The account.", DOCS),
                ("/team_id", "The team.", DOCS),
                ("/created_at", "When it was created.", DOCS),
                ("/updated_at", "When it was last changed.", DOCS),
            )
        ),
    ),
)
