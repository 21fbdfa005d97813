"""One rate for an account over several processes: turns in PostgreSQL, whoever dies, freezes or is away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.backends.context import BackendContext
from reconciler.backends.shared_rate import (
    DRIFT,
    FASTER,
    SLOWER,
    SLOWEST,
    USED,
    PostgresRate,
    ServerClock,
    open_shared_rate,
)
from reconciler.manifests.project.plugin_settings import SHARED_SETTINGS
from reconciler.platforms.rate_limiter import Budget, RateLimiter, RateLimiters
from reconciler.types.event import Event
from reconciler.types.ports import Turns
from reconciler.types.project import BackendSettings
from reconciler.waits import Waits
from tests.cli.conftest import PERSONA, ROOT
from tests.platforms.test_rate_limiter import JumpingClock
from tests.support import forked
from tests.support.postgres import missing_postgres, postgres
from tests.support.stores import place

pytest.importorskip("psycopg", reason="rare: psycopg is not installed")
RATE = 40.0
GAP = 1 / (RATE * USED)


@pytest.fixture
def settings() -> Iterator[dict[str, Any]]:
    with place("postgres") as where:
        yield where.settings()


def opened(settings: dict[str, Any], said: list[Event] | None = None) -> PostgresRate:
    context = BackendContext(Path(".reconciler") / "w", "w", environ=dict(os.environ))
    said = [] if said is None else said
    found = open_shared_rate(BackendSettings("postgres", settings), context, "p/main", RATE, said.append)
    assert isinstance(found, PostgresRate)
    return found


def test_turns_of_all_processes_are_apart(settings: dict[str, Any]) -> None:
    one, other = opened(settings), opened(settings)
    began, moments = time.monotonic(), []
    for number in range(20):
        turns = (one, other)[number % 2].take(1 + number % 4)
        moments += [time.monotonic() + turns.wait + count * turns.gap for count in range(turns.count)]
    assert len(moments) == 50
    assert max(moments) - began >= 49 * GAP
    one.close(), other.close()


@given(
    answers=st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.floats(0.0, 60.0)), min_size=1),
    apart=st.floats(-1e9, 1e9),
    drift=st.floats(-DRIFT / 2, DRIFT / 2),
)
def test_however_long_answers_take_the_time_of_the_server_is_known_as_well_as_the_quickest_told_it(
    answers: list[tuple[float, float, float]], apart: float, drift: float
) -> None:
    clock, now, best = ServerClock(), 1000.0, float("inf")
    for there, back, pause in answers:
        moment = now + there
        found = clock.find(now, moment + back, moment * (1 + drift) + apart)
        best = min(best, (there + back) / 2)
        assert now <= found <= moment + back
        # Each answer that replaced a better one may have added a little.
        assert abs(found - moment) <= best + 2 * len(answers) * 0.001 + 3 * DRIFT * (moment - 1000.0)
        now = moment + back + pause


def test_a_clock_that_jumps_is_believed_again_at_once() -> None:
    clock = ServerClock()
    clock.find(0.0, 0.001, 5000.0)
    assert clock.find(10.0, 10.5, 9000.0) == pytest.approx(10.25)
    assert clock.find(20.0, 20.9, 9010.0) == pytest.approx(20.25)


def test_what_a_dead_process_took_holds_nobody_longer_than_it_lasts(settings: dict[str, Any]) -> None:
    with closing(opened(settings)) as one, closing(opened(settings)) as other:
        one.take(5)
        assert other.take(1).wait <= 5 * GAP


def test_a_pause_that_one_was_asked_for_is_kept_by_all(settings: dict[str, Any]) -> None:
    with closing(opened(settings)) as one, closing(opened(settings)) as other:
        one.take(1)
        one.pause(300.0)
        assert other.take(1).wait > 250


def passed(one: PostgresRate, seconds: float) -> None:
    """So much time passes for the account's row, and its pause is over."""
    change = "update {schema}.rate_found set at = at - make_interval(secs => %(seconds)s) where name = %(name)s"
    one._database.do(lambda run: run.change(change, seconds=seconds))
    one._database.do(
        lambda run: run.change("update {schema}.rate set held = clock_timestamp() where name = %(name)s")
    )


def test_what_one_learned_from_refusals_is_known_to_all_and_forgotten_by_halves(settings: dict[str, Any]) -> None:
    with closing(opened(settings)) as one, closing(opened(settings)) as other:
        assert one.take(1).gap == pytest.approx(GAP)
        one.pause(300.0)
        other.pause(300.0)
        assert other.take(1).gap == pytest.approx(GAP * SLOWER, rel=0.1), "refusals of one moment are one"
        for _ in range(4):
            passed(one, 2.0)
            one.pause(0.001)
        slow = SLOWER**5
        assert other.take(1).gap == pytest.approx(GAP * slow, rel=0.1)
        passed(one, FASTER)
        assert other.take(1).gap == pytest.approx(GAP * (1 + (slow - 1) / 2), rel=0.1)
        passed(one, 50 * FASTER)
        assert other.take(1).gap == pytest.approx(GAP, rel=0.01)
        for _ in range(50):
            passed(one, 2.0)
            one.pause(0.001)
        assert other.take(1).gap <= GAP * SLOWEST


def test_a_server_whose_clock_was_put_back_holds_nobody(settings: dict[str, Any]) -> None:
    with closing(opened(settings)) as one:
        one.take(1)
        one._database.do(
            lambda run: run.change("update {schema}.rate set next = next + interval '9 days', held = next")
        )
        one._database.do(lambda run: run.change("update {schema}.rate set held = held + interval '9 days'"))
        assert one.take(1).wait < 1.0
        assert one.take(1).wait < 1.0


@pytest.mark.skipif(missing_postgres() is not None, reason="rare: no PostgreSQL server is installed")
def test_while_the_database_is_away_each_process_takes_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Event] = []
    with postgres() as server:
        settings = {"dsn": server.dsn}
        one, other = opened(settings, said), opened(settings)
        one.take(1), other.take(1)
        one._said = float("-inf")
        one.take(1)
        server.kill()
        turns = [one.take(3) for _ in range(3)]
        assert [turn.count for turn in turns] == [1, 1, 1]
        assert turns[-1].gap == pytest.approx(2 * GAP), "there are two of them"
        assert turns[-1].wait >= 3 * GAP
        assert len(said) == 1
        server.start()
        one._back = float("-inf")
        assert one.take(3).count == 3
        one.close(), other.close()


def test_its_settings_are_those_of_the_project_file() -> None:
    from reconciler.backends.shared_rate import SETTINGS
    from reconciler.core.setting_reader import STATE

    assert set(SHARED_SETTINGS) == {*SETTINGS} - set(STATE)


class Handing:
    """Gives out turns in memory, and says how many were asked for at once."""

    def __init__(self, wait: float = 0.0) -> None:
        self.asked: list[int] = []
        self.paused: list[float] = []
        self.wait = wait

    def take(self, most: int) -> Turns:
        self.asked.append(most)
        return Turns(self.wait, most, 0.05)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    def close(self) -> None: ...


def paced(clock: Any, shared: Handing, rate: float = 20) -> RateLimiter:
    return RateLimiters().of("a", clock, budget=Budget("p main", rate, share=lambda: shared))


def test_a_process_that_was_frozen_does_not_use_old_turns() -> None:
    clock, shared = JumpingClock(), Handing()
    pace = paced(clock, shared)
    pace._turns.extend((1000.0 + count, 1000.1 + count) for count in range(5))
    clock.seconds += 60
    pace.passed(pace.wait(Waits(clock, "to send")))
    assert shared.asked == [1]
    assert not pace._turns


@pytest.mark.parametrize(("late", "lost"), [(0.0, 0), (0.02, 0), (0.1, 1)])
def test_a_request_that_was_held_up_on_its_way_takes_the_place_of_a_later_one(late: float, lost: int) -> None:
    clock, shared = JumpingClock(), Handing()
    pace = paced(clock, shared)
    sent = pace.wait(Waits(clock, "to send"))
    clock.seconds += late
    pace.on_the_wire(sent)
    pace.passed(sent)
    for _ in range(3):
        pace.passed(pace.wait(Waits(clock, "to send")))
    assert len(shared.asked) == 4 + lost
    assert not pace._owed


def test_a_refusal_is_told_to_all() -> None:
    clock, shared = JumpingClock(), Handing()
    pace = paced(clock, shared)
    pace.turned_away(pace.wait(Waits(clock, "to send")), 9.0)
    pace.turned_away(pace.wait(Waits(clock, "to send")), None)
    assert shared.paused == [9.0, 1.0]


def test_no_more_requests_at_a_time_than_the_account_takes() -> None:
    clock = JumpingClock()
    pace = RateLimiters().of("a", clock, budget=Budget("p main", concurrency=1))
    for _ in range(50):
        pace.passed(pace.wait(Waits(clock, "to send")))  # nothing is known to be limited
    sent = pace.wait(Waits(clock, "to send"))
    later: list[int] = []

    def send() -> None:
        pace.passed(pace.wait(Waits(clock, "to send")))
        later.append(pace.under_way)

    thread = threading.Thread(target=send)
    thread.start()
    thread.join(0.3)
    assert not later
    pace.passed(sent)
    thread.join(10)
    assert later == [0]


def test_workspaces_of_one_named_account_share_its_pace_whatever_their_keys() -> None:
    paces, clock, budget = RateLimiters(), JumpingClock(), Budget("p main", 20)
    first = paces.of("key a", clock)
    assert paces.of("key a", clock, budget=budget) is first
    assert paces.of("key b", clock, 5, budget) is first
    assert paces.of("key b", clock) is first
    assert first._learned.ceiling == 5


PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {{name: {name}}}
default_workspace: production
accounts:
  main:
    requests_per_second: {rate}
    shared: {{backend: postgres, dsn: {{env: DATABASE}}, name: tavus}}
workspaces:
  production:
    provider: {{type: tavus, account: main, base_url: '{url}', api_key: {{env: KEY}}}}
"""
EACH = 15
BURST = 5.0


@contextmanager
def limited(rate: float) -> Iterator[Any]:
    """A served account that takes so many requests a second, and few at once: what a busy machine bunches up."""
    from reconciler.platforms.tavus.simulator.faults import Faults, Limit
    from reconciler.platforms.tavus.simulator.http_server import SimulatorServer
    from reconciler.platforms.tavus.simulator.service import Service
    from reconciler.platforms.tavus.simulator.world_store import Store

    server = SimulatorServer("127.0.0.1", 0, Service(Store(None), faults=Faults(limit=Limit(rate, BURST))))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.timeout(60)
def test_two_processes_on_one_limit_are_never_turned_away_and_a_killed_one_holds_nobody(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KEY": "any", "DATABASE": settings["dsn"]}
    processes = []
    with limited(RATE) as server:
        for name in ("a", "b", "killed"):
            folder = tmp_path / name / "manifests"
            folder.mkdir(parents=True)
            (folder / "reconciler.yaml").write_text(PROJECT.format(name=name, rate=RATE, url=server.url))
            for number in range(EACH):
                text = PERSONA.replace("name: desk", f"name: {name}{number}").replace("Desk", f"{name} {number}")
                (folder / f"{number}.yaml").write_text(text)
            words = [sys.executable, "-m", "reconciler", "apply", "--auto-approve", "--format", "json"]
            processes.append(
                forked.Popen(
                    words, env=environment, cwd=tmp_path / name, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
            )
        while not any(seen.method == "POST" for seen in server.service.requests):
            assert processes[-1].poll() is None
        processes[-1].send_signal(signal.SIGKILL)
        ended = [process.communicate() for process in processes]
        requests = server.service.requests
    for (out, err), process in list(zip(ended, processes, strict=True))[:2]:
        assert process.returncode == 0, err.decode()
        assert json.loads(out)["summary"]

    assert len(requests) > 2 * EACH
    assert [seen for seen in requests if seen.status == 429] == []
