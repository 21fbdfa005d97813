"""`reconciler export`: the account becomes files, and files that are there stay as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.dashboard import dashboard

PROMPT = "You help with claims. " * 20 + "Always."


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty but for the world of a sandbox."""
    monkeypatch.chdir(tmp_path)
    with dashboard(tmp_path) as client:
        tool = client.post("/tools", json={"name": "lookup", "description": "Looks up."}).json()["tool_id"]
        for name in ("Claims Desk", "Claims Desk", "Front"):
            made = client.post(
                "/personas",
                json={
                    "persona_name": name, "system_prompt": PROMPT if name != "Front" else "Short.",
                    "default_replica_id": "r90bbd427f71",
                    "layers": {"llm": {"model": "m", "base_url": "https://x.example/v1", "api_key": "sk-hush-1"}},
                },
            )  # fmt: skip
            client.post(f"/personas/{made.json()['persona_id']}/tools", json={"tool_ids": [tool]})
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_empty_folder_becomes_a_project_whose_plan_is_nothing_but_imports(account: Path, call: Callable) -> None:
    done = call("export", "out")
    assert done.code == 0, done
    assert list(files(account / "out")) == [
        "personas/Front.yaml", "personas/claims-desk-2.md", "personas/claims-desk.md", "reconciler.yaml",
        "tools/lookup.yaml",
    ]  # fmt: skip
    assert "PERSONA_CLAIMS_DESK_LLM_API_KEY" in done.out
    assert "Exported 4 manifests to out." in done.out
    assert not any(b"hush" in data or b"****" in data for data in files(account / "out").values())
    assert b"tools: [lookup]" in files(account / "out")["personas/Front.yaml"]
    planned = call("plan", "out")
    assert "Plan: 4 to import, 0 to add, 0 to change, 0 to destroy." in planned.out
    applied = call("apply", "out", "--auto-approve")
    assert "Resources: 4 imported, 0 added, 0 changed, 0 destroyed." in applied.out
    assert call("plan", "out", "--detailed-exitcode").code == 0


def test_a_second_export_adds_nothing_and_touches_nothing(account: Path, call: Callable) -> None:
    assert call("export", "manifests").code == 0
    before = files(account / "manifests")
    times = {path: (account / "manifests" / path).stat().st_mtime_ns for path in before}
    done = call("export", "manifests")
    assert "Exported 0 manifests to manifests; 4 had a manifest already." in done.out
    assert files(account / "manifests") == before
    assert {path: (account / "manifests" / path).stat().st_mtime_ns for path in before} == times
    (account / "manifests" / "personas" / "Front.yaml").unlink()
    again = call("export", "manifests")
    assert "personas/Front.yaml" in again.out
    assert files(account / "manifests") == before


def test_what_an_existing_project_has_is_not_written_again(account: Path, call: Callable) -> None:
    folder = account / "manifests" / "mine"
    folder.mkdir(parents=True)
    mine = "# ours\napiVersion: personas/v1\nkind: PAL\nmetadata: {name: reception}\nspec: {pal_name: Front}\n"
    (folder / "front.yaml").write_text(mine)
    done = call("export", "manifests", "--format", "json")
    told = json.loads(done.out)
    assert told["claimed"] == 1
    assert [one["address"] for one in told["files"]] == [
        "tool.lookup",
        "persona.claims-desk",
        "persona.claims-desk-2",
    ]
    assert (folder / "front.yaml").read_text() == mine
    assert "reconciler.yaml" not in files(account / "manifests")
    assert "Plan: 4 to import, 0 to add, 0 to change, 0 to destroy." in call("plan").out


def test_a_file_in_the_way_is_never_overwritten(account: Path, call: Callable) -> None:
    (account / "out" / "personas").mkdir(parents=True)
    (account / "out" / "personas" / "FRONT.txt").write_text("mine")
    assert call("export", "out").code == 0
    assert (account / "out" / "personas" / "FRONT.txt").read_text() == "mine"
    assert (account / "out" / "personas" / "Front-2.yaml").is_file()


def test_ids_are_a_map_where_the_project_has_several_workspaces(account: Path, call: Callable) -> None:
    (account / "manifests").mkdir()
    project = (
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\ndefault_workspace: sandbox\n"
        "workspaces:\n  sandbox: {provider: {type: simulator}}\n  other: {provider: {type: simulator}}\n"
    )
    (account / "manifests" / "reconciler.yaml").write_text(project)
    assert call("export", "manifests").code == 0
    assert (account / "manifests" / "reconciler.yaml").read_text() == project
    assert "  id:\n    sandbox: p" in (account / "manifests" / "personas" / "Front.yaml").read_text()
    planned = call("plan")
    assert "4 to import, 0 to add, 0 to change" in planned.out, planned
    assert "taken for every workspace" not in planned.out + planned.err


@pytest.mark.parametrize(
    ("flags", "written"),
    [
        (("--kind", "tool"), ["tools/lookup.yaml"]),
        (("--kind", "Tool", "--kind", "persona", "--name", "fro*"), ["personas/Front.yaml"]),
        (("--name", "CLAIMS D*"), ["personas/claims-desk-2.md", "personas/claims-desk.md"]),
        (("--name", "claims-desk"), ["personas/claims-desk-2.md", "personas/claims-desk.md"]),
        (("--field", "persona_name=Front"), ["personas/Front.yaml"]),
        (("--field", "/layers/llm/model=m", "--name", "Front"), ["personas/Front.yaml"]),
    ],
)
def test_only_what_was_asked_for(account: Path, call: Callable, flags: tuple[str, ...], written: list[str]) -> None:
    done = call("export", "out", *flags)
    assert done.code == 0, done
    found = files(account / "out") if (account / "out").is_dir() else {}
    assert [path for path in found if path != "reconciler.yaml"] == written
    if written and "tools" not in written[0]:
        # The tool has no manifest, so it goes by its id; the plan is about the chosen ones alone.
        assert "0 to add, 0 to change, 0 to destroy" in call("plan", "out").out


def test_manifests_with_errors_stop_it(account: Path, call: Callable) -> None:
    (account / "manifests").mkdir()
    (account / "manifests" / "bad.yaml").write_text("apiVersion: personas/v1\nkind: Persona\nspec: [\n")
    done = call("export", "manifests")
    assert done.code == 1
    assert "nothing was exported" in done.err
    assert list(files(account / "manifests")) == ["bad.yaml"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export",), "FOLDER"),
        (("export", "out", "--kind", "persone"), "did you mean 'persona'"),
        (("export", "out", "--field", "x"), "KEY=VALUE"),
        (("export", "out", "--field", "a=1", "--field", "a=2"), "no object has both"),
        (("export", "out", "--selector", "team=claims"), "--field team=claims"),
    ],
)
def test_wrong_words(account: Path, call: Callable, words: tuple[str, ...], said: str) -> None:
    done = call(*words)
    assert done.code == 64
    assert said in done.err


def test_a_folder_that_cannot_be_written(account: Path, call: Callable) -> None:
    (account / "out").mkdir()
    (account / "out" / "tools").write_text("a file")
    done = call("export", "out")
    assert done.code == 1
    assert "cannot write" in done.err
    assert "Traceback" not in done.err


def test_a_folder_outside_of_the_project_is_a_project_of_its_own(account: Path, call: Callable) -> None:
    assert call("export", "manifests").code == 0
    assert call("export", "elsewhere").code == 0
    assert (account / "elsewhere" / "reconciler.yaml").is_file()
    assert len(files(account / "elsewhere")) == 5


def test_the_new_project_speaks_to_the_account_that_it_came_from(
    account: Path, call: Callable, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("elsewhere")
    assert call("export", str(other / "out")).code == 0
    for words in (("-C", str(other / "out")), ("-C", str(other), "--project", "out/reconciler.yaml")):
        planned = call(*words, "plan")
        assert "Plan: 4 to import, 0 to add, 0 to change, 0 to destroy." in planned.out, planned


def test_it_sends_nothing_but_get(account: Path, call: Callable) -> None:
    before = (account / ".reconciler" / "sandbox" / "world.json").read_bytes()
    assert call("export", "out").code == 0
    assert (account / ".reconciler" / "sandbox" / "world.json").read_bytes() == before


TOOL = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: lookup}
spec: {name: lookup, description: Looks up., parameters: {type: object, properties: {}}}
"""


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


def test_the_same_agent_for_node_lies_beside_it(project: Path, call: Callable) -> None:
    call("export", "--target", "livekit", "out")
    before = files(project / "out")
    done = call("export", "--target", "livekit", "out", "--language", "node")
    assert done.code == 0, done
    after = files(project / "out")
    assert {path: after[path] for path in before} == before
    assert {path.split("/")[0] for path in set(after) - set(before)} == {"desk-node"}
    settings = json.loads((project / "out/desk-node/settings.json").read_text())
    assert settings["instructions"] == "You welcome visitors."
    assert settings["llm"] == {"service": "inference", "arguments": {"model": "openai/gpt-oss-120b"}}
    unknown = call("export", "--target", "livekit", "out", "--language", "cobol")
    assert (unknown.code, "known: python, node" in unknown.err) == (64, True)


def test_drift_of_a_target_says_which_files_are_those_of_the_manifests(project: Path, call: Callable) -> None:
    nothing = call("drift", "--target", "livekit", "--agents", "out")
    assert (nothing.code, "nothing to compare with" in nothing.err) == (1, True)
    call("export", "--target", "livekit", "out")
    done = call("drift", "--target", "livekit", "--agents", "out")
    assert (done.code, done.out.strip()) == (0, "1 agent of livekit in out: as the manifests say.")
    desk = project / "manifests" / "desk.yaml"
    desk.write_text(desk.read_text().replace("welcome visitors", "greet people"))
    example = project / "out/desk/.env.example"
    example.write_text(example.read_text() + "TAVUS_API_KEY=a-key-of-somebody\n")
    done = call("drift", "--target", "livekit", "--agents", "out")
    assert done.code == 2
    assert "out/desk/desk_agent.json: outdated" in done.out
    assert "You greet people." in done.out
    assert "out/desk/.env.example: edited" in done.out
    assert "a-key-of-somebody" not in done.out
    told = json.loads(call("drift", "--target", "livekit", "--agents", "out", "--format", "json").out)
    assert {row["path"]: row["status"] for row in told["files"]} == {
        "out/desk/desk_agent.json": "outdated", "out/desk/.env.example": "edited",
    }  # fmt: skip
    assert told["agents"] == [{"address": "persona.desk", "language": "python"}]


@pytest.mark.parametrize(
    "words",
    [
        ("--target", "livekit", "manifests"), ("--target", "livekit", "--accept", "*"),
        ("--target", "livekit", "--target", "persona.desk"), ("--target", "livekit", "--exclude", "persona.desk"),
        ("--agents", "out"), ("--language", "node"), ("--target", "livekit", "--language", "cobol"),
    ],
)  # fmt: skip
def test_words_that_do_not_go_with_drift_of_a_target_are_wrong_usage(
    project: Path, call: Callable, words: tuple[str, ...]
) -> None:
    assert call("drift", *words).code == 64


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


def test_an_account_with_a_past_is_green_once_it_is_exported(tmp_path: Path, monkeypatch, call: Callable) -> None:
    monkeypatch.chdir(tmp_path)
    old = {"model": "tavus-llama-4", "tools": [{"type": "function", "function": {"name": "see", "parameters": {}}}]}
    with dashboard(tmp_path) as client:
        for name in ("One", "Two"):
            body = {"persona_name": name, "system_prompt": "Hi.", "context": "Late.", "layers": {"llm": old}}
            assert client.post("/personas", json=body).status_code == 200
    done = call("export", "manifests")
    assert done.code == 0
    assert "manifests/.baseline.yaml accepts" in done.out
    text = (tmp_path / "manifests" / "personas" / "One.yaml").read_text()
    assert "kind: PAL" in text and "sandbox: p" in text
    assert call("validate", "--strict").code == 0
    checked = call("migrate", "--check")
    assert checked.code == 0
    assert "nothing is new" in checked.err
    assert checked.out == "No changes beyond what the baseline accepts; `reconciler migrate` shows that.\n"
    assert json.loads(call("migrate", "--check", "--format", "json").out)["summary"].startswith("Migrate: ")
    assert "Plan: 2 to import, 0 to add, 0 to change, 0 to destroy." in call("plan").out
    (tmp_path / "manifests" / "personas" / "Two.yaml").write_text(
        text.replace("One", "Three").replace("id:", "labels:")
    )
    assert call("migrate", "--check").code == 2


def test_errors_that_the_account_has_are_accepted_until_they_would_be_written(
    tmp_path: Path, monkeypatch, call: Callable
) -> None:
    monkeypatch.chdir(tmp_path)
    with dashboard(tmp_path) as client:
        assert client.post("/personas", json={"persona_name": "One", "system_prompt": "Hi."}).status_code == 200
    world = tmp_path / ".reconciler" / "sandbox" / "world.json"
    account = json.loads(world.read_text())
    for body in account["objects"]["pals"].values():
        body["layers"] = {"llm": {"model": "tavus-gpt-oss"}, "stt": {"stt_engine": "tavus-gone"}}
    world.write_text(json.dumps(account))
    assert call("export", "manifests").code == 0
    assert call("validate").code == 0
    assert call("plan", "--detailed-exitcode").code != 1
    one = tmp_path / "manifests" / "personas" / "One.yaml"
    one.write_text(one.read_text().replace("Hi.", "Good day."))
    refused = call("plan")
    assert refused.code == 1
    assert "stt_engine" in refused.err
    one.write_text(one.read_text().replace("id:", "labels:"))
    assert call("validate", "--write-baseline").code == 1, "a new object is not what the account has"
