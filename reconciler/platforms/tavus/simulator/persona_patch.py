"""PATCH of a persona: JSON Patch over the document as read, then the rules that the API applies to the result."""

from __future__ import annotations

from dataclasses import replace

from reconciler.platforms.tavus.simulator import persona_handlers
from reconciler.platforms.tavus.simulator.collection import Context, Route, apply_operations, check_patch
from reconciler.platforms.tavus.simulator.http_types import CUSTOM_LLM, Refusal, Reply, refused
from reconciler.platforms.tavus.simulator.persona_body import (
    READ_ONLY,
    check_body,
    comparable,
    outward,
    respell_path,
    spelling,
)
from reconciler.platforms.tavus.simulator.secret_masks import PERSONA_SECRETS, seal
from reconciler.platforms.tavus.simulator.server_json_patch import (
    Operation,
    parse_patch,
    same,
)
from reconciler.platforms.tavus.simulator.world import DRAFT
from reconciler.types.json import Json, Object, lookup, within

LLM = "/layers/llm"
KEY = "/layers/llm/api_key"
CONFERENCING = "/layers/conferencing"


def patch(ctx: Context) -> Reply:
    body, id = persona_handlers.find_own(ctx), ctx.ids[0]
    word = spelling(ctx.vocabulary, ctx.mood.interruptibility)
    operations = tuple(
        replace(item, path=respell_path(item.path, word), source=respell_path(item.source, word))
        for item in parse_patch(ctx.body)
    )
    alone = bool(operations) and all(within(item.path, CONFERENCING) for item in operations)
    draft = body.get(DRAFT)
    routed = draft is not None and ctx.mood.drafts == "routed" and not alone
    routed = routed and ctx.call.query.get("target") != "live"
    forced = draft is not None and ctx.mood.drafts == "conflict" and not alone
    if forced and not ctx.call.flag("force"):
        text = "Bad Request. This PAL has unpublished changes in the PAL Maker."
        raise Refusal(409, {"error": text, "conflict": "maker_changes"})
    before = {**body, **draft} if routed and isinstance(draft, dict) else body
    after = _change(ctx, id, before, operations, alone=alone)
    if same(comparable(before), comparable(after)) and not forced:
        return Reply(304)
    after["updated_at"] = ctx.now
    if routed:
        kept: Object = {name: value for name, value in after.items() if name != DRAFT}
        ctx.world.put(persona_handlers.KIND, id, {**body, DRAFT: kept})
        extras: Object = {"is_draft": True, "publish_url": persona_handlers.publish_url(ctx, id)}
        return Reply(200, {**persona_handlers.show(ctx, id, after), **extras})
    if forced:
        after.pop(DRAFT, None)
    ctx.world.put(persona_handlers.KIND, id, after)
    if ctx.mood.stale_reads:
        ctx.world.earlier[(persona_handlers.KIND, id)] = (body, ctx.mood.stale_reads)
    return _answer(ctx, id, after, forced=forced)


def _change(ctx: Context, id: str, before: Object, operations: tuple[Operation, ...], *, alone: bool) -> Object:
    patched = apply_operations(ctx, persona_handlers.document(ctx, id, before), operations)
    if not isinstance(patched, dict):
        raise refused("Bad Request. The patched persona is not an object.")
    after = persona_handlers.accept(ctx, patched)
    if "tool_ids" not in after and not ctx.mood.tool_ids and "tool_ids" in before:
        after["tool_ids"] = before["tool_ids"]
    for name in READ_ONLY:
        after.pop(name, None)
        if name in before:
            after[name] = before[name]
    after.update({name: value for name, value in before.items() if name.startswith("$")})
    _check_conferencing(before, after, alone=alone)
    _check_key(ctx, after, operations)
    check_body(after, ctx.mood, ctx.vocabulary, creating=False)
    persona_handlers.check_references(ctx, after, id)
    return seal(after, PERSONA_SECRETS, ctx.world.vault)


def _check_conferencing(before: Object, after: Object, *, alone: bool) -> None:
    # Conferencing is owned by the live system: it is changed by a request of its own, whatever else is patched.
    changed = not same(_shown(lookup(before, CONFERENCING)), _shown(lookup(after, CONFERENCING)))
    if changed and not alone:
        raise refused("Bad Request. layers.conferencing must be updated in a separate request.")


def _shown(conferencing: Json) -> Json:
    return conferencing or None


def _check_key(ctx: Context, after: Object, operations: tuple[Operation, ...]) -> None:
    """The key of a custom LLM is not kept across a write of the layer: the same patch has to carry it."""
    if ctx.mood.key_retention == "kept" or not lookup(after, LLM + "/base_url"):
        return
    whole = ctx.mood.key_retention == "object"
    touched = any(
        within(LLM, pointer) or (not whole and within(pointer, LLM))
        for operation in operations
        for pointer in operation.touches()
    )
    if touched and not any(_sets_key(operation) for operation in operations):
        raise Refusal(400, {"error": CUSTOM_LLM})


def _sets_key(operation: Operation) -> bool:
    if operation.op not in ("add", "replace") or not within(KEY, operation.path):
        return False
    value = lookup(operation.value, KEY[len(operation.path) :])
    return isinstance(value, str) and bool(value)


def _answer(ctx: Context, id: str, body: Object, *, forced: bool) -> Reply:
    answer: Object = {}
    if ctx.mood.patch_answer == "empty":
        return Reply(200)
    if ctx.mood.patch_answer == "full":
        answer = persona_handlers.show(ctx, id, body)
    else:
        answer = outward({"pal_id": id, "updated_at": body.get("updated_at")}, ctx.vocabulary)
    if forced:
        answer["discarded_maker_changes"] = True
    return Reply(200, answer)


ROUTES = (Route("PATCH", "/{P}/*", patch, check_patch),)
