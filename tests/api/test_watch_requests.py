"""Requests to a watcher: exactly the plan that was approved is carried out, and nothing while it is paused."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.api import watch_requests
from reconciler.api.session import Session, SystemClock
from reconciler.api.watch import Fleet, Watched
from reconciler.api.watch_requests import RequestStore
from reconciler.core.operator_trust import PLAN_KEY
from reconciler.errors import PlanStale, StateUnreadable, UsageError
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS
from reconciler.types.watch import Answer, Mode, Requests, Round, Status, Watch
from tests.cli.conftest import PERSONA
from tests.support.nightly import tried

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: watched}
workspaces:
  sandbox:
    provider: {type: simulator}
"""
WATCH = Watch(mode=Mode.APPROVE)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "reconciler.yaml").write_text(PROJECT)
    wants(tmp_path, "one")
    project = load_project(tmp_path / "manifests" / "reconciler.yaml", PLATFORMS, root=tmp_path)
    return Session(
        project=project, workspace=project.workspaces["sandbox"], clock=SystemClock(), emit=lambda event: None,
        environ={},
    )  # fmt: skip


def wants(folder: Path, prompt: str) -> None:
    (folder / "manifests" / "desk.yaml").write_text(PERSONA.replace("You welcome visitors.", prompt))


def world(folder: Path) -> Path:
    return folder / ".reconciler" / "sandbox" / "world.json"


def has(folder: Path) -> str | None:
    """The prompt that the account has; None before there is a persona."""
    if not world(folder).exists():
        return None
    found = json.loads(world(folder).read_text())["objects"]["pals"].values()
    return next((one["system_prompt"] for one in found if one["pal_name"] == "Desk"), None)


def edit(folder: Path, prompt: str) -> None:
    """Somebody edits the persona in the account."""
    found = json.loads(world(folder).read_text())
    for one in found["objects"]["pals"].values():
        if one["pal_name"] == "Desk":
            one["system_prompt"] = prompt
    found["generation"] += 1
    world(folder).write_text(json.dumps(found))


def a_round(session: Session, watch: Watch = WATCH) -> Round:
    """One round of a watcher that knows nothing but what stands beside the state."""
    complaints: list[str] = []
    (done,) = Fleet([Watched(session, watch)], lambda one, done, before: None, complaints.append).once()
    assert not complaints and "bug" not in done.reason, (done, complaints)
    return done


def test_a_plan_waits_and_exactly_that_is_carried_out(session: Session, tmp_path: Path) -> None:
    first = a_round(session)
    assert first.status is Status.AWAITING_APPROVAL and first.plan
    assert a_round(session).plan == first.plan, "the same plan keeps its name, before there is a state too"
    assert has(tmp_path) is None
    watch_requests.approve(session, first.plan[:8])
    done = a_round(session)
    assert (done.status, has(tmp_path)) == (Status.SYNCED, "one"), done
    assert "approved by" in done.reason
    asked = RequestStore(session).read()
    assert (asked.waiting, asked.answer) == (None, None)
    assert a_round(session).status is Status.SYNCED


def answered(session: Session, **of: object) -> None:
    """Who can write to the store alone says yes, or changes the yes of somebody else."""

    def forge(asked: Requests) -> Requests:
        assert asked.waiting is not None
        there = asked.answer or Answer(asked.waiting.digest, True, "kim@desk", session.now)
        longer = replace(asked.waiting, expires=asked.waiting.expires + of.pop("longer", timedelta()))  # type: ignore[operator]
        return replace(asked, waiting=longer, answer=replace(there, **of))  # type: ignore[arg-type]

    RequestStore(session).change("forge", forge)


def test_with_a_key_a_yes_that_was_not_signed_with_it_is_none(session: Session, tmp_path: Path) -> None:
    session = replace(session, environ={PLAN_KEY: "the key of the operators"})
    digest = a_round(session).plan or ""
    answered(session)
    answered(session, signature="0" * 64)
    assert a_round(session).status is Status.AWAITING_APPROVAL
    with pytest.raises(UsageError) as refused:
        watch_requests.approve(replace(session, environ={}), digest)
    assert PLAN_KEY in str(refused.value.hint)
    watch_requests.reject(session, digest)
    for change in ({"yes": True}, {"yes": True, "who": "lee@desk"}, {"longer": timedelta(days=9), "yes": True}):
        answered(session, **change)
        assert a_round(session).status is not Status.SYNCED
    assert has(tmp_path) is None
    watch_requests.approve(session, a_round(session).plan or "")
    assert (a_round(session).status, has(tmp_path)) == (Status.SYNCED, "one")


@pytest.mark.parametrize("digest", ["", "1234567", "f" * 16])
def test_a_yes_to_anything_else_is_refused(session: Session, digest: str) -> None:
    a_round(session)
    with pytest.raises(PlanStale):
        watch_requests.approve(session, digest)
    assert RequestStore(session).read().answer is None


def test_a_yes_to_what_moved_since_carries_nothing_out(session: Session, tmp_path: Path) -> None:
    watch_requests.approve(session, a_round(session).plan or "")
    a_round(session)
    edit(tmp_path, "edited")
    first = a_round(session).plan or ""
    watch_requests.approve(session, first)
    edit(tmp_path, "edited once more")
    done = a_round(session)
    assert (done.status, has(tmp_path)) == (Status.AWAITING_APPROVAL, "edited once more"), done
    assert done.plan != first
    with pytest.raises(PlanStale):
        watch_requests.approve(session, first)


def test_a_no_holds_until_something_else_would_be_done(session: Session, tmp_path: Path) -> None:
    watch_requests.reject(session, a_round(session).plan or "", "not today")
    assert a_round(session).status is Status.BLOCKED
    assert "not today" in a_round(session).reason
    wants(tmp_path, "two")
    assert a_round(session).status is Status.AWAITING_APPROVAL


def test_one_that_expired_is_refused_and_asked_about_anew(session: Session, tmp_path: Path) -> None:
    short = replace(WATCH, approval_expires=0.0)
    digest = a_round(session, short).plan or ""
    with pytest.raises(PlanStale):
        watch_requests.approve(session, digest)
    assert a_round(session, short).status is Status.AWAITING_APPROVAL
    assert has(tmp_path) is None


def test_a_pause_holds_for_every_watcher_and_ends(session: Session, tmp_path: Path) -> None:
    watch_requests.pause(session, reason="the fair")
    done = a_round(session, Watch(mode=Mode.AUTO))
    assert (done.status, has(tmp_path)) == (Status.PAUSED, None)
    assert "the fair" in done.reason
    assert watch_requests.resume(session) is not None
    assert watch_requests.resume(session) is None
    assert a_round(session, Watch(mode=Mode.AUTO)).status is Status.SYNCED
    with pytest.raises(UsageError):
        watch_requests.pause(session, datetime(2020, 1, 1, tzinfo=UTC))


def test_where_requests_cannot_be_read_nothing_is_written(session: Session, tmp_path: Path) -> None:
    a_round(session)
    (tmp_path / ".reconciler" / "sandbox" / "state.json.watch.json").write_text("garbage")
    complaints: list[str] = []
    watched = Watched(session, Watch(mode=Mode.AUTO))
    (done,) = Fleet([watched], lambda one, done, before: None, complaints.append).once()
    assert (done.status, has(tmp_path)) == (Status.FAILED, None)
    assert complaints, "the status could not be noted either"
    with pytest.raises(StateUnreadable):
        watch_requests.pause(session)


def test_the_document_belongs_to_its_owner(session: Session, tmp_path: Path) -> None:
    a_round(session)
    (found,) = (tmp_path / ".reconciler" / "sandbox").glob("*.watch.json")
    assert found.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("seed", range(tried(8, 100)))
def test_whatever_happens_only_what_was_approved_as_it_is_now_is_written(
    session: Session, tmp_path: Path, seed: int
) -> None:
    """A naive account of it: a yes counts for the newest plan shown, until anything moves."""
    rnd, shown, approved, paused = random.Random(seed), "", False, False
    prompts = [f"prompt {number}" for number in range(3)]
    wanted = "one"

    def moved() -> None:
        nonlocal approved, still
        approved = still = False

    def change_files() -> None:
        nonlocal wanted
        new = rnd.choice([one for one in prompts if one != wanted])
        wanted = new
        wants(tmp_path, new)
        moved()

    def change_account() -> None:
        if has(tmp_path) is not None:
            edit(tmp_path, rnd.choice([one for one in prompts if one != has(tmp_path)]))
            moved()

    def approve() -> None:
        nonlocal approved
        try:
            watch_requests.approve(session, shown)
            approved = still
        except PlanStale:
            assert not shown

    def pause() -> None:
        nonlocal paused
        paused = not paused
        (watch_requests.pause if paused else watch_requests.resume)(session)

    def look() -> None:
        nonlocal shown, still, approved
        before = has(tmp_path)
        done = a_round(session)
        after = has(tmp_path)
        if paused:
            assert (done.status, after) == (Status.PAUSED, before)
            return
        if before != wanted and not approved:
            assert (done.status, after) == (Status.AWAITING_APPROVAL, before), done
        else:
            assert (done.status, after) == (Status.SYNCED, wanted), done
        shown = (done.plan or "") if done.status is Status.AWAITING_APPROVAL else ""
        still, approved = True, False

    still = False
    steps: list[Callable[[], None]] = [change_files, change_account, approve, approve, pause, look, look, look]
    for _ in range(14):
        rnd.choice(steps)()
    if paused:
        pause()
    look()
