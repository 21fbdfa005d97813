"""A fleet without a server: where Temporal is looked for, what a history keeps, and rounds that a worker makes."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.api.boundary import open_gate
from reconciler.api.fleet import (
    Rounds,
    connected,
    dump_memory,
    find_temporal,
    read_credentials,
    read_memory,
    workflow_id,
)
from reconciler.api.session import Session
from reconciler.api.watch_requests import RequestStore
from reconciler.engine.continuous.reconcile_once import Done
from reconciler.errors import Interrupted, NotTrusted, ReconcilerError, UsageError
from reconciler.types.address import SecretRef
from reconciler.types.json import SENSITIVE, Json
from reconciler.types.project import FleetSettings
from reconciler.types.watch import Memory, Mode, Round, Status, Watch
from tests.api.test_watch import session
from tests.cli.conftest import PERSONA


def found(folder: Path, address: Json, given: str | None = None, **environ: str) -> tuple[str, str]:
    base = session(folder)
    project = replace(base.project, fleet=FleetSettings(address, "ours"))
    return find_temporal(replace(base, project=project, environ=environ), given, None)


def test_the_address_that_was_given_wins_and_the_file_comes_before_the_usual_one(tmp_path: Path) -> None:
    assert found(tmp_path, "127.0.0.1:7", "a:1") == ("a:1", "ours")
    assert found(tmp_path, "127.0.0.1:7") == ("127.0.0.1:7", "ours")
    assert found(tmp_path, SecretRef("env", "PLACE"), PLACE="b:2") == ("b:2", "ours")
    assert found(tmp_path, None) == ("127.0.0.1:7233", "ours")
    with pytest.raises(UsageError):
        found(tmp_path, SecretRef("env", "PLACE"))


def test_a_host_that_the_repository_alone_names_is_not_connected_to(tmp_path: Path) -> None:
    with pytest.raises(NotTrusted):
        found(tmp_path, "evil.example:7233")
    assert found(tmp_path, "mine.example:7233", RECONCILER_ALLOWED_HOSTS="mine.example:7233")


@pytest.mark.parametrize("value", ["sk-live-0123456789", "sk-live-0123456789@a:1", "a b:1", "https://a.example:1/x"])
def test_a_key_that_a_branch_names_as_the_address_is_neither_shown_nor_asked_for(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError) as refused:
        found(tmp_path, SecretRef("env", "MODEL_KEY"), MODEL_KEY=value)
    assert value not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize("variable", ["CI_COMMIT_MESSAGE", "GITHUB_HEAD_REF"])
def test_no_address_of_temporal_comes_out_of_an_authors_words(tmp_path: Path, variable: str) -> None:
    with pytest.raises(NotTrusted):
        found(tmp_path, SecretRef("env", variable), **{variable: "evil.example:7233"})


def test_what_a_history_keeps_comes_back_and_what_others_wrote_is_forgotten() -> None:
    memory = Memory(Status.SYNCED, datetime(2026, 11, 30, tzinfo=UTC), "c1", heals=3)
    assert read_memory(dump_memory(memory)) == memory
    assert read_memory("") is None
    assert read_memory('{"status": "unheard of"}') is None


async def reached(address: str) -> object:
    async with connected(address, "default", {}) as client:
        return client


def test_a_temporal_that_has_just_opened_its_port_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    client = pytest.importorskip("temporalio.client", reason="rare: the extra `fleet` is not installed")
    answers: list[object] = [RuntimeError("its words are its own"), RuntimeError(), "a client"]

    async def connect(address: str, namespace: str) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(client.Client, "connect", connect)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        assert asyncio.run(reached(address)) == "a client"
        monkeypatch.setattr("reconciler.api.fleet.PATIENCE", 0.3)
        answers[:] = [RuntimeError("still starting")] * 10
        with pytest.raises(ReconcilerError, match="does not answer"):
            asyncio.run(reached(address))
        assert answers, "it gave up"
    with pytest.raises(ReconcilerError, match="does not answer") as nobody:
        asyncio.run(reached(address))
    assert "still starting" not in str(nobody.value), "nobody was asked where nobody listens"


def test_keys_and_certificates_are_those_that_the_tools_of_temporal_read(tmp_path: Path) -> None:
    pytest.importorskip("temporalio", reason="rare: the extra `fleet` is not installed")
    found = read_credentials({"TEMPORAL_API_KEY": "k", "TEMPORAL_ADDRESS": "evil.example:1", "OTHER": "x"})
    assert found["api_key"] == "k" and "target_host" not in found
    (tmp_path / "ca.pem").write_text("-----")
    found = read_credentials({"TEMPORAL_TLS": "true", "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(tmp_path / "ca.pem")})
    assert found["tls"].server_root_ca_cert == b"-----"
    assert not read_credentials({}).get("api_key")
    with pytest.raises(UsageError, match="TEMPORAL_"):
        read_credentials({"TEMPORAL_TLS": "true", "TEMPORAL_TLS_CLIENT_CERT_PATH": str(tmp_path / "none.pem")})


@pytest.mark.parametrize(
    ("problem", "hint"),
    [
        ("Server connection error: InvalidCertificate(UnknownIssuer)", "TEMPORAL_TLS_SERVER_CA_CERT_PATH"),
        ("Server connection error: InvalidCertificate(NotValidForName)", "TEMPORAL_TLS_SERVER_NAME"),
        ("Server connection error: InvalidMessage(InvalidContentType)", "without TLS"),
        ('`get_system_info` call error: "transport error"', "TEMPORAL_TLS=true"),
        ("nobody listens", "reconciler fleet dev"),
    ],
)
def test_what_is_wrong_with_tls_is_told_with_the_variable_that_helps(
    monkeypatch: pytest.MonkeyPatch, problem: str, hint: str
) -> None:
    client = pytest.importorskip("temporalio.client", reason="rare: the extra `fleet` is not installed")

    async def connect(address: str, namespace: str) -> object:
        raise RuntimeError(problem)

    monkeypatch.setattr(client.Client, "connect", connect)
    monkeypatch.setattr("reconciler.api.fleet.PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(ReconcilerError) as caught:
        asyncio.run(reached(f"127.0.0.1:{listening.getsockname()[1]}"))
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize("address", ["", "temporal", "host:", "host:x", "host:99999", "a b:7"])
def test_what_is_no_address_is_told_as_that(address: str) -> None:
    pytest.importorskip("temporalio", reason="rare: the extra `fleet` is not installed")
    with pytest.raises(UsageError, match="HOST:PORT"):
        asyncio.run(reached(address))


def test_a_worker_looks_at_the_account_as_seldom_as_a_watcher(tmp_path: Path) -> None:
    pytest.importorskip("temporalio", reason="rare: the extra `fleet` is not installed")
    from reconciler.api.fleet_workflow import Asked

    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "desk.yaml").write_text(PERSONA)
    base, told = session(tmp_path), []
    watched = replace(base.workspace, watch=Watch(mode=Mode.AUTO))
    base = replace(base, project=replace(base.project, workspaces={"sandbox": watched}), workspace=watched)
    rounds = Rounds(lambda project: base, lambda one, done, before: told.append(done))
    done, memory, _ = rounds.make(Asked("p", "sandbox", "", called=False), lambda: False)
    assert (done.status, len(told)) == (Status.SYNCED, 1)
    again, same, seconds = rounds.make(Asked("p", "sandbox", dump_memory(memory), called=False), lambda: False)
    assert (again.status, same, len(told)) == (Status.SYNCED, memory, 1), "its time has not come"
    assert seconds > 0
    _, later, _ = rounds.make(Asked("p", "sandbox", dump_memory(memory), called=True), lambda: False)
    assert len(told) == 2 and later.since == memory.since


def test_a_worker_makes_the_round_and_remembers(tmp_path: Path) -> None:
    pytest.importorskip("temporalio", reason="rare: the extra `fleet` is not installed")
    from reconciler.api.fleet_worker import runner
    from reconciler.api.fleet_workflow import Asked

    assert runner() is not None
    base, told = session(tmp_path), []
    rounds = Rounds(lambda project: base, lambda one, done, before: told.append(done))
    done, memory, seconds = rounds.make(Asked("p", "sandbox", "", called=True), lambda: False)
    assert (done.status, memory.status, told) == (Status.BLOCKED, Status.BLOCKED, [done]), (
        "there is nothing to look at"
    )
    assert seconds > 0
    assert workflow_id(base).endswith("/sandbox")


def test_a_worker_makes_no_round_of_a_project_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("temporalio", reason="rare: the extra `fleet` is not installed")
    from reconciler.api.fleet_workflow import Asked

    base, opened = session(tmp_path), []

    def open_project(project: str) -> Session:
        opened.append(project)
        return base

    served, other = tmp_path / "served", tmp_path / "served-not"
    served.mkdir()
    other.mkdir()
    (served / "link").symlink_to(other)
    rounds = Rounds(open_project, below=(str(served),))
    inside = str(served / "a" / "reconciler.yaml")
    rounds.make(Asked(inside, "sandbox", "", called=True), lambda: False)
    for name in (
        other / "reconciler.yaml",
        served / ".." / "reconciler.yaml",
        served / "link" / "reconciler.yaml",
        "x",
    ):
        with pytest.raises(UsageError, match="no rounds of"):
            rounds.make(Asked(str(name), "sandbox", "", called=True), lambda: False)
    assert opened == [inside]


@pytest.mark.parametrize(
    ("cut_short", "noted"), [("stopped", Status.PENDING), ("superseded", None), ("not at all", Status.FAILED)]
)
def test_a_round_that_was_cut_short_is_not_told_as_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_short: str, noted: Status | None
) -> None:
    """A worker that is told to stop leaves the rest to the next one; of one that was frozen for so long that another
    makes the round by now nobody hears anything."""
    pytest.importorskip("temporalio", reason="rare: the extra `fleet` is not installed")
    from reconciler.api.fleet_workflow import Asked

    base, told = session(tmp_path), []
    over = threading.Event()
    rounds = Rounds(lambda project: base, lambda one, done, before: told.append(done.status))

    def cut(*given: object, **options: object) -> Done:
        if cut_short == "stopped":
            rounds.stop.set()
        if cut_short == "superseded":
            over.set()
        return Done(Round("sandbox", Status.FAILED, "1 of 4 changes carried out", "abc", wrote=True))

    monkeypatch.setattr("reconciler.api.watch.reconcile_once", cut)
    asked = Asked("p", "sandbox", "", called=True)
    if cut_short == "not at all":
        assert rounds.make(asked, over.is_set)[0].status is Status.FAILED
    else:
        with pytest.raises(Interrupted):
            rounds.make(asked, over.is_set)
    report = RequestStore(base).read().report
    assert (told, report and report.round.status) == ([noted] if noted else [], noted)


@pytest.mark.parametrize("fault", ["in a round", "in the project file"])
def test_what_goes_into_a_history_goes_through_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    testing = pytest.importorskip("temporalio.testing", reason="rare: the extra `fleet` is not installed")
    from reconciler.api.fleet_worker import round_activity
    from reconciler.api.fleet_workflow import Asked

    secret, gate = "sk-live-0123456789abcdef", open_gate()
    gate.learn(secret)
    base = replace(session(tmp_path), redactor=gate)

    def failing(*asked: object, **more: object) -> None:
        raise ValueError(f"no {secret}")

    def opened(project: str) -> Session:
        if fault == "in a round":
            return base
        raise UsageError(f"unknown provider {secret}")

    monkeypatch.setattr("reconciler.api.watch.reconcile_once", failing)
    asked = Asked(str(tmp_path), "sandbox", "", called=True)
    ended = testing.ActivityEnvironment().run(round_activity(Rounds(opened)), asked)
    assert (ended.status, str(SENSITIVE) in ended.reason) == ("failed", True)
    assert secret not in repr(ended)
