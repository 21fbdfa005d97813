"""`export --target`: agents out of manifests or of the account, without touching what a person changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.dashboard import dashboard

TOOL = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: lookup}
spec: {name: lookup, description: Looks up., parameters: {type: object, properties: {}}}
"""


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def with_tool(project: Path) -> None:
    desk = project / "manifests" / "desk.yaml"
    desk.write_text(desk.read_text() + "  tools: [lookup]\n")
    (project / "manifests" / "lookup.yaml").write_text(TOOL)


def test_a_persona_becomes_a_folder_with_its_agent(project: Path, call: Callable) -> None:
    done = call("export", "--target", "livekit", "out")
    assert done.code == 0, done
    assert list(files(project / "out")) == [
        "desk/.env.example", "desk/NOT_CARRIED.md", "desk/desk_agent.json", "desk/desk_agent.py",
        "desk/desk_tools.py", "desk/requirements.txt",
    ]  # fmt: skip
    settings = json.loads((project / "out/desk/desk_agent.json").read_text())
    assert settings["instructions"] == "You welcome visitors."
    assert settings["greeting"] == "Hello."
    assert settings["llm"] == {"service": "inference", "arguments": {"model": "openai/gpt-oss-120b"}}
    assert settings["avatar"]["face_id"] == "r90bbd427f71"
    assert "Exported 1 persona for livekit to out: wrote 6 files." in done.out


def test_the_folder_may_be_left_out(project: Path, call: Callable) -> None:
    assert call("export", "--target", "livekit").code == 0
    assert (project / "livekit-agents" / "desk" / "desk_agent.py").is_file()
    assert call("validate").code == 0, "generated files are no manifests"


def test_twice_is_once(project: Path, call: Callable) -> None:
    call("export", "--target", "livekit", "out")
    before = files(project / "out")
    times = {path: (project / "out" / path).stat().st_mtime_ns for path in before}
    done = call("export", "--target", "livekit", "out")
    assert "every file is up to date" in done.out
    assert files(project / "out") == before
    assert {path: (project / "out" / path).stat().st_mtime_ns for path in before} == times


def test_a_changed_persona_changes_what_nobody_touched(project: Path, call: Callable) -> None:
    with_tool(project)
    call("export", "--target", "livekit", "out")
    tools = project / "out/desk/desk_tools.py"
    tools.write_text(tools.read_text() + "# mine\n")
    desk = project / "manifests" / "desk.yaml"
    desk.write_text(desk.read_text().replace("welcome visitors", "greet people"))
    done = call("export", "--target", "livekit", "out")
    assert "wrote out/desk/desk_agent.json" in done.out
    assert json.loads((project / "out/desk/desk_agent.json").read_text())["instructions"] == "You greet people."
    assert tools.read_text().endswith("# mine\n")


def test_a_file_that_a_person_changed_is_kept_until_forced(project: Path, call: Callable) -> None:
    call("export", "--target", "livekit", "out")
    module = project / "out/desk/desk_agent.py"
    module.write_text(module.read_text() + "# mine\n")
    settings = project / "out/desk/desk_agent.json"
    settings.unlink()
    done = call("export", "--target", "livekit", "out")
    assert done.code == 1
    assert "out/desk/desk_agent.py" in done.err
    assert "--force" in done.err
    assert not settings.exists(), "all or nothing"
    assert call("export", "--target", "livekit", "out", "--force").code == 0
    assert not module.read_text().endswith("# mine\n")
    assert settings.exists()


def test_a_tool_that_came_later_is_asked_for_and_works_meanwhile(project: Path, call: Callable) -> None:
    call("export", "--target", "livekit", "out")
    with_tool(project)
    before = (project / "out/desk/desk_tools.py").read_bytes()
    done = call("export", "--target", "livekit", "out")
    assert "desk/desk_tools.py has no handler for lookup yet" in done.out
    assert (project / "out/desk/desk_tools.py").read_bytes() == before
    assert json.loads((project / "out/desk/desk_agent.json").read_text())["tools"][0]["name"] == "lookup"


def test_json_says_what_was_not_carried(project: Path, call: Callable) -> None:
    desk = project / "manifests" / "desk.yaml"
    desk.write_text(desk.read_text() + "  memories: [likes tea]\n")
    told = json.loads(call("export", "--target", "livekit", "out", "--format", "json").out)
    assert told["not_carried"] == [
        {
            "address": "persona.desk", "path": "/memories",
            "reason": "Tavus adds memories to its own language model only",
            "instead": "ChatContext given to the Agent", "value": ["likes tea"],
        }
    ]  # fmt: skip
    assert told["personas"][0]["model"] == "openai/gpt-oss-120b"
    assert told["personas"][0]["environment"][:2] == ["LIVEKIT_URL", "LIVEKIT_API_KEY"]
    assert json.loads((project / "out/desk/desk_agent.json").read_text())["not_carried"][0]["path"] == "/memories"


def test_names_choose_and_a_name_that_nobody_bears_is_an_error(project: Path, call: Callable) -> None:
    other = (
        (project / "manifests" / "desk.yaml").read_text().replace("desk", "Back", 1).replace("Desk", "Back Office")
    )
    (project / "manifests" / "back.yaml").write_text(other)
    assert call("export", "--target", "livekit", "out", "--name", "back*").code == 0
    assert {path.name for path in (project / "out").iterdir()} == {"back"}
    assert call("export", "--target", "livekit", "two", "--name", "Back Office").code == 0
    done = call("export", "--target", "livekit", "three", "--name", "nobody")
    assert done.code == 64
    assert "known: Back, desk" in done.err
    assert not (project / "three").exists()


def test_the_account_is_read_where_a_workspace_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable
) -> None:
    monkeypatch.chdir(tmp_path)
    with dashboard(tmp_path) as client:
        tool = client.post("/tools", json={"name": "lookup", "description": "Looks up."}).json()["tool_id"]
        made = client.post(
            "/personas",
            json={
                "persona_name": "Claims Desk", "system_prompt": "You help.", "default_replica_id": "r90bbd427f71",
                "layers": {"llm": {"model": "m", "base_url": "https://x.example/v1", "api_key": "sk-hush-1"}},
            },
        ).json()["persona_id"]  # fmt: skip
        client.post(f"/personas/{made}/tools", json={"tool_ids": [tool]})
    done = call("-w", "sandbox", "export", "--target", "livekit", "out")
    assert done.code == 0, done
    settings = json.loads((tmp_path / "out/claims_desk/claims_desk_agent.json").read_text())
    assert settings["avatar"] == {"pal_id": made, "face_id": "r90bbd427f71"}
    assert settings["llm"]["arguments"]["api_key"] == {"$env": "PERSONA_CLAIMS_DESK_LLM_API_KEY"}
    assert [one["name"] for one in settings["tools"]] == ["lookup"]
    assert "hush" not in "".join(data.decode() for data in files(tmp_path / "out").values())


def test_what_was_applied_has_its_id(project: Path, call: Callable) -> None:
    assert call("apply", "--auto-approve").code == 0
    assert call("export", "--target", "livekit", "out").code == 0
    settings = json.loads((project / "out/desk/desk_agent.json").read_text())
    assert settings["avatar"]["pal_id"].startswith("p")
    assert "TAVUS_PAL_ID" not in settings["environment"]
    live = call("-w", "sandbox", "export", "--target", "livekit", "live")
    assert live.code == 0
    assert (project / "live/desk/desk_agent.py").read_bytes() == (project / "out/desk/desk_agent.py").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export",), "name the FOLDER"),
        (("export", "out", "--force"), "go with --target"),
        (("export", "out", "--from", "account"), "go with --target"),
        (("export", "--target", "livekti"), "did you mean 'livekit'"),
        (("export", "--target", "livekit", "--kind", "tool"), "--name"),
    ],
)
def test_wrong_usage(project: Path, call: Callable, words: tuple[str, ...], said: str) -> None:
    done = call(*words)
    assert done.code == 64
    assert said in done.err
    assert sorted(path.name for path in project.iterdir()) == ["manifests"]
