"""An editor of the account plants look-alikes of references at every place of every kind: no command resolves one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.types.json import Json, Object
from tests.support.dashboard import dashboard, edit_persona, replaced
from tests.support.nightly import tried

STOLEN = "wJalrXUtnFEMI-K7MDENG"
INCLUDED = "what the file of a stranger says"
PLANTED: dict[str, Json] = {
    "mark": {"$secret": {"env": "AWS_SECRET_ACCESS_KEY"}},
    "env": {"env": "AWS_SECRET_ACCESS_KEY"},
    "file": {"file": "stolen.txt"},
    "ref": {"ref": "tool.look_up"},
    "literal": {"literal": {"env": "AWS_SECRET_ACCESS_KEY"}},
    "join": {"join": [{"env": "AWS_SECRET_ACCESS_KEY"}]},
    "marked": {"$data": {"$secret": {"env": "AWS_SECRET_ACCESS_KEY"}}},
}


def plant(root: Path, planted: Json) -> None:
    """An object of every kind that holds free data somewhere, with `planted` in it."""
    parameters: Json = {
        "type": "object",
        "properties": {"a": {"type": "string", "default": planted, "enum": [planted]}},
    }
    tool: Object = {"name": "look_up", "description": "Looks.", "parameters": parameters}
    inline: Json = {"type": "function", "function": {**tool, "name": "own"}}
    llm: Object = {
        "model": "tavus-gpt-oss", "extra_body": {"a": planted, "b": [planted]}, "tools": [inline], "new": planted,
    }  # fmt: skip
    persona: Object = {
        "persona_name": "p", "system_prompt": "Be brief.", "greeting": "Hi.", "unheard_of": planted,
        "layers": {
            "llm": llm, "tts": {"tts_engine": "cartesia", "voice_settings": {"x": planted}},
            "perception": {"perception_model": "raven-1", "new": [planted]},
        },
    }  # fmt: skip
    bodies: dict[str, Object] = {
        "tools": tool,
        "personas": persona,
        "guardrails": {"guardrail_name": "g", "guardrail_prompt": "No.", "modality": "verbal", "new": planted},
        "objectives": {"data": [{"objective_name": "o", "objective_prompt": "Ask.", "new": planted}]},
        "documents": {"document_name": "d", "document_url": "https://b.example/a.pdf", "properties": planted},
    }
    with dashboard(root) as client:
        for collection, body in bodies.items():
            answer = client.post(f"/{collection}", json=body)
            assert answer.status_code < 300, (collection, answer.text)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", STOLEN)
    (tmp_path / "stolen.txt").write_text(INCLUDED)
    return tmp_path


def account(root: Path) -> dict[str, Json]:
    found: dict[str, Json] = {}
    with dashboard(root) as client:
        for collection, query in (
            ("pals", "?pal_type=user&limit=100"), ("tools", "?type=user"), ("guardrails", "?legacy=false"),
            ("objectives", ""), ("documents", ""),
        ):  # fmt: skip
            found[collection] = client.get(f"/{collection}{query}").json()
    return found


@pytest.mark.parametrize("planted", tried(["mark"], list(PLANTED)))
def test_no_command_resolves_what_was_planted(planted: str, root: Path, call: Callable) -> None:
    data = PLANTED[planted]

    def done(*words: str, codes: tuple[int, ...] = (0,)) -> str:
        ended = call(*words)
        assert STOLEN not in ended.out + ended.err
        assert INCLUDED not in ended.out + ended.err
        assert ended.code in codes, f"{words} {ended!r}"
        return ended.out

    def same(before: dict[str, Json]) -> None:
        now = account(root)
        texts = json.dumps(now)
        assert STOLEN not in texts
        assert INCLUDED not in texts
        for collection, held in before.items():
            assert strip(now[collection]) == strip(held), collection

    plant(root, data)
    before = account(root)
    done("export", "manifests")
    done("apply", "--auto-approve", "--verbose", "--format", "json")
    same(before)
    done("plan", "--detailed-exitcode", "--verbose")
    done("drift")
    # the editor plants more of it where our manifests speak
    edit_persona(root, "p", replaced("/layers/llm/extra_body", {"a": data, "c": {"d": data}}))
    edit_persona(root, "p", replaced("/greeting", "Ho."))
    before = account(root)
    done("drift", codes=(2,))
    done("plan", "--out", "p.plan", "--verbose")
    assert STOLEN not in (root / "p.plan").read_text()
    done("drift", "--accept", "persona.p", codes=(0, 2))
    done("plan", "--detailed-exitcode", "--verbose")
    done("apply", "--auto-approve")
    same(before)
    edit_persona(root, "p", replaced("/layers/llm/new", {"e": data}))
    before = account(root)
    done("apply", "--refresh-only", "--auto-approve")
    same(before)
    # our own change beside it, and back
    for path in (root / "manifests").rglob("*.yaml"):
        path.write_text(path.read_text().replace("Looks.", "Looks it up.").replace("Ho.", "Hum."))
    done("apply", "--auto-approve", "--verbose")
    before = account(root)
    assert json.dumps(data) in json.dumps(account(root)["tools"])
    serial = json.loads((root / ".reconciler/sandbox/state.json").read_text())["serial"]
    for path in (root / "manifests").rglob("*.yaml"):
        path.write_text(path.read_text().replace("Looks it up.", "Finds.").replace("e: {literal", "f: {literal"))
    edit_persona(root, "p", replaced("/layers/llm/new", {"g": data}))
    done("apply", "--auto-approve", "--verbose")
    done("state", "rollback", str(serial), "--auto-approve")
    same({"tools": before["tools"]})
    said = done("migrate", "--write", "--verbose", codes=(0, 2))
    assert "own" in said, "the inline tool with planted parameters goes to the registry"
    done("apply", "--auto-approve", "--verbose")
    assert json.dumps(account(root)["tools"]).count(json.dumps(data)) == 4, "as a default and in an enum of each"
    done("plan", "--detailed-exitcode", "--verbose")
    done("export", "agents", "--target", "livekit", codes=(0, 1))
    for path in root.rglob("*"):
        if path.is_file() and path.name != "stolen.txt":
            written = path.read_bytes()
            assert STOLEN.encode() not in written, path
            assert INCLUDED.encode() not in written, path
    texts = json.dumps(account(root))
    assert STOLEN not in texts
    assert INCLUDED not in texts


def strip(value: Json) -> Json:
    """Without what the server writes at every change."""
    if isinstance(value, dict):
        return {key: strip(member) for key, member in value.items() if not key.endswith("_at")}
    return [strip(item) for item in value] if isinstance(value, list) else value
