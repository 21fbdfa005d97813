"""What stops a run that writes: what the API would refuse, and not all that `validate` calls an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
PASSING = {
    "L05": {"layers": {"llm": {"model": "gpt-4o"}}},
    "L12": {
        "layers": {
            "llm": {"model": "tavus-glm-4.7"},
            "perception": {"perception_model": "off", "visual_tools": [{"name": "see", "description": "d"}]},
        }
    },
    "L13": {
        "layers": {
            "llm": {"model": "tavus-glm-4.7"},
            "perception": {"perception_model": "raven-0", "audio_awareness_queries": ["angry?"]},
        }
    },
    "L15": {
        "layers": {
            "llm": {"model": "tavus-glm-4.7"},
            "tts": {
                "tts_engine": "cartesia",
                "tts_model_name": "sonic-3",
                "voice_settings": {"stability": 0.5},
            },
        }
    },
    "L20": {"layers": {"llm": {"model": "tavus-glm-4.7"}, "stt": {"hotwords": ["Northwind", "FNOL"]}}},
}


@pytest.fixture
def write(project: Path) -> Callable[[dict[str, Any]], None]:
    """Put one bare body in the place of the project's persona."""

    def written(more: dict[str, Any]) -> None:
        (project / "manifests" / "desk.yaml").unlink(missing_ok=True)
        body = {"persona_name": "Desk", "system_prompt": "Hi.", "default_replica_id": "r90bbd427f71", **more}
        (project / "manifests" / "desk.json").write_text(json.dumps(body, indent=1))

    return written


@pytest.mark.parametrize("code", PASSING)
def test_what_the_api_takes_is_sent_with_a_warning(code: str, write: Callable[..., None], call: Call) -> None:
    write(PASSING[code])
    checked = call("validate")
    assert checked.code == 1, checked
    assert f"error[{code}]" in checked.out + checked.err
    ended = call("apply", "--auto-approve")
    assert ended.code == 0, ended
    assert f"[{code}]" in ended.out + ended.err
    again = call("plan", "--detailed-exitcode")
    assert again.code == 0, again


def test_what_the_api_refuses_is_not_sent(write: Callable[..., None], call: Call) -> None:
    write({"system_prompt": ""})
    ended = call("apply", "--auto-approve")
    assert ended.code == 1, ended
    assert "[L01]" in ended.out + ended.err
    assert "nothing was sent" in ended.err


def test_a_wrong_type_is_not_sent(write: Callable[..., None], call: Call) -> None:
    write({"layers": {"llm": {"tools": '[{"name": "x"}]'}}})
    ended = call("apply", "--auto-approve")
    assert ended.code == 1, ended
    assert "desk.json:7:13" in ended.err


@pytest.mark.parametrize(
    ("workspace", "what"),
    [
        ("{provider: {type: simulator}, state: {backend: cloud}}", "state backend 'cloud'"),
        ("{provider: {type: tavos}}", "provider 'tavos'"),
    ],
)
def test_a_workspace_that_cannot_be_opened_is_an_error(workspace: str, what: str, project: Path, call: Call) -> None:
    """Also where another workspace is validated: who opens this one next should not be the first to hear of it."""
    head = "apiVersion: personas/v1\nkind: Project\nmetadata: {name: p}\nworkspaces:\n"
    text = f"{head}  sandbox: {{provider: {{type: simulator}}}}\n  elsewhere: {workspace}\n"
    (project / "manifests" / "reconciler.yaml").write_text(text)
    ended = call("validate", "-w", "sandbox")
    assert ended.code == 1
    assert f"unknown {what} in workspace 'elsewhere'" in ended.out + ended.err
    assert "manifests/reconciler.yaml:6:" in ended.out + ended.err
