"""A watcher through days of faults on a clock that jumps: exact writes, no twin, nothing left behind."""

from __future__ import annotations

import gc
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.api.notify import Notifier
from reconciler.api.session import Session
from reconciler.api.watch import Fleet, Watched, recall
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS
from reconciler.platforms.base import ProviderContext
from reconciler.platforms.rate_limiter import RateLimiters
from reconciler.platforms.tavus.client.retry_policy import RetryPolicy
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.types.address import SecretRef
from reconciler.types.ports import Provider
from reconciler.types.project import ProviderSettings
from reconciler.types.watch import Backoff, Mode, Notification, Status, Watch, Window
from tests.support.nightly import tried

ROUNDS = tried(20, 300)
NAMES = ("ada", "bob", "eve")
MANIFEST = """\
apiVersion: personas/v1
kind: Persona
metadata: {{name: {name}}}
lifecycle: {{ignore: [/greeting]}}
spec: {{persona_name: {name}, system_prompt: {prompt}, greeting: Hello., default_face_id: r90bbd427f71}}
"""
WRITES = {"POST", "PATCH", "PUT", "DELETE"}
BASE = "http://simulator.localhost/v2"
MOST = 3000
"""Objects that may be there after many rounds and were not after a few: what caches of libraries keep."""


class Clock:
    """Time passes by sleeping."""

    def __init__(self) -> None:
        self.seconds = datetime(2026, 11, 30, tzinfo=UTC).timestamp()

    def now(self) -> str:
        return datetime.fromtimestamp(self.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Weather(httpx.BaseTransport):
    """The way to an account: in bad times a share of requests is lost, refused or answered by something else."""

    def __init__(self, chance: random.Random) -> None:
        self.account = SimulatorTransport(None)
        self.chance, self.bad = chance, 0.0
        self.written: list[tuple[str, str]] = []
        """Writes that the account carried out, whether or not anybody heard of it."""
        self.asked = 0
        self.after_write: Callable[[], None] = lambda: None
        self.takes_key = True

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if not self.takes_key:
            return httpx.Response(401, json={"message": "Invalid access token"}, request=request)
        what = self.chance.choice(self.FATES) if self.chance.random() < self.bad else Weather.passes
        return what(self, request)

    def passes(self, request: httpx.Request) -> httpx.Response:
        answer = self.account.handle_request(request)
        if request.method in WRITES and answer.status_code < 300:
            self.written.append((request.method, request.url.path))
            self.after_write()
        return answer

    def refused(self, request: httpx.Request) -> httpx.Response:
        status = self.chance.choice((500, 502, 503, 504, 429))
        headers = {"retry-after": str(self.chance.choice((1, 7, 90)))} if self.chance.random() < 0.5 else {}
        return httpx.Response(status, json={"error": "no"}, headers=headers, request=request)

    def unheard(self, request: httpx.Request) -> httpx.Response:
        raise self.chance.choice((httpx.ConnectError, httpx.ReadTimeout, httpx.WriteError))("lost", request=request)

    def lost(self, request: httpx.Request) -> httpx.Response:
        self.passes(request)
        raise self.chance.choice((httpx.ReadError, httpx.ReadTimeout))("lost", request=request)

    def hostile(self, request: httpx.Request) -> httpx.Response:
        whole = self.passes(request).read()
        text = self.chance.choice(
            (
                b"",
                b"<html>a proxy</html>",
                whole[: len(whole) // 2],
                b"[" * 5000,
                b'{"data": {"pal_id": []}}',
                b"null",
            )
        )
        return httpx.Response(200, content=text, headers={"content-type": "application/json"}, request=request)

    FATES = (refused, unheard, lost, hostile)


class Days:
    """One workspace that is watched, whoever edits its account, and whoever edits its manifests."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.folder, self.clock, self.weather = (
            folder,
            Clock(),
            Weather(self.chance),
        )
        (folder / "manifests").mkdir()
        self.prompts: dict[str, str] = {}
        self.greetings: dict[str, str] = {}
        for name in NAMES:
            self.commit(name)
        project = load_project(folder, PLATFORMS)
        alone = replace(project.workspaces["sandbox"], parallelism=1)
        self.session = Session(
            project=project, workspace=alone, clock=self.clock, emit=lambda event: None,
            environ={}, connect=self.connect, rate_limiters=RateLimiters(),
        )  # fmt: skip
        self.watch = Watch(mode=Mode.AUTO, interval=60.0, drift_interval=60.0, heal=Backoff(60.0, 300.0, 3.0))
        self.watcher_begins()

    def watcher_begins(self) -> None:
        self.one = recall(Watched(self.session, self.watch))
        self.fleet = Fleet([self.one], lambda one, done, before: None, lambda text: None)

    def connect(self, settings: ProviderSettings, context: ProviderContext) -> Provider:
        return TavusProvider(
            api_key="k", base_url=BASE, vocabulary="pal", reading=context.reading, transport=self.weather,
            parallelism=1, pace=context.pace(BASE, "k"), policy=RetryPolicy(give_up_after=120.0), clock=self.clock,
            random=self.chance.random, emit=context.emit, redactor=context.redactor,
        )  # fmt: skip

    @property
    def pals(self) -> dict[str, dict[str, Any]]:
        return dict(self.weather.account.service._store._world.objects["pals"])

    def ours(self, name: str) -> list[dict[str, Any]]:
        return [{**one, "id": id} for id, one in self.pals.items() if one["pal_name"] == name]

    def by_hand(self, method: str, id: str, *patch: dict[str, str]) -> None:
        client = httpx.Client(transport=self.weather.account, base_url=BASE, headers={"x-api-key": "k"})
        answer = client.request(method, f"{BASE}/pals/{id}", content=json.dumps(patch) if patch else b"")
        assert answer.status_code < 300, answer.text

    # what happens between two rounds; True where the account or the manifests moved

    def edit(self, name: str) -> bool:
        for one in self.ours(name)[:1]:
            value = f"by hand {self.chance.random()}"
            self.by_hand("PATCH", one["id"], {"op": "replace", "path": "/system_prompt", "value": value})
            return True
        return False

    def edit_ignored(self, name: str) -> bool:
        for one in self.ours(name)[:1]:
            self.greetings[name] = f"Hey {self.chance.random()}"
            value = self.greetings[name]
            self.by_hand("PATCH", one["id"], {"op": "replace", "path": "/greeting", "value": value})
        return False

    def delete(self, name: str) -> bool:
        for one in self.ours(name)[:1]:
            self.by_hand("DELETE", one["id"])
            self.greetings.pop(name, None)
            return True
        return False

    def commit(self, name: str) -> bool:
        self.prompts[name] = f"P{self.chance.random()}"
        (self.folder / "manifests" / f"{name}.yaml").write_text(MANIFEST.format(name=name, prompt=self.prompts[name]))
        return True

    def watcher_dies(self, name: str) -> bool:
        self.watcher_begins()
        return False

    def round(self) -> tuple[Status, str]:
        """One round, and the laws of every moment."""
        before, asked = self.one.last, self.weather.asked
        done, seconds = self.fleet.one_round(self.one, called=False)
        assert self.weather.asked - asked == (0 if done is before else done.requests), "requests are counted"
        assert "bug" not in done.reason, done
        for name in NAMES:
            assert len(self.ours(name)) <= 1, f"a twin of {name}: {done}"
            for one in self.ours(name):
                assert one["greeting"] == self.greetings.get(name, "Hello."), "an edit that is ignored stays"
        if done.status is Status.SYNCED and self.weather.bad == 0.0:
            assert self.is_well
        self.clock.sleep(seconds)
        return done.status, done.reason

    @property
    def is_well(self) -> bool:
        return [[one["system_prompt"] for one in self.ours(name)] for name in NAMES] == [
            [self.prompts[name]] for name in NAMES
        ]


STEPS: tuple[Callable[[Days, str], bool], ...] = (
    Days.edit, Days.edit_ignored, Days.delete, Days.commit, Days.watcher_dies,
)  # fmt: skip


def settle(days: Days, most: int = 40) -> None:
    """Good weather until all is well."""
    days.weather.bad = 0.0
    for _ in range(most):
        status, reason = days.round()
        if status is Status.SYNCED and days.is_well:
            return
    raise AssertionError((status, reason))


@pytest.mark.parametrize("seed", range(tried(1, 12)))
def test_days_of_faults_end_well_and_leave_nothing_behind(tmp_path: Path, seed: int) -> None:
    days = Days(tmp_path, seed)
    settle(days)
    assert [method for method, _ in days.weather.written] == ["POST"] * len(NAMES)
    objects = 0
    for number in range(ROUNDS):
        if number == ROUNDS // 4:
            settle(days)
            objects = len(gc.get_objects())
        days.weather.bad = days.chance.choice((0.0, 0.05, 0.3, 0.9))
        if days.chance.random() < 0.5:
            days.chance.choice(STEPS)(days, days.chance.choice(NAMES))
        days.round()
        days.weather.account.service._requests.clear()
    settle(days)
    growth = len(gc.get_objects()) - objects
    assert growth < MOST, growth
    quiet = len(days.weather.written)
    for _ in range(3):
        assert days.round()[0] is Status.SYNCED
    assert len(days.weather.written) == quiet, "what is well is left alone"


@pytest.mark.parametrize("seed", range(tried(1, 40)))
def test_in_good_weather_each_thing_that_moved_is_written_once(tmp_path: Path, seed: int) -> None:
    days = Days(tmp_path, seed)
    settle(days)
    for _ in range(4):
        before, name = len(days.weather.written), days.chance.choice(NAMES)
        step = days.chance.choice(STEPS)
        moved = step(days, name)
        settle(days)
        sent = days.weather.written[before:]
        assert len(sent) == moved, (step, sent)
        if moved:
            assert sent[0][0] == ("POST" if step is Days.delete else "PATCH")


@pytest.mark.parametrize(("stops", "sent"), [(True, 1), (False, len(NAMES))])
def test_what_is_under_way_when_a_window_begins_to_deny_finishes_or_stops(
    tmp_path: Path, stops: bool, sent: int
) -> None:
    pytest.importorskip("cronsim", reason="the extra `windows` is not installed")
    days = Days(tmp_path, 0)
    days.watch = replace(days.watch, windows=(Window("deny", "0 12 * * *", 3600.0, stops=stops),))
    days.watcher_begins()
    days.clock.seconds += 12 * 3600 - 10
    days.weather.after_write = lambda: days.clock.sleep(20.0)
    status, reason = days.round()
    assert len(days.weather.written) == sent
    assert (status, "window" in reason) == ((Status.FROZEN, True) if stops else (Status.SYNCED, False)), reason
    days.weather.after_write = lambda: None
    for _ in range(5):
        days.round()
    assert len(days.weather.written) == sent, "while it denies nothing else is written"
    days.clock.sleep(3600.0)
    settle(days)
    assert [method for method, _ in days.weather.written] == ["POST"] * len(NAMES), "the rest follows, and no twin"


def test_a_refused_key_is_asked_about_once_in_ten_minutes_whatever_the_number_of_workspaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days, names = Days(tmp_path, 1), ("a", "b", "c")
    watch = Watch(
        mode=Mode.DRIFT, interval=60.0, drift_interval=60.0, notify=(Notification(SecretRef("env", "HOOK")),)
    )
    watchers = [
        Watched(replace(days.session, workspace=replace(days.session.workspace, name=name)), watch) for name in names
    ]
    monkeypatch.setattr(Notifier, "_deliver", lambda notifier, waiting: None)
    notifier = Notifier(lambda text: None)
    fleet = Fleet(watchers, notifier.tell, lambda text: None)
    due = dict.fromkeys(names, days.clock.seconds)

    def until(seconds: float) -> None:
        end = days.clock.seconds + seconds
        while min(due.values()) < end:
            name = min(due, key=lambda name: due[name])
            days.clock.seconds = max(days.clock.seconds, due[name])
            one = watchers[names.index(name)]
            due[name] = days.clock.seconds + fleet.one_round(one, called=False)[1]
        days.clock.seconds = end

    until(300.0)
    assert {one.last.status for one in watchers if one.last} == {Status.DRIFTED}
    days.weather.takes_key = False
    asked = days.weather.asked
    until(3600.0)
    assert 6 <= days.weather.asked - asked <= 8
    assert {one.last.status for one in watchers if one.last} == {Status.UNAUTHORIZED}
    ((waiting, _),) = notifier._lines.values()
    told = [waiting.get_nowait() for _ in range(waiting.qsize())]
    assert [body["status"] for _, _, body in filter(None, told)] == ["drifted"] * 3 + ["unauthorized"]
    days.weather.takes_key = True
    until(1300.0)
    assert {one.last.status for one in watchers if one.last} == {Status.DRIFTED}
