"""Deployments: a persona on a landing page, embedded in a site, or in a widget."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds.deployment import KIND as SPEC
from reconciler.platforms.tavus.simulator.collection import (
    Context,
    Route,
    check_patch,
    dated,
    find,
    page_of,
    patched,
    select,
    show,
    with_defaults,
)
from reconciler.platforms.tavus.simulator.http_types import MASK, Reply, invalid, refused
from reconciler.platforms.tavus.simulator.schema_check import table_errors
from reconciler.platforms.tavus.simulator.server_json_patch import same
from reconciler.platforms.tavus.simulator.world import DEPLOYMENT_SECRETS, seal
from reconciler.types.json import Object

KIND = "deployments"
READ_ONLY = ("deployment_id", "has_password", "created_at", "updated_at")
DEFAULTS: Object = {"status": "active", "allowed_origins": [], "limits": {}, "customization": {}}


def check_body(body: Object) -> None:
    """Raises `Refusal` (400)."""
    errors = table_errors(SPEC, body)
    if body.get("password") == MASK:
        errors["password"] = [f"Must not be the placeholder {MASK}."]
    if errors:
        raise invalid(errors)


def check_create(ctx: Context) -> None:
    check_body(ctx.object())


def create(ctx: Context) -> Reply:
    body = {name: value for name, value in ctx.object().items() if name not in READ_ONLY[:4] and name[:1] != "$"}
    if ctx.world.find("pals", str(body["pal_id"])) is None:
        raise refused("Bad Request. Invalid pal_id")
    id = ctx.world.mint("dep_")
    stored = dated(ctx, seal(with_defaults(body, DEFAULTS), DEPLOYMENT_SECRETS, ctx.world.vault))
    ctx.world.put(KIND, id, stored)
    return Reply(ctx.mood.created, _show(ctx, id, stored))


def _show(_: Context, id: str, body: Object) -> Object:
    answer = show("deployment_id", id, body)
    answer["has_password"] = bool(answer.pop("password", None))
    return answer


def list_all(ctx: Context) -> Reply:
    wanted = ctx.call.query.get("pal_id", "")
    chosen = [item for item in select(ctx.world, KIND, "user") if not wanted or item[1].get("pal_id") == wanted]
    return page_of(ctx, KIND, chosen, _show, base=0, echo=True, total_word="total").reply(ctx.mood.list_key)


def get(ctx: Context) -> Reply:
    return Reply(200, _show(ctx, ctx.ids[0], find(ctx, KIND, "Deployment")))


def patch(ctx: Context) -> Reply:
    id, before = ctx.ids[0], find(ctx, KIND, "Deployment", write=True)
    after = patched(
        ctx, {**show("deployment_id", id, before), "has_password": bool(before.get("password"))}, READ_ONLY
    )
    check_body(after)
    if after["pal_id"] != before.get("pal_id") and ctx.world.find("pals", str(after["pal_id"])) is None:
        raise refused("Bad Request. Invalid pal_id")
    stored = {name: value for name, value in after.items() if name not in ("deployment_id", "has_password")}
    stored = seal(stored, DEPLOYMENT_SECRETS, ctx.world.vault)
    if same(before, stored):
        return Reply(304)
    stored["updated_at"] = ctx.now
    ctx.world.put(KIND, id, stored)
    return Reply(200, _show(ctx, id, stored))


def delete(ctx: Context) -> Reply:
    find(ctx, KIND, "Deployment", write=True)
    ctx.world.drop(KIND, ctx.ids[0])
    return Reply(204)


ROUTES = (
    Route("POST", "/deployments", create, check_create),
    Route("GET", "/deployments", list_all),
    Route("GET", "/deployments/*", get),
    Route("PATCH", "/deployments/*", patch, check_patch),
    Route("DELETE", "/deployments/*", delete),
)
