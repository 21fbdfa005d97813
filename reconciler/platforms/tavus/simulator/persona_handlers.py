"""Personas, which are PALs: create, list, get, delete, publish, and PATCH by the rules that the API applies."""

from __future__ import annotations

from dataclasses import replace

from reconciler.platforms.tavus.simulator.collection import (
    Context,
    Route,
    apply_operations,
    check_patch,
    cut,
    unknown_references,
)
from reconciler.platforms.tavus.simulator.http_types import (
    CUSTOM_LLM,
    UNKNOWN_PERSONA,
    Refusal,
    Reply,
    invalid,
    refused,
    write_json,
)
from reconciler.platforms.tavus.simulator.persona_body import (
    KNOWN,
    READ_ONLY,
    check_body,
    comparable,
    complete_flow,
    inward,
    outward,
    read_booleans,
    respell_path,
    show_defaults,
    spelling,
    write_booleans,
)
from reconciler.platforms.tavus.simulator.server_json_patch import (
    Operation,
    parse_patch,
    same,
)
from reconciler.platforms.tavus.simulator.world import (
    DRAFT,
    PERSONA_SECRETS,
    TYPE,
    Page,
    is_own,
    reveal,
    seal,
    strings_of,
)
from reconciler.types.json import Json, Object, lookup, within

KIND = "pals"
REFERENCES = {
    "guardrail_ids": "guardrails",
    "guardrails_id": "guardrail_sets",
    "objectives_id": "objectives",
    "document_ids": "documents",
}


def accept(ctx: Context, body: Object) -> Object:
    """A wire body -> internal words, normalised as the server does on every write. Secrets are still in clear."""
    result = {name: value for name, value in inward(body, ctx.vocabulary).items() if not name.startswith("$")}
    if ctx.mood.unknown_fields == "drop":
        result = {name: value for name, value in result.items() if name in KNOWN}
    if ctx.mood.trim:
        result = {name: value.strip() if isinstance(value, str) else value for name, value in result.items()}
    return complete_flow(read_booleans(_with_email(result)))


def _with_email(body: Object) -> Object:
    layers = body.get("layers")
    conferencing = layers.get("conferencing") if isinstance(layers, dict) else None
    if not isinstance(layers, dict) or not isinstance(conferencing, dict):
        return body
    username = conferencing.get("username")
    rest = {name: value for name, value in conferencing.items() if name != "email"}
    if isinstance(username, str) and username:
        rest["email"] = f"{username}@tavusinvite.com"
    return {**body, "layers": {**layers, "conferencing": rest}}


def check_create(ctx: Context) -> None:
    body = {name: value for name, value in accept(ctx, ctx.object()).items() if name not in READ_ONLY}
    check_body(body, ctx.mood, ctx.vocabulary, creating=True)


def create(ctx: Context) -> Reply:
    """POST: the answer is short on purpose, the API does not send the object back."""
    body = {name: value for name, value in accept(ctx, ctx.object()).items() if name not in READ_ONLY}
    check_references(ctx, body, None)
    id = ctx.world.mint("p")
    body = {**seal(body, PERSONA_SECRETS, ctx.world.vault), "created_at": ctx.now, "updated_at": ctx.now}
    ctx.world.put(KIND, id, body)
    answer: Object = {"pal_id": id, "pal_name": body.get("pal_name"), "created_at": ctx.now}
    if ctx.vocabulary == "pal":
        answer["pal_description"] = body.get("pal_description")
        answer["tool_ids"] = list(strings_of(body.get("tool_ids")))
    email = _email(body)
    if email:
        answer["conferencing_email"] = email
    return Reply(ctx.mood.created, outward(answer, ctx.vocabulary))


def _email(body: Object) -> str | None:
    layers = body.get("layers")
    conferencing = layers.get("conferencing") if isinstance(layers, dict) else None
    email = conferencing.get("email") if isinstance(conferencing, dict) else None
    return email if isinstance(email, str) else None


def check_references(ctx: Context, body: Object, id: str | None) -> None:
    """Tools must exist and be the account's own; a conferencing username is unique; the rest by mood."""
    tools = strings_of(body.get("tool_ids"))
    found = [ctx.world.find("tools", tool) for tool in tools]
    if not all(tool is not None and is_own(tool) for tool in found):
        raise refused("Bad Request. One or more tool_ids are invalid.")
    email = _email(body)
    if email and any(_email(other) == email for key, other in ctx.world.objects[KIND].items() if key != id):
        raise invalid({"layers": {"conferencing": {"username": ["This username is already taken."]}}})
    if ctx.mood.references == "strict":
        for name, kind in REFERENCES.items():
            if unknown_references(ctx.world, kind, body.get(name)):
                raise refused(f"Bad Request. Invalid {name}")


def unknown(ctx: Context) -> Refusal:
    """The answer for an id that does not exist, is not yours, or must not be written: persona words on both paths."""
    return Refusal(ctx.mood.unknown_id, {"error": UNKNOWN_PERSONA})


def find(ctx: Context) -> Object:
    body = ctx.world.find(KIND, ctx.ids[0])
    if body is None:
        raise unknown(ctx)
    return body


def find_own(ctx: Context) -> Object:
    """For writes: stock PALs and orphans refuse them with the same words as an unknown id."""
    body = find(ctx)
    if not is_own(body):
        raise unknown(ctx)
    return body


def document(ctx: Context, id: str, body: Object) -> Object:
    """The document that a PATCH works on: wire words, defaults as read, secrets still sealed."""
    shown = show_defaults(body, ctx.mood.defaults, ctx.mood.layers)
    if ctx.mood.booleans == "text":
        shown = write_booleans(shown)
    head: Object = {"pal_id": id}
    if ctx.mood.owner_id:
        head["owner_id"] = ctx.world.owner_id
    rest = {name: value for name, value in shown.items() if not name.startswith("$")}
    if not ctx.mood.tool_ids:
        rest.pop("tool_ids", None)
    if body.get(TYPE) == "system":
        rest["pal_type"] = "system"
    # The email is returned by the create; reading may omit it, and does.
    return outward({**head, **rest}, ctx.vocabulary, ctx.mood.interruptibility)


def show(ctx: Context, id: str, body: Object) -> Object:
    """The object as a read shows it."""
    return reveal(document(ctx, id, body), PERSONA_SECRETS, ctx.world.vault, ctx.mood.secrets, ctx.mood.headers)


def written(ctx: Context, id: str, body: Object) -> bytes:
    """The same as JSON text, from the cache where the object has not changed."""
    cache = ctx.world.cached(KIND, id)
    if ctx.vocabulary not in cache:
        cache[ctx.vocabulary] = write_json(show(ctx, id, body))
    return cache[ctx.vocabulary]


def get(ctx: Context) -> Reply:
    id = ctx.ids[0]
    body = _stale(ctx, id) or find(ctx)
    draft = body.get(DRAFT)
    if ctx.call.query.get("source") == "draft" and draft is not None:
        extras: Object = {"is_draft_view": True, "has_unpublished_changes": True, "publish_url": publish_url(ctx, id)}
        answer = {**show(ctx, id, {**body, **(draft if isinstance(draft, dict) else {})}), **extras}
    else:
        answer = show(ctx, id, body)
    if ctx.call.flag("include_settings"):
        answer[outward({"pal_settings_id": ""}, ctx.vocabulary).popitem()[0]] = f"ps{id[1:]}"
    return Reply(200, {"data": [answer]} if ctx.mood.get == "wrapped" else answer)


def _stale(ctx: Context, id: str) -> Object | None:
    body, left = ctx.world.earlier.get((KIND, id), ({}, 0))
    if left <= 0:
        return None
    ctx.world.earlier[(KIND, id)] = (body, left - 1)
    return body


def publish_url(ctx: Context, id: str) -> str:
    return f"/v2/{'personas' if ctx.vocabulary == 'persona' else 'pals'}/{id}/publish"


def list_all(ctx: Context) -> Reply:
    query = ctx.call.query
    wanted = query.get("pal_type") or query.get("persona_type") or "all"
    if wanted not in ("user", "system", "all"):
        raise invalid({"persona_type": ["Must be one of: user, system."]})
    chosen = ctx.world.ids(KIND, wanted)
    items = [(id, ctx.world.objects[KIND][id]) for id in cut(chosen, query, base=1)]
    if ctx.mood.items == "summary":
        texts = [write_json(_summary(show(ctx, id, body))) for id, body in items]
    else:
        texts = [written(ctx, id, body) for id, body in items]
    key = "personas" if ctx.vocabulary == "persona" else "pals"
    return Page(key, tuple(texts), len(chosen)).reply(ctx.mood.list_key)


def _summary(body: Object) -> Object:
    return {name: value for name, value in body.items() if name not in ("layers", "system_prompt")}


def delete(ctx: Context) -> Reply:
    find_own(ctx)
    ctx.world.drop(KIND, ctx.ids[0])
    return Reply(204)


def publish(ctx: Context) -> Reply:
    """Make the draft live; without one it answers the same."""
    body, id = find_own(ctx), ctx.ids[0]
    draft = body.get(DRAFT)
    if draft is not None:
        live = {name: value for name, value in body.items() if name != DRAFT}
        body = {**live, **(draft if isinstance(draft, dict) else {}), "updated_at": ctx.now}
        ctx.world.put(KIND, id, body)
    answer: Object = {
        "status": "success",
        "pal_id": id,
        "pal_name": body.get("pal_name"),
        "system_prompt": body.get("system_prompt"),
        "updated_at": body.get("updated_at"),
    }
    return Reply(200, outward(answer, ctx.vocabulary))


LLM = "/layers/llm"
KEY = "/layers/llm/api_key"
CONFERENCING = "/layers/conferencing"


def patch(ctx: Context) -> Reply:
    body, id = find_own(ctx), ctx.ids[0]
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
        ctx.world.put(KIND, id, {**body, DRAFT: kept})
        extras: Object = {"is_draft": True, "publish_url": publish_url(ctx, id)}
        return Reply(200, {**show(ctx, id, after), **extras})
    if forced:
        after.pop(DRAFT, None)
    ctx.world.put(KIND, id, after)
    if ctx.mood.stale_reads:
        ctx.world.earlier[(KIND, id)] = (body, ctx.mood.stale_reads)
    return _answer(ctx, id, after, forced=forced)


def _change(ctx: Context, id: str, before: Object, operations: tuple[Operation, ...], *, alone: bool) -> Object:
    patched = apply_operations(ctx, document(ctx, id, before), operations)
    if not isinstance(patched, dict):
        raise refused("Bad Request. The patched persona is not an object.")
    after = accept(ctx, patched)
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
    check_references(ctx, after, id)
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
        answer = show(ctx, id, body)
    else:
        answer = outward({"pal_id": id, "updated_at": body.get("updated_at")}, ctx.vocabulary)
    if forced:
        answer["discarded_maker_changes"] = True
    return Reply(200, answer)


ROUTES = (
    Route("POST", "/{P}", create, check_create),
    Route("GET", "/{P}", list_all),
    Route("GET", "/{P}/*", get),
    Route("DELETE", "/{P}/*", delete),
    Route("POST", "/{P}/*/publish", publish),
    Route("PATCH", "/{P}/*", patch, check_patch),
)
