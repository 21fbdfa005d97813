"""`reconciler watch` on the embedded sandbox: looked at, put back, told; from a folder and from commits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reconciler.cli.watch import RareWarnings
from reconciler.types.event import Notice
from tests.cli.conftest import PERSONA, ROOT, Ended
from tests.support import forked

Call = Callable[..., Ended]
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {{name: watched}}
default_workspace: sandbox
workspaces:
  sandbox:
    provider: {{type: simulator}}
    watch: {{{watch}}}
"""


QUICK = "interval: 1s, drift_interval: 1s"


def described(folder: Path, watch: str) -> None:
    (folder / "manifests" / "reconciler.yaml").write_text(PROJECT.format(watch=watch))


def edit(folder: Path, prompt: str) -> None:
    """Somebody edits the persona in the account by hand."""
    file = folder / ".reconciler" / "sandbox" / "world.json"
    world = json.loads(file.read_text())
    (pal,) = (one for one in world["objects"]["pals"].values() if one["pal_name"] == "Desk")
    pal["system_prompt"] = prompt
    world["generation"] += 1
    beside = file.with_suffix(".edited")
    beside.write_text(json.dumps(world))
    beside.replace(file)


def prompt_of(folder: Path) -> str:
    world = json.loads((folder / ".reconciler" / "sandbox" / "world.json").read_text())
    return next(one["system_prompt"] for one in world["objects"]["pals"].values() if one["pal_name"] == "Desk")


@contextmanager
def watching(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process that watches, with a JSON line a round on its standard output."""
    process = forked.Popen(
        [sys.executable, "-m", "reconciler", "watch", "--json-log", *words],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[bytes], **wanted: object) -> dict[str, Any]:
    """The first round that has all this."""
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if all(found[key] == value for key, value in wanted.items()):
            return found
    raise AssertionError("the process ended before that")


@pytest.mark.parametrize(
    ("watch", "first", "second"), [("mode: auto", 0, 0), ("mode: drift", 2, 2), ("mode: 'off'", 3, 3), ("", 2, 2)]
)
def test_one_round_says_how_it_ended(project: Path, call: Call, watch: str, first: int, second: int) -> None:
    described(project, watch or "jitter: 10%")
    assert call("watch", "--once").code == first
    again = call("watch", "--once")
    assert again.code == second, again
    assert "WORKSPACE" in again.out and "sandbox" in again.out
    assert (project / ".reconciler" / "sandbox" / "state.json").exists() == (watch == "mode: auto")


def test_errors_of_a_workspace_are_an_end_of_its_round(project: Path, call: Call) -> None:
    described(project, "mode: auto")
    (project / "manifests" / "broken.yaml").write_text("apiVersion: personas/v1\nkind: Persona\nspec: [")
    ended = call("watch", "--once")
    assert ended.code == 3
    assert "blocked" in ended.out
    assert "manifests/broken.yaml:4:1: " in ended.out, "where to look"


def test_without_anything_to_watch_it_says_so(project: Path, call: Call) -> None:
    ended = call("watch", "--once")
    assert ended.code == 64
    assert "watch:" in ended.err
    assert call("watch", "--once", "--only", "sandbox").code == 2


@pytest.mark.parametrize(
    "wrong",
    ["mode: always", "interval: 10", "ref: ../x", "ref: 'a:b'", "jitter: 1", "windows: [{for: 1h}]",
     "windows: [{deny: '0 0 * * *', allow: '0 0 * * *', for: 1h}]", "notify: [{webhook: https://hooks.example/x}]",
     "intervall: 5s", "retry: {frist: 1s}", "depends_on: [nowhere]"],
)  # fmt: skip
def test_mistakes_in_the_project_file_are_found_at_their_place(project: Path, call: Call, wrong: str) -> None:
    described(project, wrong)
    ended = call("validate")
    assert ended.code == 1, ended
    assert "reconciler.yaml" in ended.out + ended.err
    assert "/workspaces/sandbox/watch" in ended.out + ended.err


def test_an_edit_by_hand_is_put_back_and_the_next_time_later(project: Path) -> None:
    described(project, f"mode: auto, {QUICK}")
    with watching(project) as process:
        until(process, status="synced", wrote=True)
        edit(project, "Edited.")
        assert until(process, wrote=True)["changes"] == {"update": 1}
        assert prompt_of(project) == "You welcome visitors."
        edit(project, "Edited again.")
        assert "put back" in until(process, status="pending")["reason"]
        assert prompt_of(project) == "Edited again."
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in err


def test_a_change_of_the_files_is_seen(project: Path) -> None:
    described(project, f"mode: auto, {QUICK}")
    with watching(project) as process:
        until(process, status="synced", wrote=True)
        (project / "manifests" / "desk.yaml").write_text(PERSONA.replace("You welcome visitors.", "You say goodbye."))
        until(process, wrote=True)
        assert prompt_of(project) == "You say goodbye."


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.fixture
def cloned(project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A repository and a clone of it that is watched at `main`."""
    described(project, f"mode: auto, ref: main, {QUICK}")
    (project / ".gitignore").write_text(".reconciler/\n")
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    clone = tmp_path_factory.mktemp("clone") / "it"
    git(project, "clone", "-q", str(project), str(clone))
    return project, clone


def test_commits_are_fetched_and_no_file_of_the_clone_is_touched(cloned: tuple[Path, Path], start: Call) -> None:
    origin, clone = cloned
    (clone / "manifests" / "desk.yaml").write_text("not yet committed: [")
    once = start("watch", "--once", cwd=clone)
    assert once.code == 0, once
    assert prompt_of(clone) == "You welcome visitors."
    (origin / "manifests" / "desk.yaml").write_text(PERSONA.replace("You welcome visitors.", "You say goodbye."))
    git(origin, "commit", "-qam", "two")
    once = start("watch", "--once", cwd=clone)
    assert once.code == 0 and git(origin, "rev-parse", "HEAD")[:10] in once.out, once
    assert prompt_of(clone) == "You say goodbye."
    assert git(clone, "status", "--short") == "M manifests/desk.yaml"
    assert git(clone, "rev-parse", "HEAD") != git(origin, "rev-parse", "HEAD")


def test_a_merge_cannot_lead_to_another_account(cloned: tuple[Path, Path], start: Call) -> None:
    origin, clone = cloned
    file = origin / "manifests" / "reconciler.yaml"
    elsewhere = "{type: tavus, base_url: 'https://evil.example/v2', api_key: {env: TAVUS_API_KEY}}"
    file.write_text(file.read_text().replace("{type: simulator}", elsewhere))
    git(origin, "commit", "-qam", "elsewhere")
    once = start("watch", "--once", cwd=clone, env={"TAVUS_API_KEY": "k"})
    assert once.code == 0, once
    assert prompt_of(clone) == "You welcome visitors."


def test_a_commit_without_a_project_file_is_told_as_that_and_nothing_is_written(
    cloned: tuple[Path, Path], start: Call
) -> None:
    origin, clone = cloned
    assert start("watch", "--once", cwd=clone).code == 0
    git(origin, "rm", "-q", "manifests/reconciler.yaml")
    git(origin, "commit", "-qm", "gone")
    once = start("watch", "--once", cwd=clone)
    assert once.code == 3 and "the commit cannot be used" in once.out, once
    assert "--project" not in once.out
    assert prompt_of(clone) == "You welcome visitors."


def test_a_remote_that_is_away_is_told_and_nothing_is_written(cloned: tuple[Path, Path]) -> None:
    origin, clone = cloned
    with watching(clone) as process:
        until(process, status="synced", wrote=True)
        (origin / ".git").rename(origin / "gone")
        edit(clone, "Edited.")
        found = until(process, status="stale_source")
        assert found["wrote"] is False and "1 to update" in found["reason"]
        assert prompt_of(clone) == "Edited."
        (origin / "gone").rename(origin / ".git")
        until(process, status="synced", wrote=True)
        assert prompt_of(clone) == "You welcome visitors."


def test_a_workspace_waits_for_those_that_it_depends_on(project: Path, call: Call) -> None:
    text = PROJECT.format(watch="mode: auto, depends_on: [staging]")
    text += "  staging:\n    provider: {type: simulator}\n    watch: {mode: drift}\n"
    (project / "manifests" / "reconciler.yaml").write_text(text)
    ended = call("watch", "--once")
    assert ended.code == 2
    assert "waits until 'staging' is synced" in ended.out
    (project / "manifests" / "reconciler.yaml").write_text(text.replace("mode: drift", "mode: auto"))
    assert call("watch", "--once").code == 0
    assert prompt_of(project) == "You welcome visitors."


def test_a_window_that_cannot_be_read_is_said_before_anything_begins(project: Path, call: Call) -> None:
    pytest.importorskip("cronsim", reason="the extra `windows` is not installed")
    described(project, "mode: auto, windows: [{deny: 'on fridays', for: 60h}]")
    ended = call("watch", "--once")
    assert ended.code == 64
    assert "'on fridays'" in ended.err
    assert not (project / ".reconciler").exists()


def document(url: str) -> dict[str, Any]:
    """What the watcher at `url` says of its first workspace now."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.request("GET", "/status.json")
    found: dict[str, Any] = json.loads(connection.getresponse().read())["workspaces"][0]
    connection.close()
    return found


def url_of(process: subprocess.Popen[bytes]) -> str:
    """Where the watcher tells its status."""
    assert process.stderr is not None
    return process.stderr.readline().decode().split()[-1]


def test_a_plan_waits_is_approved_by_another_process_and_carried_out(project: Path, call: Call) -> None:
    described(project, f"mode: approve, {QUICK}")
    with watching(project, "--listen", "0") as process:
        url = url_of(process)
        digest = until(process, status="awaiting_approval")["plan"]
        assert document(url)["status"] == "awaiting_approval"
        assert not (project / ".reconciler" / "sandbox" / "state.json").exists()
        assert call("watch", "approve", "0" * 24).code == 5
        shown = call("watch", "plan")
        assert "persona.desk" in shown.out and digest[:12] in shown.out
        assert call("watch", "approve", digest).code == 0
        assert "approved by" in until(process, status="synced", wrote=True)["reason"]
        assert document(url)["writes"] == 1
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
    status = json.loads(call("watch", "status", "--format", "json").out)["workspaces"][0]
    assert (status["status"], status["heard"], status["waiting"]) == ("synced", "ended", None)


def test_a_pause_ends_by_a_word_of_another_process(project: Path, call: Call) -> None:
    described(project, f"mode: auto, {QUICK}")
    assert call("watch", "pause", "--reason", "the fair").code == 0
    with watching(project) as process:
        assert "the fair" in until(process, status="paused")["reason"]
        assert "the fair" in call("watch", "status").out
        assert call("watch", "resume").code == 0
        until(process, status="synced", wrote=True)


@pytest.mark.parametrize(
    "words", [("--for", "soon"), ("--until", "yesterday"), ("--for", "1h", "--until", "2030-01-01")]
)
def test_an_end_that_is_none_pauses_nothing(project: Path, call: Call, words: tuple[str, ...]) -> None:
    described(project, "mode: auto")
    assert call("watch", "pause", *words).code == 64
    assert call("watch", "--once").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: signal.Signals(number).name)
def test_one_signal_ends_it_within_its_running_request(project: Path, call: Call, number: signal.Signals) -> None:
    """A server whose every create takes a second; the signal meets the round that writes."""
    (project / "faults.json").write_text(json.dumps({"rules": [{"method": "POST", "latency": 1.0}]}))
    for count in range(4):
        text = PERSONA.replace("name: desk", f"name: p{count}").replace("Desk", f"P{count}")
        (project / "manifests" / f"p{count}.yaml").write_text(text)
    served = forked.Popen(
        [sys.executable, "-m", "reconciler", "simulator", "serve", "--faults", "faults.json"],
        cwd=project, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert served.stdout is not None
        address = served.stdout.readline().decode().strip()
        provider = f"{{type: tavus, base_url: '{address}', api_key: {{env: KEY}}}}"
        text = PROJECT.format(watch=f"mode: auto, {QUICK}").replace("{type: simulator}", provider)
        file = project / "manifests" / "reconciler.yaml"
        file.write_text(text.replace("provider:", "parallelism: 1\n    provider:"))
        os.environ["KEY"] = "any"
        with watching(project, "--listen", "0") as process:
            url = url_of(process)
            while document(url)["doing"] != "writing":
                assert process.poll() is None
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert b"Traceback" not in err
        assert call("state", "lock").code == 0
        after = call("apply", "--auto-approve")
        assert after.code == 0, after
        assert call("plan", "--detailed-exitcode").code == 0
        assert len(call("state", "list").out.split()) == 5
        assert not call("plan", "--unmanaged").out.count("unmanaged:"), "no twin was made"
    finally:
        os.environ.pop("KEY", None)
        served.kill()
        served.communicate()


def test_a_warning_of_a_round_is_said_and_not_at_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """That the database of a shared rate is away, for one: everybody sends more slowly, and nobody knew why."""
    said: list[object] = []
    warn, now = RareWarnings(said.append), [0.0]
    monkeypatch.setattr("reconciler.cli.watch.time.monotonic", lambda: now[0])
    away, other, usual = Notice("away", "warning"), Notice("other", "warning"), Notice("as always")
    for at, told in ((0.0, away), (1.0, away), (2.0, usual), (3.0, other), (3599.0, away), (3601.0, away)):
        now[0] = at
        warn(told)
    assert said == [away, other, away]
