"""One body in every spelling of a manifest: the migration makes the same of it, and touches nothing beside it."""

from __future__ import annotations

import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.manifests.edit.source_files import TextEditor
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.json import Object
from tests.support.migrating import Project

ANSWERS = {"context-into-system-prompt": {"*": "append"}, "misplaced-keys": {"*": "move"}}
BELL = {"type": "function", "function": {"name": "ring_bell", "description": "Rings: twice.", "parameters": {}}}
HEAD = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: other}\n"
OTHER = HEAD + "spec: {pal_name: 'Other', greeting: \"Hi\"} # stays\n"

layers = st.fixed_dictionaries(
    {},
    optional={
        "llm": st.fixed_dictionaries(
            {"model": st.sampled_from(["tavus-llama-4", "tavus-gpt-oss"])},
            optional={"tools": st.sampled_from([[], [BELL], [BELL, BELL]]), "temperature": st.just(0.5)},
        ),
        "perception": st.fixed_dictionaries(
            {}, optional={"ambient_awareness_queries": st.just(["Is it: red?"]), "tool_prompt": st.just("")}
        ),
        "tts": st.just({"tts_emotion_control": "true", "playht_user_id": "u"}),
        "vqa": st.just({"enable_vision": "false"}),
    },
)
bodies = st.fixed_dictionaries(
    {"pal_name": st.just("desk"), "system_prompt": st.sampled_from(["You help.", "Line one.\n\nLine: two. #"])},
    optional={"context": st.sampled_from(["", "Be kind.", "- a\n- b"]), "layers": layers},
)


def spellings(body: Object) -> dict[str, tuple[str, str]]:
    """Name -> file name and text; what is not the body is `OTHER`, or bodies called other."""
    envelope = {"apiVersion": "personas/v1", "kind": "Persona", "metadata": {"name": "desk"}}
    document = yaml.safe_dump({**envelope, "spec": body}, sort_keys=False)
    front = {key: value for key, value in body.items() if key != "system_prompt"}
    others = [{"pal_name": f"other{number}", "greeting": "Hi"} for number in range(9)]
    return {
        "yaml": ("desk.yaml", document),
        "first of many": ("desk.yaml", f"{document}---\n{OTHER}"),
        "last of many": ("desk.yaml", f"# head\n---\n{OTHER}--- # here\n{document}"),
        "crlf": ("desk.yaml", f"{OTHER}---\n{document}".replace("\n", "\r\n")),
        "json": ("desk.json", json.dumps({**envelope, "spec": body}, indent=2)),
        "one line": ("desk.json", json.dumps({**envelope, "spec": body})),
        "bare": ("desk.yaml", yaml.safe_dump(body, sort_keys=False)),
        "bare json": ("desk.json", json.dumps(body, indent=4)),
        "list": ("all.json", json.dumps({"data": [*others, body]}, indent=2)),
        "list on one line": ("all.json", json.dumps([body, *others])),
        "yaml list": ("all.yaml", f"# head\n{listed([*others, body])}"),
        "answer of a list": ("all.yaml", f"data:\n{indented(listed([body, *others]))}\ntotal_count: 10\n"),
        "yaml list of crlf": ("all.yaml", listed([*others, body]).replace("\n", "\r\n")),
        "list behind a document": ("all.yaml", f"{OTHER}---\n{listed([body, *others])}...\n"),
        "list that is tied": ("all.yaml", tied(listed([{"pal_name": "first", "x": 1}, *others, {**body, "x": 2}]))),
        "short list": ("all.json", json.dumps([others[0], body], indent=1)),
        "markdown": (
            "desk.md",
            f"---\n{yaml.safe_dump({'kind': 'Persona', **front}, sort_keys=False)}---\n\n{body['system_prompt']}\n",
        ),
    }


def listed(bodies: list[Object]) -> str:
    """A block list, with a comment above each item."""
    return "".join(f"# above\n{yaml.safe_dump([one], sort_keys=False)}" for one in bodies)


def tied(text: str) -> str:
    """An alias in one item of what stands in another."""
    return text.replace("x: 1", "x: &a 1").replace("x: 2", "x: *a")


def indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n")[:-1])


def body_of(project: Project, path: str) -> Object:
    drafts = TextEditor(KINDS).open(path, project.files[path], overlay=False).drafts
    return next(one.body for one in drafts if one.address.name == "desk")


@given(bodies)
@settings(max_examples=15, deadline=None)
def test_every_spelling_becomes_the_same(body: Object) -> None:
    wanted: Object | None = None
    for name, (path, text) in spellings(body).items():
        project = Project({path: text.encode()})
        result = project.migrate(answers=ANSWERS)
        assert result.diagnostics == (), name
        after = {key: value for key, value in body_of(project, path).items() if key != "x"}
        wanted = after if wanted is None else wanted
        assert json_equal(after, wanted), name
        changed = [path] if project.files[path] != text.encode() else []
        assert [one.path for one in result.files if one.before is not None] == changed, "what changes is listed"
        assert project.text(path).count("# above") == text.count("# above"), name
        for part in (OTHER, OTHER.replace("\n", "\r\n"), '"greeting": "Hi"'):
            assert text.count(part) == project.text(path).count(part), "what is beside it stays byte for byte"
        once = dict(project.files)
        assert project.migrate(answers=ANSWERS).files == () and project.files == once, name
