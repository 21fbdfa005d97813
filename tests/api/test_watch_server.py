"""The status over HTTP: true, escaped, without secrets, and for nobody whose page was made to lead here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reconciler.api.fleet import Rounds
from reconciler.api.session import Session, SystemClock
from reconciler.api.watch import Fleet, Watched
from reconciler.api.watch_server import is_known, pages_of, parse_address, serving, worker_pages
from reconciler.errors import UsageError
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS
from reconciler.reporters.openmetrics import METRICS, WORKER_METRICS
from reconciler.types.watch import Memory, Mode, Round, Status, Watch, WorkerCounts
from tests.cli.conftest import PERSONA

SECRET = "s3cr3t-value-of-a-key"
HOSTILE = f"<script>alert(1)</script> & {SECRET}"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """One workspace that can be looked at, and one that failed with a reason of somebody else's making."""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "desk.yaml").write_text(PERSONA)
    project = load_project(tmp_path, PLATFORMS)
    session = Session(
        project=project, workspace=project.workspaces["sandbox"], clock=SystemClock(), emit=lambda event: None,
        environ={},
    )  # fmt: skip
    session.redactor.learn(SECRET)
    other = Watched(replace(session, workspace=replace(session.workspace, name='o"<i>')), Watch())
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    other.last, other.memory = Round(other.name, Status.FAILED, HOSTILE), Memory(Status.FAILED, now, looked=now)
    return Fleet([Watched(session, Watch(mode=Mode.AUTO)), other], lambda one, done, before: None, print)


@pytest.fixture
def url(fleet: Fleet) -> Iterator[str]:
    with serving(pages_of(fleet), "0") as found:
        yield found


def ask(url: str, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def test_it_is_ready_once_all_were_looked_at(fleet: Fleet, url: str) -> None:
    assert ask(url, "/healthz")[0].status == 200
    answer, body = ask(url, "/readyz")
    assert (answer.status, "sandbox" in body) == (503, True)
    first = json.loads(ask(url, "/status.json")[1])["workspaces"][0]
    assert (first["status"], first["next"]) == (None, None)
    fleet.one_round(fleet.workspaces[0], called=True)
    assert ask(url, "/readyz")[0].status == 200
    first = json.loads(ask(url, "/status.json")[1])["workspaces"][0]
    assert (first["status"], first["writes"], first["rounds"]) == ("synced", 1, {"synced": 1})
    assert first["requests"] > 0
    assert first["next"] >= first["looked"]
    assert "1 changes" not in first["reason"]


def test_a_thread_that_ended_is_not_healthy(fleet: Fleet, url: str) -> None:
    fleet.workspaces = fleet.workspaces[:1]
    fleet.one_round = None  # type: ignore[assignment, method-assign]
    import threading

    hook, threading.excepthook = threading.excepthook, lambda args: None
    try:
        fleet.run()
    finally:
        threading.excepthook = hook
    answer, body = ask(url, "/healthz")
    assert (answer.status, "sandbox" in body) == (503, True)


def test_every_metric_is_there_for_every_workspace(fleet: Fleet, url: str) -> None:
    fleet.one_round(fleet.workspaces[0], called=True)
    body = ask(url, "/metrics")[1]
    sample = re.compile(r'[a-z_]+\{([a-z]+="([^"\\\n]|\\.)*",?)+\} -?[0-9.e+]+')
    samples = [line for line in body.splitlines() if not line.startswith("#")]
    assert all(sample.fullmatch(line) for line in samples)
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.type}" in body
        assert f'{metric.name}{{workspace="sandbox"' in body, metric.name
    assert 'reconciler_watch_status{workspace="sandbox",status="synced"} 1' in body
    assert 'reconciler_watch_status{workspace="o\\"<i>",status="failed"} 1' in body


def test_a_worker_tells_whether_it_takes_rounds_and_how_many_it_made() -> None:
    rounds = Rounds(lambda project: pytest.fail("no round is asked for"))
    with serving(worker_pages(rounds, {}), "0") as url:
        assert ask(url, "/healthz")[0].status == 200
        assert ask(url, "/readyz")[0].status == 503
        rounds.ready.set()
        assert ask(url, "/readyz")[0].status == 200
        rounds.counts = WorkerCounts(1, {"synced": 3}, 40)
        body = ask(url, "/metrics")[1]
        for metric in WORKER_METRICS:
            assert f"# TYPE {metric.name} {metric.type}" in body
        assert {'reconciler_worker_rounds_total{status="synced"} 3', "reconciler_worker_requests_total 40"} <= {
            *body.splitlines()
        }
        assert [ask(url, path)[0].status for path in ("/", "/status.json")] == [404, 404]
        assert ask(url, "/metrics", Host="attacker.example")[0].status == 421
        rounds.stop.set()
        assert [ask(url, path)[0].status for path in ("/healthz", "/readyz")] == [200, 503], (
            "it ends what is under way"
        )


@pytest.mark.parametrize("path", ["/", "/status.json", "/metrics", "/readyz", "/plan/sandbox"])
def test_nothing_in_it_is_markup_or_secret(fleet: Fleet, url: str, path: str) -> None:
    fleet.one_round(fleet.workspaces[0], called=True)
    answer, body = ask(url, path)
    assert answer.status == 200
    assert SECRET not in body
    if answer.headers["Content-Type"].startswith("text/html"):
        assert "<script>alert" not in body and "<i>" not in body
        assert not re.search(r'(src|href)="(?!/plan/|#)', body), "it loads nothing from anywhere"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_the_page_leads_to_the_plan(fleet: Fleet, url: str) -> None:
    assert ask(url, "/plan/sandbox")[0].status == 404, "before the first look there is none"
    fleet.one_round(fleet.workspaces[0], called=True)
    body = ask(url, "/")[1]
    (link,) = re.findall(r'href="(/plan/[^"]+)"', body)
    assert "persona.desk" in ask(url, link)[1]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_only_tells(url: str, method: str) -> None:
    assert ask(url, "/", method)[0].status == 405


def test_a_look_at_the_head_has_no_body(url: str) -> None:
    answer, body = ask(url, "/", "HEAD")
    assert (answer.status, body) == (200, "")


@pytest.mark.parametrize("path", ["/plan/", "/plan/nowhere", "/plan/..%2f..%2fetc%2fpasswd", "/favicon.ico", "/%00"])
def test_there_is_nothing_else(url: str, path: str) -> None:
    assert ask(url, path)[0].status == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "", "a b"])
def test_a_name_that_was_made_to_lead_here_reads_nothing(url: str, host: str) -> None:
    answer, body = ask(url, "/status.json", Host=host)
    assert answer.status == 421
    assert "workspaces" not in body


@pytest.mark.parametrize(
    ("host", "known"),
    [("127.0.0.1:9090", True), ("[::1]:9090", True), ("localhost", True), ("10.0.0.7", True), ("watch.example", True),
     ("a.internal.example", True), ("internal.example", False), ("watch.example.evil", False), (None, False),
     ("near.example:9090", True), ("near.example:80", False), ("watch.example.", True),
     ("evil\\@watch.example", False)],
)  # fmt: skip
def test_names_that_the_operator_gave_are_known(host: str | None, known: bool) -> None:
    names = "watch.example, *.internal.example, near.example:9090"
    assert is_known(host, {"RECONCILER_ALLOWED_HOSTS": names}) is known


@pytest.mark.parametrize(
    ("text", "address"),
    [("9090", ("127.0.0.1", 9090)), (":9090", ("127.0.0.1", 9090)), ("0.0.0.0:80", ("0.0.0.0", 80)),
     ("[::1]:1", ("::1", 1))],
)  # fmt: skip
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "x", "1:2:3", "127.0.0.1", "127.0.0.1:99999", "-1", "a:b"])
def test_what_is_no_address_is_said(text: str) -> None:
    with pytest.raises(UsageError):
        parse_address(text)


def test_an_address_that_is_taken_is_said(fleet: Fleet, url: str) -> None:
    with pytest.raises(UsageError), serving(pages_of(fleet), urlsplit(url).netloc):
        pass
