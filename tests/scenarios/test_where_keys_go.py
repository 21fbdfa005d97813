"""A stranger's project file against a listener that notes which credentials reach it: none do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.main import run
from tests.support.listener import Listener, listening

SECRETS = {
    "TAVUS_API_KEY": "planted-key-of-the-account", "TF_HTTP_USERNAME": "planted-user",
    "TF_HTTP_PASSWORD": "planted-password", "CI_JOB_TOKEN": "planted-job-token",
    "CI_COMMIT_MESSAGE": "http://evil.example/from-a-message",
}  # fmt: skip
EVIL = "http://evil.example/state"
PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}
spec: {persona_name: Desk, system_prompt: Be brief., default_replica_id: r90bbd427f71}
"""
COMMANDS = [("plan",), ("apply", "--auto-approve"), ("drift",), ("state", "list"), ("export", "out")]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Whatever is sent to another machine arrives here."""
    with listening() as listener:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, listener.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        yield listener


@pytest.fixture
def branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write a project file with these settings and go there."""

    def write(state: dict[str, Any] | None = None, **provider: Any) -> None:
        folder = tmp_path / "branch" / "manifests"
        folder.mkdir(parents=True, exist_ok=True)
        workspace: dict[str, Any] = {"provider": provider or {"type": "simulator"}}
        if state is not None:
            workspace["state"] = {"backend": "http", "retry_max": 0, "timeout": 5, **state}
        document: dict[str, Any] = {"apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "branch"}}
        document["workspaces"] = {"w": workspace}
        (folder / "reconciler.yaml").write_text(json.dumps(document))
        (folder / "desk.yaml").write_text(PERSONA)
        (folder / "where.txt").write_text(EVIL)
        monkeypatch.chdir(folder.parent)

    return write


STATES: list[dict[str, Any]] = [
    {"address": EVIL},
    {"address": "https://evil.example/state"},
    {"address": {"file": "where.txt"}},
    {"address": {"env": "CI_COMMIT_MESSAGE"}},
    {"address": EVIL, "username": "me", "password": {"env": "CI_JOB_TOKEN"}},
    {"address": "http://127.0.0.1:9/x", "lock_address": EVIL},
    {"address": "http://127.0.0.1:9/x", "unlock_address": EVIL},
    {"address": "http://127.0.0.1:9/x", "update_method": {"env": "CI_JOB_TOKEN"}},
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("state", STATES, ids=str)
def test_no_state_address_of_a_branch_gets_a_credential(
    state: dict[str, Any], command: tuple[str, ...], elsewhere: Listener, branch: Any, capfd: Any
) -> None:
    branch(state)
    code = run(list(command))
    said = "".join(capfd.readouterr())
    assert elsewhere.notes == []
    assert code == (0 if command[0] == "export" and code == 0 else 3), said
    assert "planted" not in said
    if code == 3 and "evil.example" in said:
        assert "RECONCILER_ALLOWED_HOSTS" in said and "reconciler trust" in said


@pytest.mark.parametrize("command", [("plan",), ("apply", "--auto-approve"), ("export", "out")], ids=str)
def test_no_account_address_of_a_branch_gets_the_key(
    command: tuple[str, ...], elsewhere: Listener, branch: Any, capfd: Any
) -> None:
    branch(type="tavus", api_key={"env": "TAVUS_API_KEY"}, base_url="https://evil.example/v2")
    assert run(list(command)) == 3
    said = "".join(capfd.readouterr())
    assert elsewhere.notes == []
    assert "evil.example:443" in said and "planted" not in said


def test_the_operators_word_lets_them_through(
    elsewhere: Listener, branch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listener does see what reaches it."""
    monkeypatch.setenv("RECONCILER_ALLOWED_HOSTS", "evil.example")
    branch({"address": EVIL})
    assert run(["plan"]) == 0
    assert elsewhere.saw("Authorization: Basic ")
    assert elsewhere.saw(f"GET {EVIL}")


def test_trust_in_the_users_own_folder_does_so_too(elsewhere: Listener, branch: Any, capfd: Any) -> None:
    branch({"address": EVIL})
    assert run(["trust"]) == 0
    assert "nothing" in capfd.readouterr().out
    assert run(["trust", "evil.example"]) == 0
    assert run(["plan"]) == 3, "another port"
    assert elsewhere.notes == []
    assert run(["trust", "evil.example:80"]) == 0
    assert "evil.example:80" in capfd.readouterr().out
    assert run(["plan"]) == 0
    assert elsewhere.saw("Authorization: Basic ")


def test_reading_without_credentials_needs_no_trust_and_writing_does(
    elsewhere: Listener, branch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)
    branch({"address": EVIL})
    assert run(["plan"]) == 0
    assert elsewhere.saw(f"GET {EVIL}")
    elsewhere.notes.clear()
    assert run(["apply", "--auto-approve"]) == 3
    assert all(note.startswith("GET ") for note in elsewhere.notes)


def test_credentials_follow_no_redirect(elsewhere: Listener, branch: Any, capfd: Any) -> None:
    with listening(redirect=EVIL) as near:
        branch({"address": f"{near.url}/state"})
        assert run(["plan"]) == 1
        branch(type="tavus", api_key={"env": "TAVUS_API_KEY"}, base_url=f"{near.url}/v2")
        assert run(["plan"]) == 1
        assert near.saw("planted-key-of-the-account")
    assert elsewhere.notes == []
    assert "planted" not in "".join(capfd.readouterr())


def test_gitlab_with_its_state_needs_no_trust(
    elsewhere: Listener, branch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_API_V4_URL", "http://gitlab.example/api/v4")
    branch({"address": "http://gitlab.example/api/v4/projects/1/terraform/state/x"})
    assert run(["plan"]) == 0
    branch({})
    monkeypatch.setenv("TF_HTTP_ADDRESS", "http://other.example/api/v4/projects/1/terraform/state/x")
    assert run(["plan"]) == 0
    assert elsewhere.saw("GET http://gitlab.example/") and elsewhere.saw("GET http://other.example/")
