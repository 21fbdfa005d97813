"""Who is told of rounds: real receivers that take it, fail, are slow to take it, or refuse."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.api import notify
from reconciler.api.notify import Notifier
from reconciler.api.session import Session, SystemClock
from reconciler.api.watch import Watched
from reconciler.types.address import SecretRef
from reconciler.types.json import Object
from reconciler.types.watch import Memory, Notification, Round, Status, Watch
from tests.core.test_network import PARTS, server
from tests.support.projects import load_project

SYNCED = Round("w", Status.SYNCED, "nothing differs", "c1")
FAILED = Round("w", Status.FAILED, "the account <does> not answer", "c1", hint="wait")
HOOK = SecretRef("env", "HOOK")


@dataclass
class Receiver:
    """Answers with these statuses, the last one for ever, and keeps what it was sent."""

    answers: list[tuple[int, dict[str, str]]]
    got: list[Object] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    told = Receiver([(200, {})])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, headers = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.url = f"http://127.0.0.1:{server.server_port}/T000/secret-part"
        yield told
        server.shutdown()


@pytest.fixture
def watched(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(notify, "PAUSE", 0.01)
    project = load_project(tmp_path)
    session = Session(
        project=project, workspace=project.workspaces["sandbox"], clock=SystemClock(), emit=lambda event: None,
        environ={"HOOK": receiver.url},
    )  # fmt: skip
    return Watched(session, Watch(notify=(Notification(HOOK),)))


def tell(watched: Watched, *rounds: Round, before: Memory = Memory(status=Status.SYNCED)) -> list[str]:  # noqa: B008
    """What could not be delivered of these rounds, one after the other."""
    complaints: list[str] = []
    notifier = Notifier(complaints.append)
    for done in rounds:
        notifier.tell(watched, done, before)
        before = replace(before, status=done.status)
    notifier.close(30)
    return complaints


def test_trouble_and_its_end_are_told_once_each(watched: Watched, receiver: Receiver) -> None:
    assert tell(watched, SYNCED, FAILED, FAILED, SYNCED, SYNCED) == []
    assert [(one["status"], one["recovered"]) for one in receiver.got] == [("failed", False), ("synced", True)]


@pytest.mark.parametrize("answers", [
    [(503, {}), (200, {})], [(500, {}), (502, {}), (204, {})], [(429, {"Retry-After": "0.02"}), (200, {})],
    [(429, {"Retry-After": "soon"}), (200, {})],
])  # fmt: skip
def test_a_receiver_that_fails_for_a_while_gets_it_in_the_end(
    watched: Watched, receiver: Receiver, answers: list[tuple[int, dict[str, str]]]
) -> None:
    receiver.answers = answers.copy()
    assert tell(watched, FAILED) == []
    assert len(receiver.got) == len(answers)


@pytest.mark.parametrize(("status", "tries"), [(503, notify.TRIES), (404, 1), (302, 1)])
def test_what_cannot_be_delivered_is_said_without_the_address(
    watched: Watched, receiver: Receiver, status: int, tries: int
) -> None:
    receiver.answers = [(status, {"Location": "http://127.0.0.1:1/"})]
    (complaint,) = tell(watched, FAILED)
    assert len(receiver.got) == tries
    assert "HOOK" in complaint and str(status) in complaint
    assert "secret-part" not in complaint


@pytest.mark.parametrize("address", ["", "no url", "http://127.0.0.1:1/secret-part", "ftp://x/secret-part"])
def test_an_address_that_leads_nowhere_is_said(watched: Watched, address: str) -> None:
    session = replace(watched.session, environ={"HOOK": address} if address else {})
    (complaint,) = tell(replace(watched, session=session), FAILED)
    assert "HOOK" in complaint and "secret-part" not in complaint


@pytest.mark.parametrize("part", [one for one in PARTS if one != "drips a body"])
def test_a_receiver_that_never_ends_its_answer_holds_up_nobody(
    watched: Watched, receiver: Receiver, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "SECONDS", 0.3)
    with server(*PARTS[part]) as busy:
        session = replace(watched.session, environ={"HOOK": receiver.url, "BUSY": f"{busy}/secret-part"})
        watched = replace(watched, session=session)
        watched.watch = Watch(notify=(Notification(SecretRef("env", "BUSY")), Notification(HOOK)))
        (complaint,) = tell(watched, FAILED)
    assert "BUSY" in complaint and "secret-part" not in complaint
    assert [one["status"] for one in receiver.got] == ["failed"]


def test_only_what_somebody_wants_to_hear_is_sent(watched: Watched, receiver: Receiver) -> None:
    watched.watch = Watch(notify=(Notification(HOOK, "json", ("blocked",)),))
    assert tell(watched, FAILED, SYNCED) == []
    assert receiver.got == []


def test_slack_and_teams_get_their_forms(watched: Watched, receiver: Receiver) -> None:
    watched.watch = Watch(notify=(Notification(HOOK, "slack"), Notification(HOOK, "teams")))
    assert tell(watched, FAILED) == []
    slack, teams = receiver.got
    assert slack == {"text": "*w: failed*\nthe account &lt;does&gt; not answer\nwait"}
    (attachment,) = teams["attachments"]  # type: ignore[misc]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"  # type: ignore[index,call-overload]
    body = attachment["content"]["body"]  # type: ignore[index,call-overload]
    texts = [run["text"] for block in body for run in block["inlines"]]  # type: ignore[index,call-overload,union-attr]
    assert texts == ["w: failed", "the account <does> not answer", "wait"]


def test_a_receiver_that_does_not_answer_holds_up_no_other_one(watched: Watched, receiver: Receiver) -> None:
    other = SecretRef("env", "OTHER")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        watched = replace(watched, session=replace(watched.session, environ={"HOOK": receiver.url, "OTHER": address}))
        watched.watch = Watch(notify=(Notification(other), Notification(HOOK)))
        complaints: list[str] = []
        notifier = Notifier(complaints.append)
        notifier.tell(watched, FAILED, Memory(status=Status.SYNCED))
        silent.accept()  # it is asked, and says nothing
        while not receiver.got:
            assert not complaints, "it was given up before the other one was told"
    notifier.close(30)
