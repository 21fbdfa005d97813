"""All migrations together over every form that a manifest may have: whatever the form, the same comes out, every text
stands somewhere afterwards, and nothing is left to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.core.migration_result import Status
from reconciler.manifests.edit.source_files import TextEditor
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.json import Json, Object
from tests.support.migrating import Project

ANSWERS = {
    "vocabulary-persona-to-pal": ["pal_name", "keep"], "misplaced-keys": ["move", "remove", "keep"],
    "vqa-to-perception": ["query", "off", "remove", "keep"],
    "context-into-system-prompt": ["append", "prepend", "keep"],
    "perception-field-names": ["both", "new", "old", "rename", "keep"],
    "perception-tool-prompt-removed": ["visual", "audio", "both", "keep"], "raven-0-to-raven-1": ["yes", "keep"],
    "stt-turn-taking-to-conversational-flow": ["definition", "guide", "remove", "keep"],
    "turn-detection-model": ["yes", "keep"], "interruptibility-spelling": ["high", "low", "keep"],
    "tts-types": ["remove", "1.1", "keep"], "tts-engine-and-model": ["face", "sonic-3", "keep"],
    "model-successor": ["tavus-gpt-oss", "keep"], "stt-engine": ["yes", "keep"],
    "inline-tool-dedupe": ["odd-inline", "common", "rename", "keep"], "inline-tool-create": ["keep"],
    "guardrail-set-split": ["split", "keep"], "guardrail-set-detach": ["detach", "keep"],
}  # fmt: skip
SETS = """\
apiVersion: personas/v1
kind: GuardrailSet
metadata: {name: house}
spec: {name: House, data: [{guardrail_name: calm, guardrail_prompt: T-calm}]}
"""


def tool(name: str, said: str, **more: Json) -> Object:
    return {"type": "function", "function": {"name": name, "description": said, **more}}


tools = st.lists(
    st.sampled_from([tool("look", "T-look"), tool("look", "T-look2"), tool("find it", "T-find"), tool("bare", "")]),
    max_size=3, unique_by=json.dumps,
)  # fmt: skip
pick = st.sampled_from
some = st.just


def layer(**fields: st.SearchStrategy[Json]) -> st.SearchStrategy[Object]:
    return st.fixed_dictionaries({}, optional=fields)


layers = layer(
    llm=layer(model=pick(["tavus-llama-4", "tavus-gpt-4o", "tavus-gpt-oss"]), tools=tools, temperature=some(0.5)),
    perception=layer(
        perception_model=pick(["raven-0", "raven-1", "off"]), ambient_awareness_queries=some(["T-ambient"]),
        visual_awareness_queries=some(["T-visual"]), perception_tool_prompt=some("T-seen: now"),
        tool_prompt=pick(["", "T-prompt"]), visual_tools=tools, perception_tools=tools, audio_tools=tools,
    ),
    stt=layer(
        stt_engine=pick(["tavus-advanced", "tavus-auto"]), hotwords=some("T-hot"),
        participant_pause_sensitivity=pick(["high", "superlow", "odd"]), smart_turn_detection=st.booleans(),
    ),
    tts=layer(
        tts_engine=pick(["playht", "cartesia", "azure"]), tts_model_name=pick(["sonic", "sonic-3"]),
        tts_emotion_control=some("true"), voice_settings=layer(speed=pick(["normal", "fast", "0.5", 1])),
    ),
    conversational_flow=layer(
        turn_detection_model=pick(["sparrow-0", "sparrow-1"]), pal_interruptibility=pick(["high", "low"]),
        replica_interruptibility=some("low"),
    ),
    vqa=layer(enable_vision=pick(["false", True]), prompt=some("T-vqa")),
    document_tags=some(["T-tag"]),
)  # fmt: skip
bodies = st.fixed_dictionaries(
    {"pal_name": some("desk"), "system_prompt": pick(["T-system.", "T-one.\n\nT-two: #"])},
    optional={
        "context": pick(["", "T-context.", "- T-a\n- T-b"]), "persona_name": pick(["desk", "other name"]),
        "default_replica_id": some("r1"), "guardrails_id": some({"ref": "guardrail_set.house"}),
        "guardrail_ids": some(["g1"]), "layers": layers, "pipeline_mode": pick(["full", "echo"]),
    },
)  # fmt: skip
answers = st.fixed_dictionaries({}, optional={name: pick(words) for name, words in ANSWERS.items()})


def envelope(body: Object) -> Object:
    return {"apiVersion": "personas/v1", "kind": "Persona", "metadata": {"name": "desk"}, "spec": body}


def anchored(body: Object, merge: str) -> str:
    """A list of bodies in which the layers of the second are those of the first: an alias, or a merge."""
    item = yaml.safe_dump([body], sort_keys=False)
    if "layers" not in body:
        return f"- pal_name: z\n{item}"
    held = yaml.safe_dump([{"pal_name": "z", "layers": body["layers"]}], sort_keys=False)
    rest = yaml.safe_dump([{key: value for key, value in body.items() if key != "layers"}], sort_keys=False)
    if not body["layers"]:
        return f"{held}{item}"
    return held.replace("layers:", "layers: &l", 1) + f"{rest}  layers: {merge}\n"


def commented(text: str) -> str:
    """A comment above and behind every line that may have one."""
    return "".join(
        f"{line}   # about {number}\n"
        if re.match(r" *[\w-]+: \S[^|>\"'#]*$", line) and "T-" not in line
        else f"{line}\n"
        for number, line in enumerate(text.splitlines())
    )


def forms(body: Object) -> dict[str, tuple[str, bytes]]:
    """Name -> path and bytes."""
    front = {key: value for key, value in body.items() if key != "system_prompt"}
    block = yaml.safe_dump(envelope(body), sort_keys=False)
    one_line = yaml.safe_dump(envelope(body), sort_keys=False, default_flow_style=True, width=9999)
    markdown = f"---\n{yaml.safe_dump({'kind': 'Persona', **front})}---\n\n{body['system_prompt']}\n"
    other = "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: keepme}\nspec: {name: keepme, description: x}\n"
    return {
        "block": ("p.yaml", block.encode()),
        "flow": ("p.yaml", one_line.encode()),
        "comments": ("p.yaml", commented(block).encode()),
        "alias": ("all.yaml", anchored(body, "*l").encode()),
        "merge": ("all.yaml", anchored(body, "{<<: *l}").encode()),
        "crlf and mark": ("p.yaml", b"\xef\xbb\xbf" + block.replace("\n", "\r\n").encode()),
        "utf-16": ("p.yaml", b"\xff\xfe" + block.encode("utf-16-le")),
        "between": ("p.yaml", f"# top\n{other}---\n{block}---\n# end\n{other.replace('keepme', 'andme')}".encode()),
        "json": ("p.json", json.dumps(envelope(body), indent=2).encode()),
        "bare json": ("desk.json", json.dumps(body).encode()),
        "list": ("all.json", json.dumps([{"pal_name": "z"}, body], indent=1).encode()),
        "markdown": ("desk.md", markdown.encode()),
    }  # fmt: skip


def words(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield from re.findall(r"T-\w+", value)
    elif isinstance(value, dict):
        yield from (word for member in value.values() for word in words(member))
    elif isinstance(value, list):
        yield from (word for item in value for word in words(item))


def bodies_of(project: Project) -> dict[str, Object]:
    found: dict[str, Object] = {}
    for path, data in project.files.items():
        opened = TextEditor(KINDS).open(path, data, overlay=False)
        assert opened.problems == [], path
        found |= {str(draft.address): draft.body for draft in opened.drafts}
    return found


GOING = {
    "T-vqa": {"off", "remove", "raven-1"}, "T-ambient": {"new"}, "T-visual": {"old"}, "T-seen": {"new"},
    "T-look2": {"common", "new", "old"}, "T-look": {"common", "new", "old"}, "T-find": {"new", "old"},
    "T-context": {"remove"}, "T-tag": {"remove"},
}  # fmt: skip
"""Texts that a person's answer lets go."""


@settings(max_examples=20, deadline=None)
@given(bodies, answers)
def test_all_forms_come_to_the_same(body: Object, said: dict[str, str]) -> None:
    given = {name: {"*": word} for name, word in said.items()}
    wanted: dict[str, Object] | None = None
    for name, (path, data) in forms(body).items():
        project = Project({path: data, "house.yaml": SETS.encode()})
        before = bodies_of(project)
        looked = project.migrate(answers=given, write=False)
        result = project.migrate(answers=given)
        assert looked.files == result.files, "what is shown is what is written"
        assert [one for one in result.diagnostics if one.is_error] == []
        after = bodies_of(project)
        refused = [f"{one.finding.summary}: {one.reason}" for one in result.of(Status.REFUSED)]
        assert all("open question" in one for one in refused), (name, refused)
        lost = {word for one in before.values() for word in words(one)} - {
            word for one in after.values() for word in words(one)
        }
        noted = " ".join(note for one in result.of(Status.DONE) for note in one.finding.notes)
        assert all(word in noted or GOING.get(word, set()) & {*said.values()} for word in lost), (name, lost)
        assert [address for address in before if address not in after] == [], name
        again = project.migrate(answers=given)
        assert again.files == () and not again.of(Status.DONE), name
        shown = {key: value for key, value in after.items() if key.split(".")[1] not in ("keepme", "andme", "z")}
        wanted = shown if wanted is None else wanted
        assert set(shown) == set(wanted), name
        for address, one in shown.items():
            assert json_equal(one, wanted[address]), (name, address, one, wanted[address])
