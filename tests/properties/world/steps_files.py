"""What a person does to the files: manifests made, edited, renamed, dropped, overlaid and spelled otherwise."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

from tests.properties.world.machine import Gone, Kind, Step, World
from tests.properties.world.oracle import needs
from tests.properties.world.project import Doc
from tests.properties.world.words import Env, Ref, Tree

INLINE = ("/layers/llm/tools", "/layers/perception/visual_tools", "/layers/perception/perception_tools")
FACE = "rfe12d8b9597"
WORDS = ("alpha", "beta", "gamma")
STATUS = ("active", "inactive")
NAMES = ("desk", "care", "help")


def text(world: World) -> str:
    """A text that exists nowhere else in this world."""
    world.count += 1
    return f"text{world.count}"


def inline(name: str, about: str) -> Tree:
    """A function as it stands inside a persona."""
    schema = {"type": "object", "properties": {"who": {"type": "string"}}, "required": ["who"]}
    return {"type": "function", "function": {"name": name, "description": about, "parameters": schema}}


def some(rnd: random.Random, items: tuple[str, ...] | list[str]) -> list[str]:
    """A few of them, in any order."""
    return rnd.sample(items, rnd.randint(0, len(items)))


# Pointer -> how a value is drawn. A value is JSON; {"ref": ...} and {"env": ...} stand for references and secrets.
def persona_fields(world: World, rnd: random.Random) -> dict[str, Any]:
    """Places of a persona with a value each."""
    docs = world.project.docs
    of = lambda kind: [a for a in docs if a.startswith(f"{kind}.")]  # noqa: E731
    refs = lambda kind: [{"ref": one} for one in some(rnd, of(kind))]  # noqa: E731
    one = lambda kind: {"ref": rnd.choice(of(kind))} if of(kind) else None  # noqa: E731
    return {
        "/system_prompt": text(world), "/greeting": text(world), "/pal_description": text(world),
        "/pal_name": rnd.choice([f"Name {rnd.choice(WORDS)}", {"env": "NAME_A"}]), "/context": text(world),
        "/document_tags": some(rnd, WORDS), "/guardrail_tags": some(rnd, WORDS),
        "/layers/llm/model": rnd.choice(["tavus-gpt-oss", "tavus-gemini-3-flash", "tavus-llama-4"]),
        "/layers/llm/extra_body/temperature": rnd.choice([0.2, 0.4, 1]),
        "/layers/llm/tools": [inline(n, text(world)) for n in some(rnd, ["look", "find"])] or None,
        "/layers/tts/tts_engine": rnd.choice(["cartesia", "elevenlabs"]),
        "/layers/tts/external_voice_id": text(world),
        "/layers/tts/api_key": {"env": rnd.choice(["KEY_A", "KEY_B"])},
        "/layers/tts/pronunciation_dictionary_id": one("pronunciation_dictionary"),
        "/layers/mcp/connectors": refs("connector"),
        "/layers/stt/hotwords": text(world),
        "/layers/stt/participant_pause_sensitivity": rnd.choice(["low", "high"]),
        "/layers/perception/perception_model": rnd.choice(["raven-0", "raven-1", "basic"]),
        "/layers/perception/visual_awareness_queries": [text(world)],
        "/layers/perception/ambient_awareness_queries": [text(world)],
        "/layers/perception/perception_tools": [inline("see", text(world))],
        "/layers/conversational_flow/turn_taking_patience": rnd.choice(["low", "medium", "high"]),
        "/layers/conversational_flow/pal_interruptibility": rnd.choice(["low", "medium", "high"]),
        "/layers/conversational_flow/turn_detection_model": "sparrow-1",
        "/tools": refs("tool"), "/guardrail_ids": refs("guardrail"), "/document_ids": refs("document"),
        "/guardrails_id": one("guardrail_set"), "/objectives_id": one("objectives"),
    }  # fmt: skip


def fields(world: World, rnd: random.Random, kind: str) -> dict[str, Any]:
    """Places of a kind that may be edited, with a value each."""
    tags = some(rnd, WORDS)
    match kind:
        case "persona":
            return persona_fields(world, rnd)
        case "tool":
            api = {"url": "https://api.example.com/x", "method": rnd.choice(["POST", "GET"]), "timeout": 10,
                   "headers": {}, "auth": {"type": "bearer", "token": {"env": "KEY_A"}}}  # fmt: skip
            return {"/description": text(world), "/tags": tags, "/on_call": rnd.choice(["silent", "generate_filler"]),
                    "/delivery": rnd.choice([{"app_message": True}, {"api": api}])}  # fmt: skip
        case "guardrail":
            return {"/guardrail_prompt": text(world), "/tags": tags, "/app_message": rnd.choice([True, False]),
                    "/modality": rnd.choice(["verbal", "visual"])}  # fmt: skip
        case "guardrail_set":
            names = rnd.sample(WORDS, rnd.randint(1, 2))
            return {"/data": [{"guardrail_name": f"{n}_rail", "guardrail_prompt": text(world)} for n in names]}
        case "objectives":
            names = rnd.sample(WORDS, rnd.randint(1, 3))
            chain = [{"objective_name": n, "objective_prompt": text(world)} for n in names]
            for step, following in pairwise(chain):
                step["next_required_objective"] = following["objective_name"]
            return {"/data": chain}
        case "document":
            return {"/tags": tags, "/document_name": f"Paper {rnd.choice(WORDS)}"}
        case "connector":
            ways = [{"type": "oauth2"}, {"type": "bearer", "token": {"env": rnd.choice(["KEY_A", "KEY_B"])}}]
            return {"/server_url": f"https://mcp.example.com/{rnd.choice(WORDS)}", "/auth_config": rnd.choice(ways),
                    "/selected_tool_names": some(rnd, WORDS) or None}  # fmt: skip
        case "pronunciation_dictionary":
            rule = {"type": "alias", "case_sensitive": False, "word_boundaries": True}
            return {"/rules": [{"text": w, "pronunciation": text(world), **rule} for w in tags]}
        case _:
            places = {"/allowed_origins": [f"https://{w}.example.com" for w in tags]}
            return places | {"/limits/daily_call_limit": rnd.choice([5, 9]), "/status": rnd.choice(STATUS)}


KEPT = {"/system_prompt", "/pal_name", "/description", "/guardrail_prompt", "/data", "/document_name", "/rules",
        "/delivery", "/on_call", "/server_url", "/auth_config"}  # fmt: skip


def body(world: World, rnd: random.Random, kind: str, name: str) -> Tree | None:
    """A first body of a new object; None where what it needs is not there."""
    personas = [a for a in world.project.docs if a.startswith("persona.")]
    match kind:
        case "persona":
            return {"pal_name": f"Pal {name}", "system_prompt": text(world), "default_face_id": FACE}
        case "tool":
            return {"name": f"do_{name}", "description": text(world), "origin": "llm", "on_call": "silent"}
        case "guardrail":
            return {"guardrail_name": f"keep_{name}", "guardrail_prompt": text(world)}
        case "document":
            return {"document_name": f"Doc {name}", "document_url": "https://docs.example.com/a.pdf"}
        case "deployment":
            if not personas:
                return None
            return {"name": f"Site {name}", "pal_id": {"ref": rnd.choice(personas)}, "channel": "widget"}
        case _:
            return {"name": f"{kind} {name}"} | {p[1:]: v for p, v in fields(world, rnd, kind).items()}


def put(spec: Tree, pointer: str, value: Any) -> None:
    """Set one place; None takes it away, with the parents that it leaves empty."""
    *parents, last = pointer[1:].split("/")
    nodes = [spec]
    for part in parents:
        nodes.append(nodes[-1].setdefault(part, {}))
    if value is not None:
        nodes[-1][last] = value
        return
    nodes[-1].pop(last, None)
    for node, key in zip(reversed(nodes[:-1]), reversed(parents), strict=True):
        if not node[key]:
            del node[key]


def alive(value: Any, world: World) -> Any:
    """A drawn value as the model holds it. Raises `Gone` where it refers to what is not there."""
    if isinstance(value, dict) and value.keys() == {"ref"}:
        if value["ref"] not in world.project.docs:
            raise Gone
        return Ref(value["ref"])
    if isinstance(value, dict):
        return Env(value["env"]) if value.keys() == {"env"} else {k: alive(v, world) for k, v in value.items()}
    return [alive(one, world) for one in value] if isinstance(value, list) else value


def pick(world: World, rnd: random.Random, *kinds: str) -> str | None:
    """One of the documents."""
    found = [a for a, d in world.project.docs.items() if not kinds or d.kind in kinds]
    return rnd.choice(found) if found else None


def doc(world: World, address: str) -> Doc:
    """A document that is still there."""
    if address not in world.project.docs:
        raise Gone
    return world.project.docs[address]


# the steps


def propose_new(world: World, rnd: random.Random) -> Step | None:
    kind = rnd.choice(["persona"] * 4 + ["tool"] * 2 + ["guardrail", "guardrail_set", "objectives", "document",
                      "pronunciation_dictionary", "deployment", "connector"])  # fmt: skip
    name = rnd.choice(NAMES)
    spec = body(world, rnd, kind, name)
    if f"{kind}.{name}" in world.project.docs or spec is None or len(world.project.docs) > 8:
        return None
    return {"address": f"{kind}.{name}", "spec": spec, "file": place(world, rnd, kind, name)}


def place(world: World, rnd: random.Random, kind: str, name: str) -> str:
    """A file for a document: of its own, in one of the spellings, or shared."""
    own = [f"{kind}s/{name}.yaml", f"{kind}s/{name}.json", f"deep/er/{kind}-{name}.yml", "all.yaml", "all.yaml"]
    return rnd.choice([*own, f"pals/{name}.md", f"bare/{name}.yaml"] if kind == "persona" else own)


def new(world: World, address: str, spec: Tree, file: str) -> None:
    if address in world.project.docs or address in world.project.moves or address in world.project.removed:
        raise Gone
    alone(world, address, file)
    world.project.docs[address] = Doc(address, alive(spec, world), file)


def alone(world: World, address: str, file: str) -> None:
    """Raises `Gone` where a file that holds one document holds another one."""
    if file.endswith((".json", ".md")) and any(
        d.file == file and a != address for a, d in world.project.docs.items()
    ):
        raise Gone


def propose_edit(world: World, rnd: random.Random) -> Step | None:
    address = pick(world, rnd)
    if address is None:
        return None
    pointer, value = rnd.choice(list(fields(world, rnd, address.partition(".")[0]).items()))
    if pointer not in KEPT and rnd.random() < 0.25:
        value = None
    return None if value is None and pointer in KEPT else {"address": address, "pointer": pointer, "value": value}


def edit(world: World, address: str, pointer: str, value: Any) -> None:
    found = doc(world, address)
    value = alive(value, world)
    if pointer == "/on_call" and found.spec.get("origin", "llm") != "llm":
        raise Gone
    put(found.spec, pointer, value)


def propose_drop(world: World, rnd: random.Random) -> Step | None:
    address = pick(world, rnd)
    return address and {"address": address, "say": rnd.choice([False, False, True])}


def drop(world: World, address: str, say: bool) -> None:
    """A manifest is deleted, with everything that refers to it; `say`: a Removed document keeps the live object."""
    doc(world, address)
    for name in leave_with(world, address):
        world.project.docs.pop(name)
        world.project.overlays.pop(name, None)
        world.project.moves = {old: to for old, to in world.project.moves.items() if to != name}
    if say:
        world.project.removed.append(address)


def leave_with(world: World, address: str) -> list[str]:
    """The address and the deployments that cannot do without it; other references to it are taken away."""
    gone = [address]
    for other in world.project.docs.values():
        if other.kind == "deployment" and address in needs(other.spec):
            gone.append(other.address)
        elif address in needs(other.spec):
            other.spec = without(other.spec, address)
    for over in world.project.overlays.values():
        over["spec"] = without(over.get("spec", {}), address)
    return gone


def without(tree: Any, address: str) -> Any:
    """A body without references to an address."""
    if isinstance(tree, dict):
        return {key: without(value, address) for key, value in tree.items() if value != Ref(address)}
    return [one for one in tree if one != Ref(address)] if isinstance(tree, list) else tree


def propose_rename(world: World, rnd: random.Random) -> Step | None:
    address = pick(world, rnd)
    if address is None:
        return None
    return {
        "address": address,
        "name": rnd.choice([*NAMES, "renamed"]),
        "file": rnd.choice(["all.yaml", "moved/x.yaml"]),
    }


def rename(world: World, address: str, name: str, file: str) -> None:
    """A new address with a Moved document, everywhere."""
    found, to = doc(world, address), f"{address.partition('.')[0]}.{name}"
    project = world.project
    taken = {to} & (project.docs.keys() | project.moves.keys() | set(project.removed) | set(project.moves.values()))
    known = any(address in memory for memory in world.memory.values())
    unsure = any(to in memory for memory in world.memory.values())
    if taken or not known or unsure or address in project.moves.values():
        raise Gone
    project.docs = {to if a == address else a: d for a, d in project.docs.items()}
    found.address, found.file = to, file
    for other in project.docs.values():
        other.spec = renamed(other.spec, address, to)
    for over in project.overlays.values():
        over["spec"] = renamed(over.get("spec", {}), address, to)
    if address in project.overlays:
        project.overlays[to] = project.overlays.pop(address)
    project.moves[address] = to


def renamed(tree: Any, old: str, new: str) -> Any:
    if isinstance(tree, dict):
        return {key: renamed(value, old, new) for key, value in tree.items()}
    if isinstance(tree, list):
        return [renamed(one, old, new) for one in tree]
    return Ref(new) if tree == Ref(old) else tree


def propose_tidy(world: World, rnd: random.Random) -> Step | None:
    return {} if world.project.moves or world.project.removed else None


def tidy(world: World) -> None:
    """Moved and Removed documents that did their work everywhere are taken away."""
    at_work = lambda address: any(address in memory for memory in world.memory.values())  # noqa: E731
    world.project.moves = {old: to for old, to in world.project.moves.items() if at_work(old)}
    world.project.removed = [address for address in world.project.removed if at_work(address)]


def propose_overlay(world: World, rnd: random.Random) -> Step | None:
    address = pick(world, rnd, "persona", "tool", "guardrail")
    if address is None:
        return None
    pointer, value = rnd.choice(list(fields(world, rnd, address.partition(".")[0]).items()))
    if value is None or pointer in {"/delivery", "/pal_name"} or (value == [] and pointer == "/layers/llm/tools"):
        return None
    return {"address": address, "pointer": pointer, "value": rnd.choice([value, value, None])}


def overlay(world: World, address: str, pointer: str, value: Any) -> None:
    if doc(world, address).spec.get("origin", "llm") != "llm" and pointer == "/on_call":
        raise Gone
    over = world.project.overlays.setdefault(address, {"spec": {}})
    put(over["spec"], pointer, alive(value, world))
    if not over["spec"] and over.keys() == {"spec"}:
        del world.project.overlays[address]


def propose_lifecycle(world: World, rnd: random.Random) -> Step | None:
    address = pick(world, rnd)
    if address is None:
        return None
    places = list(fields(world, rnd, address.partition(".")[0]))
    ignored = [rnd.choice([p, p.rpartition("/")[0] or p]) for p in some(rnd, places)[:2]]
    key, value = rnd.choice([("ignore", ignored), ("ignore", ignored), ("ignore", None), ("protect", True),
                             ("protect", None), ("protect", None), ("manage", "observe"), ("manage", None),
                             ("manage", None)])  # fmt: skip
    return {"address": address, "key": key, "value": value, "over": rnd.random() < 0.2}


def lifecycle(world: World, address: str, key: str, value: Any, over: bool) -> None:
    found = doc(world, address)
    if found.file.startswith("bare/") and not over:
        found.file = "all.yaml"
    life = world.project.overlays.setdefault(address, {"spec": {}}).setdefault("lifecycle", {}) if over else (
        found.lifecycle
    )  # fmt: skip
    life.pop(key, None)
    if value not in (None, []):
        life[key] = value


def propose_spell(world: World, rnd: random.Random) -> Step | None:
    address = pick(world, rnd)
    if address is None:
        return None
    kind, name = address.split(".", 1)
    return {"address": address, "file": place(world, rnd, kind, name), "words": rnd.choice(["pal", "persona"]),
            "anchored": rnd.random() < 0.5, "by_name": rnd.random() < 0.5,
            "included": rnd.random() < 0.4, "shared": rnd.random() < 0.4}  # fmt: skip


def spell(
    world: World, address: str, file: str, words: str, by_name: bool, included: bool, anchored: bool = False,
    shared: bool = False,
) -> None:  # fmt: skip
    """The same document, written otherwise."""
    found = doc(world, address)
    alone(world, address, file)
    plain = not (found.lifecycle or found.labels or found.ids)
    if file.startswith("bare/") and not (plain and file == f"bare/{found.name}.yaml"):
        raise Gone
    found.file, found.by_name, found.anchored = file, by_name, anchored
    found.words = words if found.kind == "persona" else "pal"
    found.included = included and found.kind == "persona"
    found.shared = shared and found.kind == "persona"


def propose_label(world: World, rnd: random.Random) -> Step | None:
    address = pick(world, rnd)
    return address and {"address": address, "labels": rnd.choice([{}, {"team": "a"}, {"team": "b"}])}


def label(world: World, address: str, labels: dict[str, str]) -> None:
    found = doc(world, address)
    if found.file.startswith("bare/"):
        found.file = "all.yaml"
    found.labels = labels


STEPS = {
    "new": Kind(14, propose_new, new),
    "edit": Kind(22, propose_edit, edit),
    "drop": Kind(4, propose_drop, drop),
    "rename": Kind(4, propose_rename, rename),
    "tidy": Kind(2, propose_tidy, tidy),
    "overlay": Kind(5, propose_overlay, overlay),
    "lifecycle": Kind(5, propose_lifecycle, lifecycle),
    "spell": Kind(5, propose_spell, spell),
    "label": Kind(1, propose_label, label),
}
