"""Pronunciation dictionaries: lists without rules, JSON Patch of name and rules only."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds.pronunciation_dictionary import KIND as SPEC
from reconciler.platforms.tavus.simulator.collection import (
    Context,
    Route,
    check_patch,
    dated,
    find,
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
from reconciler.types.json import Json, Object

KIND = "pronunciation_dictionaries"
ID = "pronunciation_dictionary_id"
WHAT = "Pronunciation dictionary"
READ_ONLY = (ID, "rules_count", "created_at", "updated_at")


def check_dictionary(body: Object) -> list[Json]:
    """The rules with their defaults. Raises `Refusal` (400)."""
    errors = table_errors(SPEC, body)
    if errors:
        raise invalid(errors)
    rules = body.get("rules")
    filled: Object = {"case_sensitive": False, "word_boundaries": True}
    return (
        [with_defaults(rule, filled) for rule in rules or () if isinstance(rule, dict)]
        if isinstance(rules, list)
        else []
    )


def check_create(ctx: Context) -> None:
    check_dictionary(ctx.object())


def create(ctx: Context) -> Reply:
    body = ctx.object()
    rules = check_dictionary(body)
    id = ctx.world.mint("pd_")
    stored = dated(ctx, {"name": body["name"], "rules": rules, "rules_count": len(rules)})
    ctx.world.put(KIND, id, stored)
    return Reply(201, show(ID, id, stored))


def _summary(_: Context, id: str, body: Object) -> Object:
    return {name: value for name, value in show(ID, id, body).items() if name != "rules"}


def list_all(ctx: Context) -> Reply:
    chosen = select(ctx.world, KIND, "user")
    return page_of(ctx, KIND, chosen, _summary, base=0, echo=True, newest_first=True).reply(ctx.mood.list_key)


def get(ctx: Context) -> Reply:
    return Reply(200, show(ID, ctx.ids[0], find(ctx, KIND, WHAT, word="message")))


def patch(ctx: Context) -> Reply:
    id, before = ctx.ids[0], find(ctx, KIND, WHAT, word="message", write=True)
    after = patched(ctx, show(ID, id, before), READ_ONLY)
    rules = check_dictionary(after)
    stored: Object = {**before, "name": after["name"], "rules": rules, "rules_count": len(rules)}
    if same(before, stored):
        return Reply(304)
    stored["updated_at"] = ctx.now
    ctx.world.put(KIND, id, stored)
    return Reply(200, show(ID, id, stored))


def delete(ctx: Context) -> Reply:
    """Every persona that used it reads null afterwards."""
    find(ctx, KIND, WHAT, word="message", write=True)
    ctx.world.drop(KIND, ctx.ids[0])
    scrub(ctx.world, ("layers", "tts", ID), ctx.ids[0])
    return Reply(204)


ROUTES = (
    Route("POST", "/pronunciation-dictionaries", create, check_create),
    Route("GET", "/pronunciation-dictionaries", list_all),
    Route("GET", "/pronunciation-dictionaries/*", get),
    Route("PATCH", "/pronunciation-dictionaries/*", patch, check_patch),
    Route("DELETE", "/pronunciation-dictionaries/*", delete),
)
