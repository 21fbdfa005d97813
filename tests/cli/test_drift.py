"""drift --accept: the live value lands in the file that speaks of it, and nothing else of that file moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.dashboard import dashboard, edit_persona, id_of, replaced

DESK = """\
# Reviewed by the claims team.
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}
spec:
  persona_name: Desk   # as on the website
  system_prompt: {file: prompts/desk.md}
  default_replica_id: r90bbd427f71
  greeting: 'Hello.'  # short
  document_tags: [b, a]  # order means nothing
  tools:
    - lookup  # the registry's
    - {ref: tool.other}
  layers:
    llm:
      # pinned on purpose
      model: tavus-gpt-oss
      base_url: https://llm.example.com/v1
      api_key: {env: DESK_KEY}
      extra_body: {temperature: 0.5, top_p: 0.9}
    conversational_flow: {replica_interruptibility: low}
"""
TOOLS = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: lookup}
spec:
  name: lookup
  description: Looks up.
  parameters:
    type: object
    properties:
      id: {type: string}  # theirs
---
apiVersion: personas/v1
kind: Tool
metadata: {name: other}
spec: {name: other, description: Other.}
---
apiVersion: personas/v1
kind: Tool
metadata: {name: third}
spec: {name: third, description: Third.}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable) -> Path:
    """An applied project in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DESK_KEY", "sk-desk-key-0001")
    (tmp_path / "manifests" / "prompts").mkdir(parents=True)
    (tmp_path / "manifests" / "desk.yaml").write_text(DESK)
    (tmp_path / "manifests" / "tools.yaml").write_text(TOOLS)
    (tmp_path / "manifests" / "prompts" / "desk.md").write_text("You welcome visitors.\n")
    done = call("apply", "--auto-approve")
    assert done.code == 0, done
    return tmp_path


KEY = (
    replaced("/layers/llm/base_url", "https://llm.example.com/v1"),
    replaced("/layers/llm/api_key", "sk-desk-key-0001"),
)
"""What must travel with any write under `layers.llm`."""


def text(root: Path, name: str = "desk.yaml") -> str:
    return (root / "manifests" / name).read_text()


def settled(call: Callable) -> None:
    """Nothing drifts and the next apply only records."""
    assert call("drift").code == 0
    done = call("apply", "--auto-approve")
    assert done.code == 0, done
    assert "0 added, 0 changed, 0 destroyed" in done.out or "No changes" in done.out
    assert call("plan", "--detailed-exitcode").code == 0


def test_one_value_is_written_where_it_stands_and_the_diff_is_shown(root, call):
    edit_persona(
        root, "Desk", replaced("/greeting", "Good day: # all"), *KEY, replaced("/layers/llm/model", "gpt-4o")
    )
    done = call("drift", "--accept", "persona.desk/greeting")
    assert done.code == 0, done
    assert text(root) == DESK.replace("'Hello.'", '"Good day: # all"')
    assert "-  greeting: 'Hello.'  # short" in done.out
    assert "1 more drifted" in done.out
    assert call("drift").code == 2


def test_all_that_drifted_of_one_address(root, call):
    edit_persona(
        root, "Desk", replaced("/greeting", "Hi."), *KEY, replaced("/layers/llm/extra_body/temperature", 0.7),
        replaced("/document_tags", ["a", "c"]), replaced("/layers/conversational_flow/pal_interruptibility", "high"),
    )  # fmt: skip
    done = call("drift", "--accept", "persona.desk")
    assert done.code == 0, done
    expected = DESK.replace("'Hello.'", "Hi.").replace("temperature: 0.5", "temperature: 0.7")
    expected = expected.replace("[b, a]", "[a, c]").replace("interruptibility: low", "interruptibility: high")
    assert text(root) == expected
    settled(call)


def test_a_prompt_from_a_file_is_written_to_that_file(root, call):
    edit_persona(root, "Desk", replaced("/system_prompt", "You welcome everybody.\n\nAlways."))
    done = call("drift", "--accept", "persona.desk/system_prompt")
    assert done.code == 0, done
    assert text(root) == DESK
    assert text(root, "prompts/desk.md") == "You welcome everybody.\n\nAlways.\n"
    assert "+You welcome everybody." in done.out
    settled(call)


def test_a_file_that_two_manifests_include_is_left_alone(root, call):
    (root / "manifests" / "twin.yaml").write_text(
        DESK.replace("name: desk", "name: twin").replace("persona_name: Desk", "persona_name: Twin")
    )
    assert call("apply", "--auto-approve").code == 0
    edit_persona(root, "Desk", replaced("/system_prompt", "Only here."))
    done = call("drift", "--accept", "persona.desk")
    assert done.code == 1
    assert "included 2 times" in done.err
    assert text(root, "prompts/desk.md") == "You welcome visitors.\n"


def test_line_ends_that_a_file_would_lose_are_refused(root, call):
    edit_persona(root, "Desk", replaced("/system_prompt", "a\r\nb"))
    done = call("drift", "--accept", "persona.desk")
    assert done.code == 1
    assert "line ends" in done.err
    assert text(root, "prompts/desk.md") == "You welcome visitors.\n"


def test_attached_tools_keep_how_they_were_written(root, call):
    with dashboard(root) as client:
        desk = id_of(client, "Desk")
        tools = {row["name"]: row["tool_id"] for row in client.get("/tools?limit=100").json()["data"]}
        assert client.post(f"/pals/{desk}/tools", json={"tool_ids": [tools["third"]]}).status_code == 200
        assert client.delete(f"/pals/{desk}/tools/{tools['other']}").status_code == 204
    done = call("drift", "--accept", "persona.desk/tools")
    assert done.code == 0, done
    assert text(root) == DESK.replace("    - {ref: tool.other}\n", "    - {ref: tool.third}\n")
    settled(call)


def test_a_value_that_is_gone_leaves_the_manifest(root, call):
    edit_persona(root, "Desk", {"op": "remove", "path": "/greeting"})
    done = call("drift", "--accept", "persona.desk")
    assert done.code == 0, done
    assert "greeting" not in text(root)
    assert "# short" in text(root)
    settled(call)


def test_an_object_that_is_replaced_whole_is_changed_member_by_member(root, call):
    with dashboard(root) as client:
        tool = next(row for row in client.get("/tools?limit=100").json()["data"] if row["name"] == "lookup")
        parameters = {
            "type": "object", "properties": {"id": {"type": "string"}, "day": {"type": "string"}}, "required": ["id"],
        }  # fmt: skip
        assert client.patch(f"/tools/{tool['tool_id']}", json={"parameters": parameters}).status_code == 200
    done = call("drift", "--accept", "tool.lookup")
    assert done.code == 0, done
    assert "id: {type: string}  # theirs" in text(root, "tools.yaml")
    assert "day:" in text(root, "tools.yaml")
    settled(call)


def test_markdown_takes_the_prompt_below_its_front_matter(root, call):
    (root / "manifests" / "guide.md").write_text(
        "---\nkind: Persona\npal_name: Guide\ndefault_face_id: r90bbd427f71\n---\n\n# Guide\n\nYou guide.\n"
    )
    assert call("apply", "--auto-approve").code == 0
    edit_persona(root, "Guide", replaced("/system_prompt", "# Guide\n\nYou lead."))
    done = call("drift", "--accept", "persona.guide/system_prompt")
    assert done.code == 0, done
    assert text(root, "guide.md").endswith("---\n\n# Guide\n\nYou lead.\n")
    settled(call)


def test_an_object_that_is_gone_has_no_value(root, call):
    with dashboard(root) as client:
        client.delete(f"/pals/{id_of(client, 'Desk')}")
    done = call("drift", "--accept", "persona.desk")
    assert done.code == 1
    assert "was deleted in the account" in done.err


@pytest.mark.parametrize(
    ("word", "code", "said"),
    [
        ("persona.nobody", 1, "neither in the manifests"),
        ("persona.desk/typo", 1, "names nothing that is managed"),
        ("desk", 64, "not an address"),
        ("persona.desk/", 64, "not a JSON pointer"),
        ("persona.desk/a~2", 64, "not a JSON pointer"),
        ("persona.desk/greeting", 0, "Nothing there has drifted"),
    ],
)
def test_words_that_name_nothing(root, call, word, code, said):
    done = call("drift", "--accept", word)
    assert done.code == code, done
    assert said in done.out + done.err
    assert text(root) == DESK


def test_an_anchor_that_is_used_elsewhere_is_refused_and_nothing_is_written(root, call):
    shared = DESK.replace("greeting: 'Hello.'", "greeting: &hello 'Hello.'").replace(
        "      extra_body: {", "      extra_body: {note: *hello, "
    )
    (root / "manifests" / "desk.yaml").write_text(shared)
    assert call("apply", "--auto-approve").code == 0
    edit_persona(root, "Desk", replaced("/greeting", "Hi."))
    done = call("drift", "--accept", "persona.desk/greeting")
    assert done.code == 1, done
    assert "cannot be accepted" in done.err
    assert text(root) == shared


def test_an_overlay_that_decides_a_field_takes_the_value(root, call):
    (root / "manifests" / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n"
        "workspaces:\n  sandbox: {provider: {type: simulator}, overlays: [overlays/s]}\n"
    )
    (root / "manifests" / "overlays" / "s").mkdir(parents=True)
    overlay = root / "manifests" / "overlays" / "s" / "desk.yaml"
    overlay.write_text(
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: desk}\nspec:\n  greeting: Overlaid. # here\n"
    )
    assert call("apply", "--auto-approve").code == 0
    edit_persona(root, "Desk", replaced("/greeting", "Hi."), *KEY, replaced("/layers/llm/model", "gpt-4o"))
    done = call("drift", "--accept", "persona.desk")
    assert done.code == 0, done
    assert "greeting: Hi. # here" in overlay.read_text()
    assert text(root) == DESK.replace("model: tavus-gpt-oss", "model: gpt-4o")
    settled(call)


def test_as_json(root, call):
    import json

    edit_persona(root, "Desk", replaced("/greeting", "Hi."))
    done = call("drift", "--accept", "persona.desk", "--format", "json")
    assert json.loads(done.out) == {
        "accepted": [{"address": "persona.desk", "path": "/greeting", "value": "Hi."}],
        "files": ["desk.yaml"] if "desk.yaml" in json.loads(done.out)["files"] else ["manifests/desk.yaml"],
        "left": 0,
    }


GPT, LLAMA = "tavus-gpt-oss", "tavus-llama-4"
PLAIN = f"""\
apiVersion: personas/v1
kind: Persona
metadata: {{name: plain}}
spec:
  persona_name: Plain
  system_prompt: You answer.
  default_replica_id: r90bbd427f71
  layers: {{llm: {{model: {LLAMA}}}}}
"""


@pytest.mark.parametrize("word", ["persona.plain", "persona.plain/layers", "persona.plain/layers/llm/model"])
def test_what_the_vendor_changed_is_found_also_after_an_apply_took_note_of_it(root, call, word):
    (root / "manifests" / "plain.yaml").write_text(PLAIN)
    assert call("apply", "--auto-approve").code == 0
    edit_persona(root, "Plain", replaced("/layers/llm/model", GPT))
    noted = call("apply", "--auto-approve")
    assert noted.code == 0 and "drift --accept persona.plain/layers/llm/model" in noted.out + noted.err
    assert call("drift").code == 0
    done = call("drift", "--accept", word)
    assert done.code == 0, done
    assert text(root, "plain.yaml") == PLAIN.replace(LLAMA, GPT)
    settled(call)


def test_an_edit_of_the_manifest_is_undone_only_where_it_is_named(root, call):
    edited = DESK.replace("'Hello.'", "'Hey.'")
    (root / "manifests" / "desk.yaml").write_text(edited)
    done = call("drift", "--accept", "persona.desk")
    assert done.code == 0 and text(root) == edited, done
    done = call("drift", "--accept", "persona.desk/greeting")
    assert done.code == 0, done
    assert text(root).replace('"', "'").replace("greeting: Hello.", "greeting: 'Hello.'") == DESK
    settled(call)


def test_a_tool_that_was_attached_by_hand_and_stays_can_be_accepted(root, call):
    with dashboard(root) as client:
        desk = id_of(client, "Desk")
        tools = {row["name"]: row["tool_id"] for row in client.get("/tools?limit=100").json()["data"]}
        assert client.post(f"/pals/{desk}/tools", json={"tool_ids": [tools["third"]]}).status_code == 200
    done = call("drift", "--accept", "persona.desk/tools")
    assert done.code == 0, done
    assert "{ref: tool.third}" in text(root)
    settled(call)


def test_everything_that_was_edited_is_accepted_at_once(tmp_path, monkeypatch, call) -> None:
    from tests.support.dashboard import edit_persona

    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "manifests" / f"{name}.yaml").write_text(
            f"apiVersion: personas/v1\nkind: PAL\nmetadata: {{name: {name}}}\n"
            f"spec: {{pal_name: {name}, system_prompt: Hi., greeting: Hello.}}\n"
        )
    assert call("apply", "--auto-approve").code == 0
    for name in ("a", "b"):
        edit_persona(tmp_path, name, {"op": "replace", "path": "/greeting", "value": f"Edited {name}"})
    edit_persona(tmp_path, "a", {"op": "replace", "path": "/system_prompt", "value": "Else."})
    assert call("drift", "--accept", "tool.*").code != 0
    assert call("drift", "--accept", "persona.*/greeting").code == 0
    assert "Edited a" in (tmp_path / "manifests" / "a.yaml").read_text()
    assert "Else." not in (tmp_path / "manifests" / "a.yaml").read_text()
    assert call("drift").code == 2
    assert call("drift", "--accept", "*").code == 0
    assert call("drift").code == 0


BY_HAND = {"pal_name": "By hand", "system_prompt": "Hi.", "default_face_id": "r90bbd427f71"}


def test_what_somebody_made_since_the_last_run_is_new(root: Path, call: Callable, monkeypatch) -> None:
    """What was seen is told by the time of the last run in the state: a reading run remembers nothing."""
    from reconciler.api.session import SystemClock

    later = datetime.now(UTC) + timedelta(hours=3)
    assert call("drift", "--unmanaged").code == 0
    with dashboard(root) as client:
        made = client.post("/pals", json=BY_HAND).json()["pal_id"]
    before = files_below(root / ".reconciler" / "sandbox")
    assert call("drift").code == 0, "without the option it is no matter"
    done = call("drift", "--unmanaged")
    assert done.code == 2
    assert f"new and unmanaged: persona {made} By hand" in done.out
    assert json.loads(call("drift", "--unmanaged", "--format", "json").out)["unmanaged"][0]["is_new"] is True
    assert files_below(root / ".reconciler" / "sandbox") == before
    (root / "manifests" / "tools.yaml").write_text(TOOLS.replace("Third.", "The third."))
    monkeypatch.setattr(SystemClock, "now", lambda self: later.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert call("apply", "--auto-approve").code == 0
    done = call("drift", "--unmanaged")
    assert (done.code, "By hand" in done.out) == (0, False), done
    assert "1 unmanaged object in the account" in done.out, "it is not new any more, and still counted"
    assert call("drift", "--since", "2h").code == 0
    assert call("drift", "--since", "4h").code == 2


def files_below(folder: Path) -> dict[str, bytes]:
    """What a workspace keeps, the simulated account aside."""
    return {
        str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file() and not one.name.startswith("world")
    }


def test_an_edited_object_says_when_it_was_last_changed(root: Path, call: Callable) -> None:
    edit_persona(root, "Desk", replaced("/greeting", "Hey!"))
    item = json.loads(call("drift", "--format", "json").out)["resource_drift"][0]
    assert f"(last edited {item['edited']})" in call("drift").out
    assert datetime.strptime(item["edited"], "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC) <= datetime.now(UTC)
