"""Words of the machine: references by name, bodies in canonical words, and the account as the simulator holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.platforms.tavus.simulator.world import TYPE, World

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ref:
    """The id of an address that may not exist yet."""

    address: str


@dataclass(frozen=True, slots=True)
class Env:
    """The value of a variable."""

    name: str


COLLECTIONS = {
    "persona": "pals", "tool": "tools", "guardrail": "guardrails", "guardrail_set": "guardrail_sets",
    "objectives": "objectives", "document": "documents", "pronunciation_dictionary": "pronunciation_dictionaries",
    "deployment": "deployments", "connector": "connectors",
}  # fmt: skip
PATHS = {**COLLECTIONS, "guardrail_set": "guardrails", "pronunciation_dictionary": "pronunciation-dictionaries"}
HEADS = {
    "persona": "Persona", "tool": "Tool", "guardrail": "Guardrail", "guardrail_set": "GuardrailSet",
    "objectives": "Objectives", "document": "Document", "pronunciation_dictionary": "PronunciationDictionary",
    "deployment": "Deployment", "connector": "Connector",
}  # fmt: skip
PAL = {
    "persona_name": "pal_name", "persona_description": "pal_description", "default_replica_id": "default_face_id",
}  # fmt: skip
SPELLINGS = ("pal_interruptibility", "face_interruptibility", "replica_interruptibility")
INLINE = (("llm", "tools"), ("perception", "visual_tools"), ("perception", "perception_tools"),
          ("perception", "audio_tools"))  # fmt: skip
SERVER = {"created_at", "updated_at", "owner_id", "processed_at", "progress", "has_password", "url", "embed_code",
          "usage_today", "usage_total", "rules_count", "document_type", "conferencing_email", "source",
          "oauth_status", "oauth_scopes", "last_indexed_at", "last_index_error"}  # fmt: skip
NAMES = {"guardrail_set": "guardrails_name", "objectives": "objectives_name"}


def canonical(kind: str, body: Mapping[str, Any]) -> Tree:
    """A body with one spelling for everything, named lists by name, and a token beside what it goes with."""
    result = {PAL.get(key, key): value for key, value in body.items()}
    if isinstance(result.get("layers"), dict):
        result["layers"] = {name: _layer(name, layer) for name, layer in result["layers"].items()}
    if isinstance(result.get("data"), list):
        word = "objective_name" if kind == "objectives" else "guardrail_name"
        result["data"] = {item[word]: item for item in result["data"]}
    if isinstance(result.get("delivery"), dict):
        result |= _delivery(result["delivery"])
    if isinstance(auth := result.get("auth_config"), dict) and auth.get("token"):
        result["auth_config"] = {key: value for key, value in auth.items() if key != "token"}
        result["auth_config_token"] = auth["token"]
    return result


def _layer(name: str, layer: Any) -> Any:
    if not isinstance(layer, dict):
        return layer
    layer = {"interruptibility" if key in SPELLINGS else key: value for key, value in layer.items()}
    for inside, key in INLINE:
        if inside == name and isinstance(layer.get(key), list):
            layer[key] = {
                tool["function"]["name"]: json.dumps(tool["function"], sort_keys=True) for tool in layer[key]
            }
    return layer


def _delivery(delivery: Tree) -> Tree:
    api = delivery.get("api")
    if not isinstance(api, dict):
        return {"delivery": delivery}
    auth = {key: value for key, value in api.get("auth", {}).items() if key != "token"}
    kept = {"delivery": {"app_message": False, "api": {**api, "auth": auth}}}
    return kept | ({"delivery_token": api["auth"]["token"]} if api.get("auth", {}).get("token") else {})


def read_account(world: World) -> dict[tuple[str, str], Tree]:
    """Everything that is the account's own, with secrets in clear and without what the server assigns."""
    found: dict[tuple[str, str], Tree] = {}
    for kind, collection in COLLECTIONS.items():
        for id, body in world.objects[collection].items():
            if TYPE in body or "$set" in body:
                continue
            shown = _clear({k: v for k, v in body.items() if k not in SERVER and not k.startswith("$")}, world)
            if kind in {"guardrail_set", "objectives", "document"}:
                shown.pop("status", None)
            if kind in NAMES and NAMES[kind] in shown:
                shown["name"] = shown.pop(NAMES[kind])
            if kind == "guardrail_set":
                items = [_clear(dict(world.objects["guardrails"][one]), world) for one in body.get("$items", ())]
                shown["data"] = [{k: v for k, v in item.items() if k not in SERVER and k[0] != "$"} for item in items]
            if kind == "persona":
                shown["tools"] = shown.pop("tool_ids", None) or []
                if isinstance(shown.get("layers"), dict) and "conferencing" in shown["layers"]:
                    shown["layers"]["conferencing"].pop("email", None)
            found[kind, id] = canonical(kind, shown)
    return found


def _clear(value: Any, world: World) -> Any:
    if isinstance(value, dict):
        if "$sealed" in value:
            return world.vault.show(value, "echo")
        return {key: _clear(inner, world) for key, inner in value.items()}
    return [_clear(inner, world) for inner in value] if isinstance(value, list) else value
