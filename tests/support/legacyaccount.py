"""Personas as they were before the registry: inline tools and old fields, live in an account and as bare files."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import is_at_default, is_masked, leaves
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.vocabulary import live_document
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json, Object, is_filled
from tests.support.lab import Lab
from tests.support.manifestfolder import Folder
from tests.support.migrating import Project
from tests.support.records import live_of

ANSWERS = {
    "inline-tool-dedupe": {"*": "odd-inline"},
    "context-into-system-prompt": {"*": "append"},
    "stt-turn-taking-to-conversational-flow": {"*": "definition"},
    "misplaced-keys": {"*": "move"},
    "vqa-to-perception": {"*": "off"},
    "raven-0-to-raven-1": {"*": "raven-1"},
    "perception-tool-prompt-removed": {"*": "visual_tool_prompt"},
}
SCHEMA: Object = {"type": "object", "properties": {"city": {"type": "string"}, "day": {"type": "string"}}}


def function(name: str, **more: Json) -> Object:
    return {"name": name, "description": f"Does {name}.", "parameters": {**SCHEMA, **more}}


def inline(name: str, *, flat: bool = False, **more: Json) -> Object:
    body = function(name, **more)
    return {"type": "function", **body} if flat else {"type": "function", "function": body}


LLM = [
    {"tools": [inline("find")]},
    {"tools": [inline("find", flat=True), inline("book", required=["city", "day"])]},
    {"tools": [inline("book", required=["day", "city"])], "temperature": 0.3},
    {"tools": []},
    {},
]
PERCEPTION = [
    None,
    {"perception_model": "raven-1", "ambient_awareness_queries": ["Is an ID visible?"]},
    {"perception_model": "raven-1", "perception_tools": [inline("see")], "perception_tool_prompt": "When seen."},
    {"perception_model": "raven-1", "visual_tools": [inline("see")], "audio_tools": [inline("hear")]},
    {"perception_model": "raven-1", "visual_tools": [inline("see")], "tool_prompt": "Look."},
]
TURNS: list[Object] = [
    {},
    {"stt": {"participant_pause_sensitivity": "high", "participant_interrupt_sensitivity": "low"}},
    {
        "stt": {"smart_turn_detection": True, "hotwords": "Roey"},
        "conversational_flow": {"turn_detection_model": "sparrow-1", "turn_taking_patience": "low"},
    },
]
VQA: list[Object] = [{}, {"vqa": {"enable_vision": "false"}}]


@st.composite
def legacy_bodies(draw: st.DrawFn) -> Object:
    """A body for `POST /v2/personas`, without its name."""
    layers: Object = {"llm": {"model": "tavus-gpt-oss", **draw(st.sampled_from(LLM))}, **draw(st.sampled_from(TURNS))}
    perception = draw(st.sampled_from(PERCEPTION))
    layers |= {"perception": perception} if perception else draw(st.sampled_from(VQA))
    body: Object = {"system_prompt": "You help.", "default_replica_id": "rfe12d8b9597", "layers": layers}
    return {**body, "context": "It is late."} if draw(st.booleans()) else body


def put_live(lab: Lab, bodies: dict[str, Object]) -> None:
    """The personas in the account, made by somebody else long ago."""
    for name, body in bodies.items():
        answer = lab.client.post("/personas", json={"persona_name": name, **body})
        assert answer.status_code in (200, 201), answer.text


def migrated(root: Path, bodies: dict[str, Object]) -> Folder:
    """The bare files of the same personas, after `migrate --write` with every question answered."""
    files = {f"{name}.json": json.dumps({"persona_name": name, **body}).encode() for name, body in bodies.items()}
    project = Project(files)
    project.migrate(answers=ANSWERS)
    again = project.migrate(answers=ANSWERS, write=False)
    assert again.files == ()
    folder = Folder(root)
    for path, data in project.files.items():
        folder.write(path, data)
    return folder


def meaning(lab: Lab) -> dict[str, Object]:
    """What each persona of the account says, by its name: no ids, no defaults, nothing empty."""
    spec, found = kind("persona"), {}
    for row in lab.client.get("/pals", params={"limit": 100, "pal_type": "user"}).json()["data"]:
        held = leaves(spec, live_document(spec, live_of("persona", row["pal_id"], row["pal_name"], row)))
        tools = lab.client.get(f"/pals/{row['pal_id']}/tools").json()["data"]
        kept: Object = {
            path: value
            for path, value in held.items()
            if is_filled(value) and not is_at_default(field_at(spec, path), value) and not is_masked(value)
        }
        found[str(row["pal_name"])] = {**kept, "attached": sorted(tool["name"] for tool in tools)}
    return found
