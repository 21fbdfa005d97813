"""`apply --migrate` writes all places of a change, or none; files then apply gives the same account."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

HEAD = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: legacy}\n"
BODY = "spec:\n  pal_name: Legacy\n  default_face_id: r90bbd427f71\n  system_prompt: You help.\n"
TOOL = (
    "{type: function, function: {name: find_room, description: Finds., parameters: {type: object, properties: {}}}}"
)
INLINE = BODY + f"  layers: {{llm: {{model: tavus-gpt-oss, tools: [{TOOL}]}}}}\n"
CONTEXT = BODY + "  context: Be kind.\n"
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: t}
migrations: {context-into-system-prompt: append, misplaced-keys: remove}
workspaces:
  sandbox: {provider: {type: simulator}, overlays: [%s]}
"""


def write(project: Path, text: str, overlay: str = "") -> Path:
    """The persona, and the overlay of the workspace."""
    manifests = project / "manifests"
    (manifests / "reconciler.yaml").write_text(PROJECT % ("over" if overlay else ""))
    path = manifests / "legacy.yaml"
    path.write_text(text)
    if overlay:
        (manifests / "over").mkdir(exist_ok=True)
        (manifests / "over" / "legacy.yaml").write_text(overlay)
    return path


def live(project: Path) -> dict[str, Any]:
    """The persona as the account shows it."""
    (path,) = project.rglob("world.json")
    text = path.read_text()
    found = [one for one in _objects(json.loads(text)) if one.get("pal_name", one.get("persona_name")) == "Legacy"]
    assert len(found) == 1
    return found[0]


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        inner = [one for member in value.values() for one in _objects(member)]
        return [value, *inner] if "pal_name" in value or "persona_name" in value else inner
    return [one for item in value for one in _objects(item)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    ("body", "ignore", "field"),
    [(CONTEXT, "/system_prompt", "context"), (CONTEXT, "/context", "context"), (INLINE, "/tools", "layers")],
)
def test_what_is_ignored_stops_the_whole_change(
    project: Path, call: Call, body: str, ignore: str, field: str
) -> None:
    path = write(project, HEAD + body)
    assert call("apply", "--auto-approve").code == 0
    before = live(project)
    path.write_text(HEAD + f"lifecycle: {{ignore: [{ignore}]}}\n" + body)
    ended = call("apply", "--migrate", "--auto-approve")
    assert ended.code == 0 and "not migrated" in ended.out + ended.err and ignore in ended.out + ended.err
    assert live(project)[field] == before[field]
    assert live(project)["system_prompt"] == before["system_prompt"]
    assert "find_room" not in call("state", "list").out


def test_an_overlay_stops_it_in_its_workspace(project: Path, call: Call) -> None:
    write(project, HEAD + CONTEXT, HEAD + "spec: {system_prompt: Other.}\n")
    assert call("apply", "--auto-approve").code == 0
    ended = call("apply", "--migrate", "--auto-approve")
    assert "over/legacy.yaml:4:" in ended.out + ended.err
    found = live(project)
    assert (found["system_prompt"], found["context"]) == ("Other.", "Be kind.")


@pytest.mark.parametrize(
    "flags", [["--target", "persona.desk"], ["--exclude", "persona.legacy"], ["--selector", "a=b"]]
)
def test_what_is_out_of_scope_makes_no_tool(project: Path, call: Call, flags: list[str]) -> None:
    write(project, HEAD + INLINE)
    desk = project / "manifests" / "desk.yaml"
    assert call("apply", "--auto-approve").code == 0
    text = desk.read_text()
    if "--selector" in flags and "labels" not in text:
        desk.write_text(text.replace("metadata: {name: desk}", "metadata: {name: desk, labels: {a: b}}"))
    ended = call("plan", "--migrate", "--format", "json", *flags)
    assert ended.code == 0, ended
    assert [row["address"] for row in json.loads(ended.out)["resource_changes"]] == []


@pytest.mark.parametrize(
    "layers",
    [
        "{vqa: {enable_vision: false}}",
        "{llm: {model: tavus-gpt-oss}, vqa: {enable_vision: false}}",
        "{llm: {model: tavus-gpt-oss}, guardrails: {a: 1}}",
        "{llm: {model: tavus-gpt-oss}, tts: {playht_user_id: x}}",
        f"{{llm: {{tools: [{TOOL}]}}}}",
    ],
)
@pytest.mark.parametrize("way", ["files", "live"])
def test_what_is_emptied_goes_whole(project: Path, call: Call, layers: str, way: str) -> None:
    write(project, HEAD + BODY + f"  layers: {layers}\n")
    assert call("apply", "--auto-approve").code == 0
    if way == "files":
        assert call("migrate", "--write").code == 0
        ended = call("apply", "--auto-approve", "--format", "json")
    else:
        ended = call("apply", "--migrate", "--auto-approve", "--format", "json")
    assert ended.code == 0, ended
    found = live(project).get("layers") or {}
    assert all(layer for layer in found.values()), "no layer stays behind empty"
    assert not {"vqa", "guardrails"} & set(found)
    again = call("plan", "--migrate", "--detailed-exitcode")
    assert again.code == 0, again


def test_files_then_apply_is_apply_migrate(project: Path, call: Call) -> None:
    write(project, HEAD + INLINE + "  context: Be kind.\n")
    assert call("apply", "--auto-approve").code == 0
    assert call("apply", "--migrate", "--auto-approve").code == 0
    one = live(project)
    assert call("migrate", "--write").code == 0
    assert call("plan", "--detailed-exitcode").code == 0
    assert call("apply", "--auto-approve").code == 0
    assert live(project) == one
    assert one["system_prompt"] == "You help.\n\nBe kind."


def test_sixty_personas_in_one_file(project: Path, call: Call) -> None:
    texts = [
        (HEAD + INLINE).replace("legacy", f"p{n}").replace("Legacy", f"P{n}").replace("find_room", f"tool_{n % 20}")
        for n in range(60)
    ]
    write(project, "---\n".join(texts))
    found = json.loads(call("plan", "--migrate", "--format", "json").out)
    made = {row["address"] for row in found["resource_changes"] if row["address"].startswith("tool.")}
    used = {f"tool.{name['$ref'].partition('.')[2]}" if isinstance(name, dict) else name for name in _attached(found)}
    assert len(made) == 20 and used == made
    assert call("migrate", "--check").code == 2
    assert call("migrate", "--write").code == 0
    assert call("migrate", "--check").code == 0
    assert "type: function" not in (project / "manifests" / "legacy.yaml").read_text()


def _attached(found: dict[str, Any]) -> list[Any]:
    return [item for row in found["requests"] if row["purpose"] == "attach" for item in row["body"]["tool_ids"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("  layers: {tts: {tts_engine: playht}}\n", 2),
        ("  layers: {llm: {model: tavus-gpt-4o}}\n", 0),
        ("  layers: {vqa: {enable_vision: true}}\n", 2),
    ],
)
def test_check_counts_open_questions_about_what_no_longer_works(
    project: Path, call: Call, body: str, code: int
) -> None:
    write(project, HEAD + BODY + body)
    assert call("migrate", "--check", "manifests/legacy.yaml").code == code


REGISTRY = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: find_room}
spec: {name: find_room, description: %s, parameters: {type: object, properties: {}}, on_call: silent}
"""
PARTS = {
    "paths": (["manifests/legacy.yaml"], "outside of the paths"),
    "exclude": (["--exclude", "tool.find_room"], "is excluded"),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("known", [True, False])
def test_what_it_rests_on_is_written_by_the_same_run_or_is_there(
    project: Path, call: Call, part: str, known: bool
) -> None:
    """The tool's manifest says what the inline tool says, and the account something else, or nothing."""
    flags, reason = PARTS[part]
    tool = project / "manifests" / "tool.yaml"
    write(project, HEAD + INLINE)
    if known or part == "exclude":
        tool.write_text(REGISTRY % "Found.")
    assert call("apply", "--auto-approve").code == 0
    before = live(project)
    tool.write_text(REGISTRY % "Finds.")
    ended = call("apply", "--migrate", "--auto-approve", *flags)
    assert ended.code == 0 and reason in ended.out + ended.err
    assert live(project) == before


OTHER = (REGISTRY % "Rings.").replace("find_room", "ring")
BESIDE = {
    "nothing": OTHER,
    "the same": OTHER + "---\n" + REGISTRY % "Finds.",
    "another": OTHER + "---\n" + REGISTRY % "Found.",
}


@pytest.mark.parametrize("before", BESIDE)
@pytest.mark.parametrize("now", BESIDE)
@pytest.mark.parametrize("named", [["manifests/legacy.yaml"], ["manifests/legacy.yaml", "manifests/tool.yaml"]])
def test_files_then_apply_is_apply_migrate_of_a_part(
    project: Path, call: Call, tmp_path_factory: pytest.TempPathFactory, before: str, now: str, named: list[str]
) -> None:
    """Whatever another file says of the tool, and whether that is applied or not (A1, A5)."""
    path, tool = write(project, HEAD + INLINE), project / "manifests" / "tool.yaml"
    tool.write_text(BESIDE[before])
    assert call("apply", "--auto-approve").code == 0
    tool.write_text(BESIDE[now])
    twin = tmp_path_factory.mktemp("twin") / "p"
    shutil.copytree(project, twin)
    flags = ["--auto-approve", "--allow-deletes"]
    assert call("apply", *named, "--migrate", *flags).code == 0
    assert call("-C", str(twin), "migrate", *named, "--write").code == 0
    assert call("-C", str(twin), "apply", *named, *flags).code == 0
    one, other = live(project), live(twin)
    assert len(one.pop("tool_ids", [])) == len(other.pop("tool_ids", []))
    del one["updated_at"], other["updated_at"]
    assert one == other
    assert names(call, twin) == names(call, project)
    held = "find_room" in json.dumps(live(project)["layers"])
    assert held == ((len(named) == 1 and now != "nothing") or now == "another"), path.read_text()


def names(call: Call, project: Path) -> list[str]:
    return sorted(line.split()[0] for line in call("-C", str(project), "state", "list").out.splitlines())


def test_a_target_takes_it_along(project: Path, call: Call) -> None:
    write(project, HEAD + INLINE)
    tool = project / "manifests" / "tool.yaml"
    tool.write_text(REGISTRY % "Found.")
    assert call("apply", "--auto-approve").code == 0
    tool.write_text(REGISTRY % "Finds.")
    found = json.loads(call("plan", "--migrate", "--format", "json", "--target", "persona.legacy").out)
    assert {row["address"] for row in found["resource_changes"]} == {"persona.legacy", "tool.find_room"}
