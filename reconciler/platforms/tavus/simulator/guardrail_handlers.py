"""Guardrails: single ones, and the legacy sets whose items are mirrored as single ones. Both share one path."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds.guardrail import KIND as SINGLE
from reconciler.platforms.tavus.kinds.guardrail_set import KIND as SET_KIND
from reconciler.platforms.tavus.simulator.collection import (
    Context,
    Route,
    check_patch,
    dated,
    find,
    matches,
    page_of,
    patched,
    scrub,
    select,
    show,
    with_defaults,
)
from reconciler.platforms.tavus.simulator.http_types import Reply, invalid
from reconciler.platforms.tavus.simulator.schema_check import table_errors
from reconciler.platforms.tavus.simulator.server_json_patch import same
from reconciler.platforms.tavus.simulator.world import TYPE, strings_of
from reconciler.types.json import Json, Object

KIND = "guardrails"
SETS = "guardrail_sets"
SET = "$set"
"""On a mirrored guardrail: the set that it belongs to."""
ITEMS = "$items"
"""On a set: the ids of its guardrails, in order."""
READ_ONLY = ("uuid", "owner_id", "created_at", "updated_at", "guardrail_type", "persona_refs")
DEFAULTS: Object = {"modality": "verbal", "callback_url": "", "tags": [], "app_message": True}


def check_item(body: Json) -> Object:
    """A guardrail's body, checked. Raises `Refusal` (400)."""
    if not isinstance(body, dict):
        raise invalid({"_schema": ["Invalid input type."]})
    errors = table_errors(SINGLE, body)
    if errors:
        raise invalid(errors)
    return body


def _items(body: Object) -> list[Object]:
    """The guardrails of a set, checked. Raises `Refusal` (400)."""
    errors = table_errors(SET_KIND, body)
    if errors:
        raise invalid(errors)
    data = body["data"]
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def _is_set(body: Object) -> bool:
    return "data" in body and "guardrail_name" not in body


def check_create(ctx: Context) -> None:
    body = ctx.object()
    if _is_set(body):
        _items(body)
    else:
        check_item(body)


def _stored(body: Object) -> Object:
    kept: Object = {name: value for name, value in body.items() if name not in READ_ONLY and not name.startswith("$")}
    if not kept.get("tool_call"):
        kept.pop("tool_call", None)
    return with_defaults(kept, DEFAULTS)


def create(ctx: Context) -> Reply:
    body = ctx.object()
    if _is_set(body):
        return _create_set(ctx, body)
    id = ctx.world.mint("g")
    stored = dated(ctx, _stored(body))
    ctx.world.put(KIND, id, stored)
    return Reply(ctx.mood.created, show("uuid", id, stored))


def _create_set(ctx: Context, body: Object) -> Reply:
    id = ctx.world.mint("g")
    mirrors: list[Json] = [_mirror(ctx, id, item) for item in _items(body)]
    stored = dated(ctx, {"guardrails_name": body.get("name"), "status": "active", ITEMS: mirrors})
    ctx.world.put(SETS, id, stored)
    return Reply(
        ctx.mood.created,
        {name: value for name, value in show("guardrails_id", id, stored).items() if name != "updated_at"},
    )


def _mirror(ctx: Context, set_id: str, item: Object) -> str:
    id = ctx.world.mint("g")
    ctx.world.put(KIND, id, dated(ctx, {**_stored(item), SET: set_id}))
    return id


def _show_one(ctx: Context, id: str, body: Object) -> Object:
    answer = show("uuid", id, body)
    if ctx.call.flag("verbose"):
        users = [key for key, pal in ctx.world.objects["pals"].items() if id in strings_of(pal.get("guardrail_ids"))]
        answer.update({"guardrail_type": body.get(TYPE, "user"), "persona_refs": list(users)})
    return answer


def _show_set(ctx: Context, id: str, body: Object) -> Object:
    members = [(key, ctx.world.find(KIND, key)) for key in strings_of(body.get(ITEMS))]
    data: list[Json] = [show("uuid", key, item) for key, item in members if item is not None]
    return {**show("guardrails_id", id, body), "data": data}


def _show_set_briefly(_: Context, id: str, body: Object) -> Object:
    return {"guardrails_id": id, "created_at": body.get("created_at"), "updated_at": body.get("updated_at")}


def list_all(ctx: Context) -> Reply:
    """Sets unless `legacy=false`: the default is for old clients."""
    query = ctx.call.query
    wanted, needle = query.get("type") or "user", query.get("name_or_uuid", "")
    if query.get("legacy", "true") != "false":
        return page_of(ctx, KIND, select(ctx.world, SETS, wanted), _show_set_briefly, base=1).reply(ctx.mood.list_key)
    tags = {tag for tag in query.get("tags", "").split(",") if tag}
    chosen = [
        (id, body)
        for id, body in select(ctx.world, KIND, wanted)
        if matches(needle, id, body.get("guardrail_name")) and (not tags or tags & set(strings_of(body.get("tags"))))
    ]
    page = page_of(ctx, KIND, chosen, _show_one, base=ctx.mood.guardrail_pages_from, echo=True)
    return page.reply(ctx.mood.list_key)


def get(ctx: Context) -> Reply:
    if ctx.world.find(SETS, ctx.ids[0]) is not None:
        return Reply(200, _show_set(ctx, ctx.ids[0], find(ctx, SETS, "Guardrail")))
    return Reply(200, _show_one(ctx, ctx.ids[0], find(ctx, KIND, "Guardrail")))


def patch(ctx: Context) -> Reply:
    if ctx.world.find(SETS, ctx.ids[0]) is not None:
        return _patch_set(ctx)
    id, before = ctx.ids[0], find(ctx, KIND, "Guardrail", write=True)
    after = patched(ctx, show("uuid", id, before), READ_ONLY)
    after = {**_stored(check_item(after)), "created_at": before["created_at"], "updated_at": before["updated_at"]}
    after.update({name: value for name, value in before.items() if name.startswith("$")})
    if same(before, after):
        return Reply(304)
    after["updated_at"] = ctx.now
    ctx.world.put(KIND, id, after)
    return Reply(200, show("uuid", id, after))


def _patch_set(ctx: Context) -> Reply:
    """Items keep their ids through changes of their fields; an item written whole is a new one with a new id."""
    id, before = ctx.ids[0], find(ctx, SETS, "Guardrail", write=True)
    document = _show_set(ctx, id, before)
    after = patched(ctx, document, ("guardrails_id", "created_at", "updated_at"))
    if same(document, after):
        return Reply(304)
    old, kept = strings_of(before.get(ITEMS)), list[Json]()
    for item in _items(after):
        uuid = item.get("uuid")
        if isinstance(uuid, str) and uuid in old and uuid not in kept:
            mirror = ctx.world.find(KIND, uuid) or {}
            dates = {name: mirror.get(name) for name in ("created_at",)}
            ctx.world.put(KIND, uuid, {**_stored(item), **dates, "updated_at": ctx.now, SET: id})
            kept.append(uuid)
        else:
            kept.append(_mirror(ctx, id, item))
    for gone in old:
        if gone not in kept:
            _drop(ctx, gone)
    name = after.get("guardrails_name", after.get("name"))
    stored: Object = {**before, "guardrails_name": name, ITEMS: kept, "updated_at": ctx.now}
    ctx.world.put(SETS, id, stored)
    return Reply(200, _show_set(ctx, id, stored))


def _drop(ctx: Context, id: str) -> None:
    ctx.world.drop(KIND, id)
    scrub(ctx.world, ("guardrail_ids",), id)


def delete(ctx: Context) -> Reply:
    """Personas lose the guardrail, or the set and all its mirrors."""
    id = ctx.ids[0]
    if ctx.world.find(SETS, id) is not None:
        for mirror in strings_of(find(ctx, SETS, "Guardrail", write=True).get(ITEMS)):
            if ctx.world.find(KIND, mirror) is not None:
                _drop(ctx, mirror)
        ctx.world.drop(SETS, id)
        scrub(ctx.world, ("guardrails_id",), id)
        return Reply(204)
    body = find(ctx, KIND, "Guardrail", write=True)
    parent = body.get(SET)
    owner = ctx.world.find(SETS, parent) if isinstance(parent, str) else None
    if owner is not None and isinstance(parent, str):
        rest: list[Json] = [item for item in strings_of(owner.get(ITEMS)) if item != id]
        ctx.world.put(SETS, parent, {**owner, ITEMS: rest})
    _drop(ctx, id)
    return Reply(204)


def list_tags(ctx: Context) -> Reply:
    """Every tag with the guardrails that bear it."""
    tags: dict[str, list[Json]] = {}
    for id, body in ctx.world.own(KIND):
        for tag in strings_of(body.get("tags")):
            tags.setdefault(tag, []).append(id)
    wanted = ctx.call.query.get("search", "").lower()
    found: list[Json] = [{"tag": tag, "guardrail_ids": ids} for tag, ids in tags.items() if wanted in tag.lower()]
    return Reply(200, {"tags": found, "total_count": len(found)})


ROUTES = (
    Route("POST", "/guardrails", create, check_create),
    Route("GET", "/guardrails", list_all),
    Route("GET", "/guardrails/tags", list_tags),
    Route("GET", "/guardrails/*", get),
    Route("PATCH", "/guardrails/*", patch, check_patch),
    Route("DELETE", "/guardrails/*", delete),
)
