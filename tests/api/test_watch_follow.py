"""What others are told of a workspace: never more than is known, whoever writes to it, however long that takes."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.api.connect import open_backend
from reconciler.api.session import Session, SystemClock
from reconciler.api.watch import Fleet, Watched
from reconciler.api.watch_follow import Followers, follow
from reconciler.api.watch_requests import RequestStore
from reconciler.engine.state.lock_owner import describe_run
from reconciler.errors import UsageError
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS
from reconciler.reporters.watch_status import heard, next_step, noted_object, noted_table
from reconciler.types.watch import Status, watcher_name
from tests.cli.conftest import PERSONA

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: followed}
workspaces:
  one: {provider: {type: simulator}, watch: {mode: auto}}
  two: {provider: {type: simulator}, watch: {mode: approve}}
  unwatched: {provider: {type: simulator}}
"""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "desk.yaml").write_text(PERSONA)
    (tmp_path / "manifests" / "reconciler.yaml").write_text(PROJECT)
    project = load_project(tmp_path / "manifests" / "reconciler.yaml", PLATFORMS, root=tmp_path)
    return Session(
        project=project, workspace=project.workspaces["one"], clock=SystemClock(), emit=lambda event: None, environ={}
    )


@pytest.fixture
def followers(session: Session) -> Followers:
    return follow(session, threading.Event())


def a_round(session: Session, name: str) -> None:
    """As a worker somewhere makes it."""
    own = session.in_workspace(name)
    assert own.workspace.watch is not None
    one = Watched(own, own.workspace.watch)
    Fleet([one], lambda one, done, before: None, print).one_round(one, called=True)


def test_all_that_are_watched_are_shown_as_they_were_noted(session: Session, followers: Followers) -> None:
    one, two = followers.fleet.workspaces
    assert (one.name, one.seen.status, two.seen.status) == ("one", None, None)
    a_round(session, "one")
    a_round(session, "two")
    followers.look()
    assert (one.seen.status, two.seen.status) == (Status.SYNCED, Status.AWAITING_APPROVAL)
    assert one.seen.next is not None and one.seen.memory.since is not None
    assert (one.plan, two.plan is not None) == (None, True), "the plan that waits is behind one click"


def test_who_writes_is_said_while_it_writes(session: Session, followers: Followers) -> None:
    a_round(session, "one")
    one = followers.fleet.workspaces[0]
    backend = open_backend(session)
    info = describe_run("apply", session.clock.now())
    with backend.lock(info, timeout=5, clock=session.clock, emit=session.emit):
        followers.look()
        assert one.seen.doing == "writing" and next_step(one.seen, session.now).startswith("writing since")
        noted = RequestStore(session).look()
        assert noted_object(noted, session.now)["writing"] == {
            "by": info.who, "process": os.getpid(), "since": info.since, "operation": "apply",
        }  # fmt: skip
        assert info.who in noted_table([noted], session.now)
        later = session.now + timedelta(hours=3)
        assert heard(noted, later) == "running", "it holds the state, so it is not gone"
        elsewhere = replace(noted, holder=replace(info, process=info.process + 1))
        assert heard(elsewhere, later) == "silent"
    followers.look()
    assert one.seen.doing == ""
    assert watcher_name(os.getpid(), socket.gethostname()) == noted.requests.report.watcher  # type: ignore[union-attr]


def test_a_round_that_nobody_makes_is_no_round_to_come(session: Session, followers: Followers) -> None:
    a_round(session, "one")
    followers.look()
    seen = followers.fleet.workspaces[0].seen
    assert "nobody made it" in next_step(seen, session.now + timedelta(hours=3))
    assert "nobody made it" not in next_step(seen, session.now)


def test_what_cannot_be_read_is_no_good_news(session: Session, followers: Followers) -> None:
    a_round(session, "one")
    beside = session.folder / "state.json.watch.json"
    whole = beside.read_text()
    beside.write_text("{")
    followers.look()
    one = followers.fleet.workspaces[0]
    assert one.seen.status is Status.FAILED and "cannot be read" in one.seen.round.reason  # type: ignore[union-attr]
    beside.write_text(whole)
    followers.look()
    assert one.seen.status is Status.SYNCED


def test_where_nothing_is_watched_there_is_nothing_to_follow(session: Session) -> None:
    project = replace(session.project, workspaces={"unwatched": session.project.workspaces["unwatched"]})
    with pytest.raises(UsageError):
        follow(replace(session, project=project), threading.Event())
