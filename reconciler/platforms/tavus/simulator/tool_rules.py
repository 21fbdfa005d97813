"""The rules of a registry tool: name, channel, authentication, and what goes with which origin."""

from __future__ import annotations

import json

from reconciler.platforms.tavus.simulator.http_types import MASK, invalid, refused
from reconciler.platforms.tavus.simulator.schema_check import (
    Rules,
    boolean,
    find_errors,
    mapping,
    number,
    one_of,
    string,
    strings,
    text,
)
from reconciler.platforms.tavus.simulator.secret_masks import TOOL_SECRETS, echoes_mask
from reconciler.types.json import Json, Object, lookup

RULES: Rules = {
    "name": text(pattern=r"[a-zA-Z_][a-zA-Z0-9_]{0,63}"),
    "description": text(least=1),
    "parameters": mapping,
    "trigger_type": one_of("in_call", "post_call"),
    "origin": one_of("llm", "vision", "audio"),
    "on_call": one_of("generate_filler", "static_filler", "silent", "passthrough"),
    "on_resolve": one_of("generate_response", "response_in_result", "add_to_context", "fire_and_forget"),
    "static_filler": string,
    "tags": strings(),
    "delivery": mapping,
    "delivery.app_message": boolean,
    "delivery.api": mapping,
    "delivery.api.url": text(pattern=r"https://.+"),
    "delivery.api.method": one_of("POST", "GET", "PUT", "PATCH", "DELETE", "HEAD"),
    "delivery.api.timeout": number,
    "delivery.api.headers": mapping,
    "delivery.api.query_params": mapping,
    "delivery.api.content_type": string,
    "delivery.api.auth": mapping,
}
AUTH: dict[str, tuple[str, ...]] = {
    "none": (),
    "bearer": ("token",),
    "basic": ("username", "password"),
    "api_key": ("name", "value"),
    "hmac": ("secret",),
    "oauth2_client_credentials": ("token_url", "client_id", "client_secret"),
}
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
    errors = find_errors(body, RULES, never_null=("name", "description", "trigger_type"))
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
        if body.get("on_resolve") != "fire_and_forget":
            errors["on_resolve"] = ["Only fire_and_forget is allowed for vision and audio tools."]
    if on_call == "static_filler" and not body.get("static_filler"):
        errors["static_filler"] = ["static_filler is required when on_call is static_filler."]
    if on_call != "static_filler" and body.get("static_filler"):
        errors["static_filler"] = ["static_filler is only allowed when on_call is static_filler."]
    if body.get("trigger_type") == "post_call" and not lookup(body, "/delivery/api"):
        errors["delivery"] = ["post_call tools need delivery.api."]
    size = len(str(body.get("description"))) + len(json.dumps(body.get("parameters"), separators=(",", ":")))
    if size > 10_000:
        errors["parameters"] = ["description and parameters must not exceed 10000 characters together."]
    if errors:
        raise invalid(errors)


def _check_parameters(body: Object) -> None:
    properties = lookup(body, "/parameters/properties")
    names = list(properties) if isinstance(properties, dict) else []
    reserved = [name for name in names if name.startswith("tavus_")]
    if reserved:
        raise invalid({"parameters": [f"Parameter names must not start with tavus_: {reserved[0]}."]})


def _check_delivery(delivery: Json, *, partial: bool) -> None:
    if not isinstance(delivery, dict):
        return
    api = delivery.get("api")
    channels = (delivery.get("app_message") is True) + isinstance(api, dict)
    if channels != 1:
        raise invalid({"delivery": ["Exactly one of app_message and api must be set."]})
    if not isinstance(api, dict):
        return
    if "url" not in api:
        raise invalid({"delivery": {"api": {"url": ["Missing data for required field."]}}})
    timeout = api.get("timeout")
    if isinstance(timeout, int | float) and not 0 < timeout <= 60:
        raise invalid({"delivery": {"api": {"timeout": ["Must be greater than 0 and less than or equal to 60."]}}})
    if api.get("body_template") is not None and api.get("method") in ("GET", "HEAD", "DELETE"):
        raise invalid({"delivery": {"api": {"body_template": ["Not allowed for this method."]}}})
    auth = api.get("auth")
    if isinstance(auth, dict):
        _check_auth(auth, partial=partial)


def _check_auth(auth: Object, *, partial: bool) -> None:
    kind = auth.get("type")
    if not isinstance(kind, str) or kind not in AUTH:
        raise invalid({"delivery": {"api": {"auth": {"type": [f"Must be one of: {', '.join(AUTH)}."]}}}})
    secret = {pattern[-1] for pattern in TOOL_SECRETS}
    absent = [name for name in AUTH[kind] if not auth.get(name) and not (partial and name in secret)]
    if absent:
        raise invalid({"delivery": {"api": {"auth": {absent[0]: ["Missing data for required field."]}}}})
    if kind == "api_key" and auth.get("location", "header") not in ("header", "query"):
        raise invalid({"delivery": {"api": {"auth": {"location": ["Must be one of: header, query."]}}}})
