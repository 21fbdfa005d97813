"""Connectors: MCP servers, usable at once with a token, or once a person let the platform in (OAuth)."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds.connector import KIND as SPEC
from reconciler.platforms.tavus.simulator.collection import Context, Route, dated, find, page_of, select, show
from reconciler.platforms.tavus.simulator.http_types import MASK, Reply, invalid, refused
from reconciler.platforms.tavus.simulator.schema_check import table_errors
from reconciler.platforms.tavus.simulator.server_json_patch import same
from reconciler.platforms.tavus.simulator.world import CONNECTOR_SECRETS, echoes_mask, reveal, seal
from reconciler.types.json import Json, Object

KIND, ID, WHAT = "connectors", "connector_id", "Connector"
READ_ONLY = frozenset(row.path[1:] for row in SPEC.fields if row.server_owned)


def _given(ctx: Context) -> Object:
    return {name: value for name, value in ctx.object().items() if name not in READ_ONLY and name[:1] != "$"}


def check_body(body: Object, *, whole: bool = True) -> None:
    """Raises `Refusal` (400). The body of a PATCH is not `whole`: what it leaves out stays."""
    errors = table_errors(SPEC, body, whole=whole)
    for name in ("name", "server_url"):
        if name in body and body[name] is None:
            errors[name] = ["Field may not be null."]
    if errors:
        raise invalid(errors)
    masked = echoes_mask(body, CONNECTOR_SECRETS)
    if masked:
        raise refused(f"Bad Request. {masked} must not be the placeholder {MASK}.")


def check_create(ctx: Context) -> None:
    check_body(_given(ctx))


def check_update(ctx: Context) -> None:
    check_body(_given(ctx), whole=False)


def _is_oauth(body: Object) -> bool:
    auth = body.get("auth_config")
    return isinstance(auth, dict) and auth.get("type") == "oauth2"


def _status(body: Object) -> Json:
    """What becomes of the OAuth of a connector that was made or sent to another server."""
    return "pending" if _is_oauth(body) else None


def create(ctx: Context) -> Reply:
    """The answer carries `authorize_url` for OAuth: it stands nowhere else."""
    body = _given(ctx)
    id = ctx.world.mint("c8-")
    stored = dated(
        ctx,
        {
            "source": "mcp",
            "auth_config": None,
            "selected_tool_names": None,
            **seal(body, CONNECTOR_SECRETS, ctx.world.vault),
            "oauth_status": _status(body),
            "oauth_scopes": None,
            "last_indexed_at": None,
            "last_index_error": None,
        },
    )
    ctx.world.put(KIND, id, stored)
    extra: Object = {"authorize_url": f"https://oauth.invalid/authorize?state={id}"} if _is_oauth(body) else {}
    return Reply(ctx.mood.created, {**_show(ctx, id, stored), **extra})


def _show(ctx: Context, id: str, body: Object) -> Object:
    shown = {**show(ID, id, body), "owner_id": ctx.world.owner_id, "team_id": None}
    how = "omit" if ctx.mood.secrets == "mask" else ctx.mood.secrets
    return reveal(shown, CONNECTOR_SECRETS, ctx.world.vault, how, how)


def list_all(ctx: Context) -> Reply:
    return page_of(ctx, KIND, select(ctx.world, KIND, "user"), _show, base=1).reply(ctx.mood.list_key)


def get(ctx: Context) -> Reply:
    return Reply(200, _show(ctx, ctx.ids[0], find(ctx, KIND, WHAT)))


def update(ctx: Context) -> Reply:
    """A partial object; `auth_config` is replaced whole, and another server or way to sign in needs OAuth anew."""
    id, before = ctx.ids[0], find(ctx, KIND, WHAT, write=True)
    given = _given(ctx)
    after: Object = {**before, **seal(given, CONNECTOR_SECRETS, ctx.world.vault)}
    check_body(after)
    if any(not same(before.get(name), after.get(name)) for name in ("server_url", "auth_config")):
        after["oauth_status"] = _status(after)
    if not same(before, after):
        after["updated_at"] = ctx.now
        ctx.world.put(KIND, id, after)
    return Reply(200, _show(ctx, id, after))


def delete(ctx: Context) -> Reply:
    """Personas keep the id, and skip it."""
    find(ctx, KIND, WHAT, write=True)
    ctx.world.drop(KIND, ctx.ids[0])
    return Reply(204)


def preview(ctx: Context) -> Reply:
    """The tools of the server; nothing is ever called from here."""
    find(ctx, KIND, WHAT)
    return Reply(200, {"data": []})


def reconnect(ctx: Context) -> Reply:
    """A new `authorize_url`."""
    body = find(ctx, KIND, WHAT, write=True)
    if not _is_oauth(body):
        raise refused("Bad Request. The connector does not use oauth2.")
    return Reply(200, {ID: ctx.ids[0], "authorize_url": f"https://oauth.invalid/authorize?state={ctx.ids[0]}"})


ROUTES = (
    Route("POST", "/connectors", create, check_create),
    Route("GET", "/connectors", list_all),
    Route("GET", "/connectors/*", get),
    Route("PATCH", "/connectors/*", update, check_update),
    Route("DELETE", "/connectors/*", delete),
    Route("GET", "/connectors/*/preview", preview),
    Route("POST", "/connectors/*/oauth/reconnect", reconnect),
)
