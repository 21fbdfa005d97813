"""The tools registry: rules of a tool, unique names, partial PATCH, deletion that detaches everywhere."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds.tool import (
    API_MEMBERS,
    CHANNELS,
    CREDENTIALS,
    LOCATIONS,
    PLACEHOLDER,
    RESERVED,
    SIGNED_WITHOUT,
    SIZE,
    WITHOUT_BODY,
    is_https,
    placeholders,
    size_of,
)
from reconciler.platforms.tavus.kinds.tool import KIND as SPEC
from reconciler.platforms.tavus.simulator.collection import Context, Route, cut, matches, scrub, timestamp
from reconciler.platforms.tavus.simulator.http_types import MASK, Refusal, Reply, invalid, refused, write_json
from reconciler.platforms.tavus.simulator.schema_check import table_errors
from reconciler.platforms.tavus.simulator.server_json_patch import same
from reconciler.platforms.tavus.simulator.world import TOOL_SECRETS, TYPE, Page, echoes_mask, is_own, reveal, seal
from reconciler.types.json import Json, Object, lookup

AUTH = {kind: way.needed for kind, way in CREDENTIALS.items()}
KNOWN = frozenset(
    {
        "tool_id",
        "owner_id",
        "is_system_tool",
        "name",
        "description",
        "parameters",
        "trigger_type",
        "origin",
        "on_call",
        "on_resolve",
        "static_filler",
        "delivery",
        "tags",
        "created_at",
        "updated_at",
        "type",
        "uuid",
    }
)


def check_tool(body: Object, *, partial: bool = False, reject_unknown: bool = False) -> None:
    """Raises `Refusal` (400). `partial` is the body of a PATCH: members and secrets of auth may be left out."""
    errors = table_errors(SPEC, body, whole=False)
    for name in ("name", "description", "trigger_type"):
        if name in body and body[name] is None:
            errors[name] = ["Field may not be null."]
    if not partial:
        for name in ("name", "description"):
            if name not in body:
                errors.setdefault(name, ["Missing data for required field."])
    if reject_unknown:
        errors.update({name: ["Unknown field."] for name in body if name not in KNOWN})
    if errors:
        raise invalid(errors)
    masked = echoes_mask(body, TOOL_SECRETS)
    if masked:
        raise refused(f"Bad Request. {masked} must not be the placeholder {MASK}; leave it out to keep it.")
    _check_parameters(body)
    _check_delivery(body.get("delivery"), partial=partial)


def check_whole(body: Object) -> None:
    """The rules that tie members together, on the tool as it would be stored."""
    origin, on_call = body.get("origin"), body.get("on_call")
    errors: dict[str, Json] = {}
    if origin in ("vision", "audio"):
        if on_call is not None:
            errors["on_call"] = ["on_call must be null for vision and audio tools."]
        if body.get("static_filler") is not None:
            errors["static_filler"] = ["static_filler must be null for vision and audio tools."]
        if body.get("on_resolve") != "fire_and_forget":
            errors["on_resolve"] = ["Only fire_and_forget is allowed for vision and audio tools."]
    if on_call == "static_filler" and not body.get("static_filler"):
        errors["static_filler"] = ["static_filler is required when on_call is static_filler."]
    if body.get("trigger_type") == "post_call" and not lookup(body, "/delivery/api"):
        errors["delivery"] = ["post_call tools need delivery.api."]
    errors.update(_unknown_placeholders(body))
    if len(str(body.get("description"))) + size_of(body.get("parameters")) > SIZE:
        errors["parameters"] = ["description and parameters must not exceed 10000 characters together."]
    if errors:
        raise invalid(errors)


def _check_parameters(body: Object) -> None:
    properties = lookup(body, "/parameters/properties")
    names = list(properties) if isinstance(properties, dict) else []
    reserved = [name for name in names if name.startswith(RESERVED)]
    if reserved:
        raise invalid({"parameters": [f"Parameter names must not start with {RESERVED}: {reserved[0]}."]})


def _check_delivery(delivery: Json, *, partial: bool) -> None:
    if not isinstance(delivery, dict):
        return
    api = delivery.get("api")
    channels = (delivery.get("app_message") is True) + isinstance(api, dict)
    if channels != 1:
        raise invalid({"delivery": ["Exactly one of app_message and api must be set."]})
    problems: dict[str, Json] = {name: ["Unknown field."] for name in delivery if name not in CHANNELS}
    if isinstance(api, dict):
        found = _api_problems(api, partial=partial)
        problems.update({"api": found} if found else {})
    if problems:
        raise invalid({"delivery": problems})


def _api_problems(api: Object, *, partial: bool) -> dict[str, Json]:
    """The error map of `delivery.api`; types and closed lists were looked at before."""
    problems: dict[str, Json] = {name: ["Unknown field."] for name in api if name not in API_MEMBERS}
    url = api.get("url")
    if not url:
        problems["url"] = ["Missing data for required field."]
    elif isinstance(url, str) and not is_https(url):
        problems["url"] = ["String does not match expected pattern."]
    if api.get("body_template") is not None and api.get("method") in WITHOUT_BODY:
        problems["body_template"] = ["Not allowed for this method."]
    for word in ("headers", "query_params"):
        members = api.get(word)
        if isinstance(members, dict) and not all(isinstance(value, str) for value in members.values()):
            problems[word] = ["Not a valid string."]
    auth = api.get("auth")
    if isinstance(auth, dict):
        wrong = _auth_problems(auth, partial=partial)
        problems.update({"auth": wrong} if wrong else {})
        if auth.get("type") == "hmac":
            ignored = [word for word in SIGNED_WITHOUT if api.get(word)]
            ignored += ["url"] if PLACEHOLDER.search(str(api.get("url"))) else []
            problems.update({word: ["Not allowed with hmac authentication."] for word in ignored})
    return problems


def _auth_problems(auth: Object, *, partial: bool) -> dict[str, Json]:
    kind = auth.get("type")
    way = CREDENTIALS.get(kind) if isinstance(kind, str) else None
    if way is None:
        return {"type": [f"Must be one of: {', '.join(CREDENTIALS)}."]}
    secret = {pattern[-1] for pattern in TOOL_SECRETS}
    known = ("type", *way.needed, *way.optional)
    problems: dict[str, Json] = {
        name: ["Unknown field."] for name in auth if name not in known and auth[name] is not None
    }
    for name in way.needed:
        if not auth.get(name) and not (partial and name in secret):
            problems[name] = ["Missing data for required field."]
    if auth.get("location") is not None and auth["location"] not in LOCATIONS:
        problems.setdefault("location", [f"Must be one of: {', '.join(LOCATIONS)}."])
    token_url = auth.get("token_url")
    if isinstance(token_url, str) and not is_https(token_url):
        problems.setdefault("token_url", ["String does not match expected pattern."])
    return problems


def _unknown_placeholders(body: Object) -> dict[str, Json]:
    """An entry where the address, the query or the body names a parameter that the tool does not declare."""
    api, properties = lookup(body, "/delivery/api"), lookup(body, "/parameters/properties")
    if not isinstance(api, dict):
        return {}
    declared = properties if isinstance(properties, dict) else {}
    wrong: dict[str, Json] = {
        word: [f"Unknown placeholder: {name}."]
        for word in ("url", "query_params", "body_template")
        for name in placeholders(api.get(word))
        if name not in declared and not name.startswith(RESERVED)
    }
    return {"delivery": {"api": wrong}} if wrong else {}


KIND = "tools"
READ_ONLY = ("tool_id", "uuid", "owner_id", "is_system_tool", "created_at", "updated_at", "type")
API: Object = {"method": "POST", "timeout": 10, "headers": {}, "auth": {"type": "none"}}


def check_create(ctx: Context) -> None:
    body = _accept(ctx)
    check_tool(body, reject_unknown=ctx.mood.unknown_fields == "reject")
    check_whole(_complete(body))


def check_update(ctx: Context) -> None:
    check_tool(_accept(ctx), partial=True, reject_unknown=ctx.mood.unknown_fields == "reject")


def _accept(ctx: Context) -> Object:
    drop = ctx.mood.unknown_fields == "drop"
    return {
        name: value
        for name, value in ctx.object().items()
        if name not in READ_ONLY and not name.startswith("$") and (name in KNOWN or not drop)
    }


def _complete(body: Object) -> Object:
    """The tool with the server's defaults, as it is stored."""
    origin = body.get("origin") or "llm"
    defaults: Object = {
        "parameters": {},
        "trigger_type": "in_call",
        "origin": origin,
        "on_call": "generate_filler" if origin == "llm" else None,
        "on_resolve": "fire_and_forget",
        "static_filler": None,
        "delivery": {"app_message": True},
        "tags": [],
    }
    result: Object = dict(body)
    for name, default in defaults.items():
        # on_call: null is a value for vision and audio; elsewhere null means the default.
        if result.get(name) is None:
            result[name] = default
    delivery = result["delivery"]
    if isinstance(delivery, dict) and isinstance(delivery.get("api"), dict):
        api = delivery["api"]
        given = {name: value for name, value in api.items() if value is not None} if isinstance(api, dict) else {}
        result["delivery"] = {**delivery, "app_message": False, "api": {**API, **given}}
    return result


def create(ctx: Context) -> Reply:
    body = _complete(_accept(ctx))
    _check_name(ctx, body, None)
    id = ctx.world.mint("t")
    now = timestamp(ctx.now, zone=False)
    body = {**seal(body, TOOL_SECRETS, ctx.world.vault), "created_at": now, "updated_at": now}
    ctx.world.put(KIND, id, body)
    return Reply(ctx.mood.created, show(ctx, id, body))


def _check_name(ctx: Context, body: Object, id: str | None) -> None:
    name = body.get("name")
    if any(other.get("name") == name for key, other in ctx.world.objects[KIND].items() if key != id):
        raise Refusal(409, {"error": f"A tool named '{name}' already exists."})


def show(ctx: Context, id: str, body: Object) -> Object:
    """The tool as a read shows it: ids in front, secrets hidden."""
    system = body.get(TYPE) == "system"
    head: Object = {
        "tool_id": id,
        "owner_id": None if system else ctx.world.owner_id,
        "is_system_tool": system,
    }
    rest = {name: value for name, value in body.items() if not name.startswith("$")}
    if ctx.mood.defaults == "hide":
        rest = {name: value for name, value in rest.items() if value is not None and value != []}
    return reveal({**head, **rest}, TOOL_SECRETS, ctx.world.vault, ctx.mood.secrets, ctx.mood.headers)


def written(ctx: Context, id: str, body: Object) -> bytes:
    cache = ctx.world.cached(KIND, id)
    if "" not in cache:
        cache[""] = write_json(show(ctx, id, body))
    return cache[""]


def unknown(ctx: Context) -> Refusal:
    return Refusal(
        ctx.mood.unknown_tool,
        {"error": "Tool not found" if ctx.mood.unknown_tool == 404 else "Bad Request. Invalid tool_id"},
    )


def find(ctx: Context) -> Object:
    body = ctx.world.find(KIND, ctx.ids[0])
    if body is None:
        raise unknown(ctx)
    return body


def find_own(ctx: Context) -> Object:
    body = find(ctx)
    if not is_own(body):
        raise refused("Bad Request. System tools cannot be modified.")
    return body


def get(ctx: Context) -> Reply:
    body, left = ctx.world.earlier.get((KIND, ctx.ids[0]), ({}, 0))
    if left > 0:
        ctx.world.earlier[(KIND, ctx.ids[0])] = (body, left - 1)
        return Reply(200, show(ctx, ctx.ids[0], body))
    return Reply(200, written(ctx, ctx.ids[0], find(ctx)))


def list_all(ctx: Context) -> Reply:
    query = ctx.call.query
    wanted = query.get("type") or "user"
    if wanted not in ("user", "system", "all"):
        raise invalid({"type": ["Must be one of: user, system, all."]})
    needle, objects = query.get("name_or_uuid", ""), ctx.world.objects[KIND]
    chosen = ctx.world.ids(KIND, wanted)
    if needle:
        chosen = [id for id in chosen if matches(needle, id, objects[id].get("name"))]
    texts = tuple(written(ctx, id, objects[id]) for id in cut(chosen, query, base=1))
    return Page("tools", texts, len(chosen)).reply(ctx.mood.list_key)


def update(ctx: Context) -> Reply:
    """A partial object: members present are replaced, `parameters` and `delivery` whole, auth secrets kept."""
    before, id = find_own(ctx), ctx.ids[0]
    given = _accept(ctx)
    if "delivery" in given:
        given["delivery"] = _keep_secrets(given["delivery"], before.get("delivery"))
    after = _complete({**before, **given})
    check_whole(after)
    _check_secrets(after)
    _check_name(ctx, after, id)
    after = seal(after, TOOL_SECRETS, ctx.world.vault)
    if not same(before, after):
        after["updated_at"] = timestamp(ctx.now, zone=False)
        ctx.world.put(KIND, id, after)
        if ctx.mood.stale_reads:
            ctx.world.earlier[(KIND, id)] = (before, ctx.mood.stale_reads)
    return Reply(200, show(ctx, id, after))


def _keep_secrets(new: Json, old: Json) -> Json:
    """Secrets left out of `auth` stay what they were while the type of authentication stays the same."""
    api, old_api = (side.get("api") if isinstance(side, dict) else None for side in (new, old))
    if not isinstance(new, dict) or not isinstance(api, dict) or not isinstance(old_api, dict):
        return new
    auth, old_auth = api.get("auth"), old_api.get("auth")
    if not isinstance(auth, dict) or not isinstance(old_auth, dict) or auth.get("type") != old_auth.get("type"):
        return new
    secrets = {pattern[-1] for pattern in TOOL_SECRETS}
    kept = {name: value for name, value in old_auth.items() if name in secrets and auth.get(name) is None}
    return {**new, "api": {**api, "auth": {**auth, **kept}}}


def _check_secrets(body: Object) -> None:
    delivery = body.get("delivery")
    api = delivery.get("api") if isinstance(delivery, dict) else None
    auth = api.get("auth") if isinstance(api, dict) else None
    if isinstance(auth, dict):
        absent = [name for name in AUTH.get(str(auth.get("type")), ()) if not auth.get(name)]
        if absent:
            raise invalid({"delivery": {"api": {"auth": {absent[0]: ["Missing data for required field."]}}}})


def delete(ctx: Context) -> Reply:
    """Soft in the vendor's books; to a client the tool is gone, detached everywhere, and its name is free."""
    find_own(ctx)
    ctx.world.drop(KIND, ctx.ids[0])
    scrub(ctx.world, ("tool_ids",), ctx.ids[0])
    return Reply(204)


ROUTES = (
    Route("POST", "/tools", create, check_create),
    Route("GET", "/tools", list_all),
    Route("GET", "/tools/*", get),
    Route("PATCH", "/tools/*", update, check_update),
    Route("DELETE", "/tools/*", delete),
)
