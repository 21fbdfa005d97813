"""What a plan on a stranger's branch can do to the account: read it. Every command that says so sends GET alone."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from reconciler.cli.main import run
from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport

FIRST = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}
spec:
  persona_name: Desk
  system_prompt: Be brief.
  default_replica_id: r90bbd427f71
  layers:
    llm:
      model: tavus-gpt-4o
      tools: [{type: function, function: {name: look, description: Looks., parameters: {type: object}}}]
---
apiVersion: personas/v1
kind: Guardrail
metadata: {name: calm}
spec: {guardrail_name: calm, guardrail_prompt: Stay calm.}
"""
READING = (
    ("plan",), ("plan", "--out", "p"), ("plan", "--migrate"), ("plan", "--destroy"), ("plan", "--refresh-only"),
    ("plan", "--unmanaged"), ("plan", "--replace", "persona.desk"), ("plan", "--resend-secrets"), ("drift",),
    ("validate",), ("export", "out"), ("export", "--target", "livekit", "--from", "account", "agents"),
    ("state", "rollback", "1", "--out", "b"), ("state", "history"), ("state", "list"), ("migrate", "--check"),
)  # fmt: skip


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Methods that reach the account of a project whose manifests moved on since their apply."""
    methods: list[str] = []
    handle = SimulatorTransport.handle_request

    def noting(transport: SimulatorTransport, request: httpx.Request) -> httpx.Response:
        methods.append(request.method)
        return handle(transport, request)

    monkeypatch.setattr(SimulatorTransport, "handle_request", noting)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    file = tmp_path / "manifests" / "all.yaml"
    file.write_text(FIRST)
    assert run(["apply", "--auto-approve"]) == 0
    file.write_text(FIRST.replace("brief", "kind").partition("---\n")[0].replace("tavus-gpt-4o", "tavus-gpt-oss"))
    assert {"GET", "POST"} <= {*methods}
    methods.clear()
    return methods


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_reading_command_sends_get_alone(words: tuple[str, ...], sent: list[str]) -> None:
    assert run(list(words)) in (0, 1, 2, 3)
    assert {*sent} <= {"GET"}
    assert sent or words[0] in ("validate", "state", "migrate")


def test_an_apply_of_the_same_writes(sent: list[str]) -> None:
    assert run(["apply", "--auto-approve", "--allow-deletes", "--allow-mass-change"]) == 0
    assert {*sent} & {"PATCH", "POST", "PUT", "DELETE"}
