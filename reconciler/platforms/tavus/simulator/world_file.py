"""A world as text: one JSON file, indented per object, that a person may edit; and lists of objects as seeds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.simulator.http_types import write_json
from reconciler.platforms.tavus.simulator.persona_body import TO_PAL, complete_flow, inward
from reconciler.platforms.tavus.simulator.stock import new_world
from reconciler.platforms.tavus.simulator.world import (
    CONNECTOR_SECRETS,
    DEPLOYMENT_SECRETS,
    KINDS,
    PERSONA_SECRETS,
    TOOL_SECRETS,
    Pattern,
    World,
    seal,
)
from reconciler.types.json import Json, Object

FORMAT = 1
SECRETS: dict[str, tuple[Pattern, ...]] = {
    "pals": PERSONA_SECRETS,
    "tools": TOOL_SECRETS,
    "connectors": CONNECTOR_SECRETS,
    "deployments": DEPLOYMENT_SECRETS,
}
IDS: Final = {
    "pals": ("pal_id", "persona_id"),
    "tools": ("tool_id",),
    "guardrails": ("uuid", "guardrail_id"),
    "guardrail_sets": ("guardrails_id",),
    "objectives": ("objectives_id",),
    "documents": ("document_id",),
    "pronunciation_dictionaries": ("pronunciation_dictionary_id",),
    "connectors": ("connector_id",),
    "deployments": ("deployment_id",),
    "faces": ("face_id", "replica_id"),
    "voices": ("voice_id",),
}
PREFIXES: Final = {
    "pals": "p",
    "tools": "t",
    "guardrails": "g",
    "guardrail_sets": "g",
    "objectives": "o",
    "documents": "d1-",
    "pronunciation_dictionaries": "pd_",
    "connectors": "c8-",
    "deployments": "dep_",
    "faces": "r",
    "voices": "v",
}
ALIASES: Final = {"personas": "pals", "replicas": "faces", "dictionaries": "pronunciation_dictionaries"}


class WorldUnreadable(ReconcilerError):
    """The world file is damaged, or is none."""


def write_object(id: str, body: Object) -> bytes:
    """One member of a collection, as it stands in the file."""
    text = write_json(body, indent=2).replace(b"\n", b"\n      ")
    return b"\n      %s: %s" % (write_json(id), text)


def write_world(world: World, texts: Mapping[str, Mapping[str, bytes]]) -> Iterator[bytes]:
    """The file in chunks; `texts` holds every object as `write_object` made it, by kind and id."""
    head: Object = {
        "format": FORMAT,
        "salt": world.salt,
        "owner_id": world.owner_id,
        "sequence": world.sequence,
        "generation": world.generation,
        **world.extra,
    }
    yield write_json(head, indent=2).removesuffix(b"\n}")
    yield b',\n  "objects": {'
    for index, kind in enumerate(KINDS):
        yield b'%s\n    "%s": {' % (b"," if index else b"", kind.encode())
        yield b",".join(texts[kind].values())
        yield b"\n    }" if texts[kind] else b"}"
    yield b"\n  }\n}\n"


def write_changes(world: World, changed: Collection[tuple[str, str]]) -> bytes:
    """One line of the log: what one save changed. A line is taken whole or not at all."""
    changes: list[Json] = [[kind, id, world.find(kind, id)] for kind, id in sorted(changed)]
    return write_json({"generation": world.generation, "sequence": world.sequence, "changes": changes}) + b"\n"


def apply_changes(world: World, line: bytes, where: str) -> set[tuple[str, str]]:
    """Apply a line of the log, unless it continues another file; the (kind, id) that it changed."""
    data = _parse(line, where)
    changes = data.get("changes") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(changes, list):
        raise WorldUnreadable(f"{where} holds a line that is no change", hint="move the file away to do without it")
    if data.get("generation") != world.generation:
        return set()
    if isinstance(data.get("sequence"), int):
        world.sequence = max(world.sequence, int(str(data["sequence"])))
    for change in changes:
        kind, id, body = change if isinstance(change, list) and len(change) == 3 else (None, None, None)
        if kind not in KINDS or not isinstance(id, str):
            raise WorldUnreadable(f"{where} holds a change that cannot be read")
        if isinstance(body, dict):
            world.put(str(kind), id, body)
        elif world.find(str(kind), id) is not None:
            world.drop(str(kind), id)
    return world.settle()


def read_world(text: bytes, where: str) -> World:
    """The world in the text of a file. Secrets that a person wrote in clear are sealed.

    Raises `WorldUnreadable` with the place of the first mistake.
    """
    data = _parse(text, where)
    objects = data.get("objects") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(objects, dict):
        raise WorldUnreadable(f"{where} is no simulator world: it has no `objects`")
    if data.get("format") != FORMAT:
        raise WorldUnreadable(
            f"{where} has format {data.get('format')!r}; this version reads format {FORMAT}",
            hint="move the file away to start from an empty account",
        )
    salt, owner, sequence = data.get("salt"), data.get("owner_id"), data.get("sequence")
    world = World(str(salt or "edited"), str(owner or "u0"), sequence=sequence if isinstance(sequence, int) else 0)
    generation = data.get("generation")
    world.generation = generation if isinstance(generation, int) else 0
    known = {"format", "salt", "owner_id", "sequence", "generation", "objects"}
    world.extra = {name: value for name, value in data.items() if name not in known}
    for name, group in objects.items():
        kind = ALIASES.get(name, name)
        if kind not in KINDS:
            raise WorldUnreadable(f"{where}: unknown kind {name!r} under objects; known: {', '.join(KINDS)}")
        if not isinstance(group, dict):
            raise WorldUnreadable(f"{where}: objects/{name} must map ids to objects")
        for id, body in group.items():
            world.put(kind, id, _take_in(world, kind, body, f"{where}: objects/{name}/{id}"))
    world.settle()
    return world


def seed_world(text: bytes, where: str, salt: str) -> World:
    """A world from a seed: a world file, or objects to put into a new account.

    Objects stand as lists under the collection's name (`{"pals": [...], "tools": [...]}`), in either vocabulary;
    a bare list is a list of personas, and `{"data": [...]}` is what a list call answers.
    """
    data = _parse(text, where)
    if isinstance(data, dict) and "objects" in data:
        return read_world(text, where)
    if isinstance(data, dict) and isinstance(data.get("data"), list):
        data = data["data"]
    groups: Json = {"pals": data} if isinstance(data, list) else data
    if not isinstance(groups, dict):
        raise WorldUnreadable(f"{where}: expected a list of personas, or lists by kind")
    world = new_world(salt)
    for name, group in groups.items():
        kind = ALIASES.get(name, name)
        if kind not in KINDS or not isinstance(group, list):
            raise WorldUnreadable(f"{where}: {name!r} must be one of {', '.join(KINDS)} and hold a list")
        for index, body in enumerate(group):
            place = f"{where}: {name}[{index}]"
            if not isinstance(body, dict):
                raise WorldUnreadable(f"{place} is not an object")
            ids = [value for word in IDS[kind] if isinstance(value := body.get(word), str)]
            rest: Object = {word: value for word, value in body.items() if word not in IDS[kind]}
            world.put(kind, ids[0] if ids else world.mint(PREFIXES[kind]), _take_in(world, kind, rest, place))
    return world


def _parse(text: bytes, where: str) -> Json:
    try:
        data: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WorldUnreadable(
            f"{where} is not valid JSON: {error}", hint="repair it, or move it away to start from an empty account"
        ) from None
    return data


def _take_in(world: World, kind: str, body: Json, place: str) -> Object:
    if not isinstance(body, dict):
        raise WorldUnreadable(f"{place} is not an object")
    if kind == "pals":
        body = complete_flow(inward(body, "persona" if TO_PAL.keys() & body.keys() else "pal"))
    return seal(body, SECRETS[kind], world.vault) if kind in SECRETS else body
