"""What a colleague does in the web page: fields edited, objects made, renamed and deleted, tools attached by hand."""

from __future__ import annotations

import random
from typing import Any

import httpx

from tests.properties.world.machine import Gone, Kind, Step, World
from tests.properties.world.oracle import NAME
from tests.properties.world.project import WORKSPACES
from tests.properties.world.steps_files import FACE, some, text
from tests.properties.world.words import PATHS

MERGED = {"tool", "document", "connector"}  # kinds that are changed by a partial object


def known(world: World, workspace: str, address: str) -> str:
    """The id of a managed object that is still there."""
    entry = world.memory[workspace].get(address)
    if entry is None or (address.partition(".")[0], entry.id) not in world.wires[workspace].account():
        raise Gone
    return entry.id


def target(world: World, rnd: random.Random, *kinds: str) -> tuple[str, str] | None:
    """A workspace and one of its managed addresses."""
    workspace = rnd.choice(WORKSPACES[:1] * 3 + WORKSPACES[1:])
    found = [a for a in world.memory[workspace] if not kinds or a.partition(".")[0] in kinds]
    return (workspace, rnd.choice(found)) if found else None


def propose_touch(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd, "persona", "tool", "guardrail", "document", "connector")
    if at is None:
        return None
    values: dict[str, dict[str, Any]] = {
        "persona": {"/greeting": text(world), "/system_prompt": text(world), "/pal_description": text(world),
                    "/document_tags": some(rnd, ["alpha", "mine"]), "/layers/llm": {"model": "tavus-gpt-oss"},
                    "/layers/stt": {"hotwords": text(world)}, "/context": text(world),
                    "/layers/tts": {"tts_engine": "cartesia", "external_voice_id": text(world)}},
        "tool": {"/description": text(world), "/tags": some(rnd, ["alpha", "mine"])},
        "guardrail": {"/guardrail_prompt": text(world), "/tags": some(rnd, ["alpha", "mine"])},
        "document": {"/tags": some(rnd, ["alpha", "mine"])},
        "connector": {"/server_url": "https://mcp.example.com/mine", "/selected_tool_names": some(rnd, ["alpha"])},
    }  # fmt: skip
    pointer, value = rnd.choice(list(values[at[1].partition(".")[0]].items()))
    return {"workspace": at[0], "address": at[1], "pointer": pointer, "value": value}


def touch(world: World, workspace: str, address: str, pointer: str, value: Any) -> None:
    """Somebody edits one field."""
    kind, id = address.partition(".")[0], known(world, workspace, address)
    body = {pointer[1:]: value} if kind in MERGED else [{"op": "add", "path": pointer, "value": value}]
    if kind == "persona" and pointer.startswith("/layers/"):
        live = world.wires[workspace].world.objects["pals"][id].get("layers") or {}
        layer = pointer.rpartition("/")[2]
        if layer in live:
            body = [{"op": "add", "path": f"{pointer}/{key}", "value": inner} for key, inner in value.items()]
        elif not live:
            body = [{"op": "add", "path": "/layers", "value": {layer: value}}]
    ask(world, workspace, "PATCH", f"/{PATHS[kind]}/{id}", body)


def ask(world: World, workspace: str, method: str, path: str, body: Any = None) -> httpx.Response:
    """A request of somebody else. Raises `Gone` where the account refuses it."""
    with world.wires[workspace].others() as client:
        answer = client.request(method, path, json=body) if body is not None else client.request(method, path)
    if answer.status_code >= 400:
        raise Gone
    return answer


def propose_foreign(world: World, rnd: random.Random) -> Step | None:
    """An object that nobody manages, often with a name that a manifest bears."""
    kind = rnd.choice(["persona", "tool", "guardrail"])
    names = [one.name for one in world.wanted("sandbox").values() if one.kind == kind]
    name = rnd.choice([*names, f"strange_{rnd.randint(1, 3)}"])
    bodies: dict[str, dict[str, Any]] = {
        "persona": {"pal_name": name, "system_prompt": text(world), "default_face_id": FACE},
        "tool": {"name": name.replace(" ", "_"), "description": text(world)},
        "guardrail": {"guardrail_name": name.replace(" ", "_"), "guardrail_prompt": text(world)},
    }
    return {"workspace": rnd.choice(WORKSPACES), "kind": kind, "body": bodies[kind]}


def foreign(world: World, workspace: str, kind: str, body: dict[str, Any]) -> None:
    word = NAME.get(kind, "name")
    held = [b for (k, _), b in world.wires[workspace].account().items() if k == kind and b.get(word) == body[word]]
    if held:
        raise Gone  # an account with two of a name is a step of its own
    ask(world, workspace, "POST", f"/{PATHS[kind]}", body)


def propose_delete(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd)
    return at and {"workspace": at[0], "address": at[1]}


def delete(world: World, workspace: str, address: str) -> None:
    """Somebody deletes a managed object."""
    ask(world, workspace, "DELETE", f"/{PATHS[address.partition('.')[0]]}/{known(world, workspace, address)}")


def propose_attach(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd, "persona")
    if at is None:
        return None
    tools = [id for (kind, id) in world.wires[at[0]].account() if kind == "tool"]
    return {"workspace": at[0], "address": at[1], "tool": tools.index(rnd.choice(tools)),
            "off": rnd.random() < 0.3} if tools else None  # fmt: skip


def attach(world: World, workspace: str, address: str, tool: int, off: bool) -> None:
    """Somebody attaches a tool, or takes one off."""
    id = known(world, workspace, address)
    tools = [one for (kind, one) in world.wires[workspace].account() if kind == "tool"]
    if tool >= len(tools):
        raise Gone
    if off:
        ask(world, workspace, "DELETE", f"/pals/{id}/tools/{tools[tool]}")
    else:
        ask(world, workspace, "POST", f"/pals/{id}/tools", {"tool_ids": [tools[tool]]})


def propose_plant(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd, "persona", "tool")
    values = [
        {"env": "KEY_A"}, {"$secret": {"env": "KEY_A"}}, {"file": "reconciler.yaml"}, {"ref": at[1] if at else ""},
        {"literal": {"env": "KEY_A"}}, {"value": "x"}, {"$ref": "tool.desk"},
    ]  # fmt: skip
    return at and {"workspace": at[0], "address": at[1], "value": rnd.choice(values)}


def plant(world: World, workspace: str, address: str, value: dict[str, Any]) -> None:
    """Somebody writes into free places what looks like a reference of ours: it is and stays data (F1)."""
    if address.startswith("tool."):
        schema = {"type": "object", "properties": {"who": {"type": "string", "default": value}}}
        touch(world, workspace, address, "/parameters", schema)
    else:
        touch(world, workspace, address, "/layers/llm", {"extra_body": {"odd": value}, "model": "tavus-gpt-oss"})


STEPS = {
    "touch": Kind(8, propose_touch, touch),
    "foreign": Kind(3, propose_foreign, foreign),
    "delete": Kind(2, propose_delete, delete),
    "attach": Kind(3, propose_attach, attach),
    "plant": Kind(2, propose_plant, plant),
}
