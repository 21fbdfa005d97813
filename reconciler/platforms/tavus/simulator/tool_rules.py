"""The rules of a registry tool: name, channel, authentication, and what goes with which origin."""

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
from reconciler.platforms.tavus.simulator.http_types import MASK, invalid, refused
from reconciler.platforms.tavus.simulator.schema_check import table_errors
from reconciler.platforms.tavus.simulator.secret_masks import TOOL_SECRETS, echoes_mask
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
