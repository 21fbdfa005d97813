"""A watched workspace through random days: its status is true at every moment, and it writes what it may, once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.api.session import Session
from reconciler.api.watch import Fleet, Watched, recall
from reconciler.api.watch_requests import RequestStore, approve, pause, reject, resume
from reconciler.errors import Unavailable
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS, providers
from reconciler.types.watch import Mode, Status, Watch, Window
from tests.support.nightly import tried

pytest.importorskip("cronsim", reason="the extra `windows` is not installed")
MANIFEST = """\
apiVersion: personas/v1
kind: Persona
metadata: {{name: desk}}
lifecycle: {{ignore: [/greeting]}}
spec: {{persona_name: Desk, system_prompt: {prompt}, greeting: Hello., default_face_id: r90bbd427f71}}
"""
ZONES = ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "UTC")
STARTS = tuple(
    datetime(2026, month, day, 11, tzinfo=UTC) for month, day in ((3, 28), (10, 24), (4, 4), (10, 3), (3, 7), (7, 1))
)
"""Before clocks are changed somewhere."""


class Clock:
    """Time passes by steps and by sleeping."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def now(self) -> str:
        return self.time.strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class World:
    """One workspace, its account, and the people who move both."""

    def __init__(self, folder: Path, watch: Watch, start: datetime) -> None:
        (folder / "manifests").mkdir()
        self.folder, self.watch, self.clock = folder, watch, Clock(start)
        self.prompt, self.number, self.down = "P0", 0, False
        self.greeting: str | None = None
        """What a person wrote there, which is ignored."""
        self.write_manifest()
        project = load_project(folder, PLATFORMS)
        self.session = Session(
            project=project, workspace=project.workspaces["sandbox"], clock=self.clock, emit=lambda event: None,
            environ={}, connect=self.connect,
        )  # fmt: skip
        self.one = Watched(self.session, watch)
        self.fleet = Fleet([self.one], lambda one, done, before: None, self.complain)

    def connect(self, given: Any, context: Any) -> Any:
        if self.down:
            raise Unavailable("503")
        return providers().get(given.type)(given, context)

    def complain(self, text: str) -> None:
        raise AssertionError(text)

    def write_manifest(self) -> None:
        (self.folder / "manifests" / "desk.yaml").write_text(MANIFEST.format(prompt=self.prompt))

    @property
    def file(self) -> Path:
        return self.folder / ".reconciler" / "sandbox" / "world.json"

    @property
    def account(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text()) if self.file.exists() else {"generation": 1}
        return found

    @property
    def desks(self) -> list[dict[str, Any]]:
        return [one for one in self.account.get("objects", {}).get("pals", {}).values() if one["pal_name"] == "Desk"]

    @property
    def differs(self) -> bool:
        return [one["system_prompt"] for one in self.desks] != [self.prompt]

    def by_hand(self, field: str, value: str) -> bool:
        """Somebody edits the persona in the account; False where there is none yet."""
        world = self.account
        desks = [one for one in world.get("objects", {}).get("pals", {}).values() if one["pal_name"] == "Desk"]
        for one in desks:
            one[field] = value
        world["generation"] += 1
        if desks:
            self.file.write_text(json.dumps(world))
        return bool(desks)

    # what people and fate do

    def edit(self) -> None:
        self.number += 1
        self.by_hand("system_prompt", f"by hand {self.number}")

    def same_edit(self) -> None:
        self.by_hand("system_prompt", "always this")

    def edit_ignored(self) -> None:
        self.number += 1
        if self.by_hand("greeting", f"Hey {self.number}"):
            self.greeting = f"Hey {self.number}"

    def commit(self) -> None:
        self.number += 1
        self.prompt = f"P{self.number}"
        self.write_manifest()

    def pause(self) -> None:
        pause(self.session, self.clock.time + timedelta(hours=3), "the fair")

    def resume(self) -> None:
        resume(self.session)

    def answer(self, say: Callable[[Session, str], object]) -> None:
        waiting = RequestStore(self.session).read().waiting
        if waiting is not None and self.clock.time < waiting.expires:
            say(self.session, waiting.digest)

    def yes(self) -> None:
        self.answer(approve)

    def no(self) -> None:
        self.answer(reject)

    def outage(self) -> None:
        self.down = not self.down

    def later(self) -> None:
        self.clock.sleep(7 * 3600 + 11)

    def soon(self) -> None:
        self.clock.sleep(61)

    def watcher_dies(self) -> None:
        """Another one begins, which knows what the first noted."""
        self.one = recall(Watched(self.session, self.watch))
        self.fleet = Fleet([self.one], lambda one, done, before: None, self.complain)

    def denied(self) -> bool:
        """Whether a window is open: each opens at noon of its zone, and stays open in real time."""
        for window in self.watch.windows:
            zone, now = ZoneInfo(window.timezone), self.clock.time
            for back in range(int(window.seconds) // 60 + 1):
                moment = now.replace(second=0) - timedelta(minutes=back)
                local = moment.astimezone(zone)
                if (local.hour, local.minute) == (12, 0) and now - moment < timedelta(seconds=window.seconds):
                    return True
        return False

    def round(self) -> None:
        """One round, and everything that must be true of it."""
        asked = RequestStore(self.session).read()
        before, differed, denied = self.account["generation"], self.differs, self.denied()
        paused = asked.pause is not None and asked.pause.holds(self.clock.time)
        yes = asked.answered(self.clock.time)
        began = self.clock.time
        done, seconds = self.fleet.one_round(self.one, called=True)
        sent = self.account["generation"] - before
        assert sent == (1 if done.wrote and done.status is Status.SYNCED else 0), done
        assert len(self.desks) <= 1, "no twin"
        if self.greeting is not None and self.desks:
            assert self.desks[0]["greeting"] == self.greeting, "an edit that is ignored stays"
        match done.status:
            case Status.SYNCED:
                assert not self.differs and not paused and not self.down
            case Status.PAUSED:
                assert paused and "the fair" in done.reason
            case Status.FAILED:
                assert self.down and not paused
            case Status.FROZEN:
                approved = self.watch.mode is Mode.APPROVE and yes is not None and yes.yes
                assert denied and differed and (self.watch.mode is Mode.AUTO or approved)
            case Status.DRIFTED:
                assert differed and self.watch.mode is Mode.DRIFT
            case Status.AWAITING_APPROVAL:
                assert differed and self.watch.mode is Mode.APPROVE
                assert RequestStore(self.session).read().waiting is not None
            case Status.BLOCKED:
                assert differed and yes is not None and not yes.yes, done
            case Status.PENDING:
                assert differed and self.one.memory.heals and self.watch.mode is Mode.AUTO, done
            case other:
                raise AssertionError((other, done))
        assert not (paused and done.status is not Status.PAUSED)
        if sent:
            assert differed and not paused and not denied and self.watch.mode in (Mode.AUTO, Mode.APPROVE)
            assert self.watch.mode is Mode.AUTO or (yes is not None and yes.yes)
        assert seconds >= 0
        seen, told = self.one.seen, RequestStore(self.session).read().report
        assert seen.status is done.status and seen.doing == "" and seen.looked == began
        assert seen.memory.since is not None and seen.memory.since <= began
        assert seen.next is not None and seen.next >= began
        assert told is not None and told.round.status is done.status
        assert told.memory.since == seen.memory.since


STEPS = (
    World.edit, World.same_edit, World.edit_ignored, World.commit, World.pause, World.resume, World.yes, World.no,
    World.outage, World.later, World.soon, World.watcher_dies,
)  # fmt: skip
PEOPLE = (World.pause, World.resume, World.yes, World.no)
"""Who needs the account to ask for something: only those who could write to it may."""
WINDOWS = st.builds(
    lambda zone, minutes: Window("deny", "0 12 * * *", minutes * 60.0, zone),
    st.sampled_from(ZONES), st.sampled_from((30, 13 * 60, 23 * 60 + 30)),
)  # fmt: skip


@settings(max_examples=tried(5, 150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from((Mode.AUTO, Mode.APPROVE, Mode.DRIFT)),
    st.lists(WINDOWS, max_size=1),
    st.sampled_from(STARTS),
    st.lists(st.lists(st.sampled_from(STEPS), max_size=3), min_size=2, max_size=8),
)
def test_status_is_true_and_writes_are_exact_whatever_happens(
    mode: Mode, windows: list[Window], start: datetime, days: list[list[Callable[[World], None]]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name), replace(Watch(mode=mode, jitter=0.0), windows=tuple(windows)), start)
        world.round()
        for steps in days:
            for step in steps:
                if not (world.down and step in PEOPLE):
                    step(world)
            world.round()
