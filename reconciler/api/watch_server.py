"""The status of a running watcher or worker over HTTP: health, metrics, JSON, a page; read only."""

from __future__ import annotations

import ipaddress
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit

from reconciler.core.fields.web_addresses import parse_endpoint
from reconciler.core.operator_trust import ALLOWED_HOSTS, Operator
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.api.fleet import Rounds
    from reconciler.api.watch import Fleet, Watched

HERE = "127.0.0.1"
SECONDS = 10.0
"""How long a request may take to arrive."""
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
SILENT = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PLAIN = "text/plain; charset=utf-8"
Page: TypeAlias = "tuple[int, str, str, str]"
"""Status, content type, policy and body."""


@dataclass(frozen=True, slots=True)
class Pages:
    """What is served."""

    answer: Callable[[str], Page]
    """The page at a path."""
    environ: Mapping[str, str]
    """Has the names under which this machine is known."""
    complain: Callable[[str], None]
    """Called with the path of a page that could not be made."""


def pages_of(fleet: Fleet) -> Pages:
    """Those of a watcher."""
    return Pages(lambda path: answer(fleet, path), fleet.workspaces[0].session.environ, fleet.complain)


def worker_pages(rounds: Rounds, environ: Mapping[str, str]) -> Pages:
    """Those of a fleet's worker: whether it lives, whether it takes rounds, and how many it made."""

    def answer(path: str) -> Page:
        from reconciler.reporters.openmetrics import CONTENT_TYPE, worker_metrics

        match path:
            case "/healthz":
                return 200, PLAIN, SILENT, "ok\n"
            case "/readyz":
                ready = rounds.ready.is_set() and not rounds.stop.is_set()
                return (200, PLAIN, SILENT, "ok\n") if ready else (503, PLAIN, SILENT, "takes no rounds\n")
            case "/metrics":
                return 200, CONTENT_TYPE, SILENT, worker_metrics(rounds.counts)
        return 404, PLAIN, SILENT, "there is no such page\n"

    return Pages(answer, environ, rounds.complain)


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of `--listen`: `127.0.0.1:9090`, `:9090`, `9090`, `[::1]:9090`. Raises `UsageError`."""
    found = re.fullmatch(r"(?:(?P<host>[^:\[\]]*|\[[0-9a-fA-F:.]+\]):)?(?P<port>[0-9]{1,5})", text)
    if found is None or int(found["port"]) > 65535:
        raise UsageError(f"--listen {text}: that is no address", hint="for example 127.0.0.1:9090, or 9090")
    return (found["host"] or HERE).strip("[]"), int(found["port"])


@contextmanager
def serving(pages: Pages, address: str) -> Iterator[str]:
    """Answer at `address` while the block runs; the URL of the page. Raises `UsageError` where that is not free."""
    host, port = parse_address(address)

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        daemon_threads = True

    try:
        server = Server((host, port), _handler(pages))
    except OSError as error:
        raise UsageError(
            f"--listen {address}: {error.strerror or error}", hint="choose another port; 0 takes a free one"
        ) from None
    thread = threading.Thread(target=server.serve_forever, args=(0.2,), name="listen", daemon=True)
    thread.start()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def is_known(host: str | None, environ: Mapping[str, str]) -> bool:
    """Whether a `Host` header names this machine by an address, or by a name that the operator gave: a page of
    somebody else, whose name was made to lead here, reads nothing."""
    place = parse_endpoint(f"http://{host}") if host else None
    if place is None:
        return False
    with suppress(ValueError):
        return bool(ipaddress.ip_address(place.host))
    try:
        return place.is_loopback or Operator(environ).lists(place)
    except UsageError:  # the list cannot be read
        return False


def answer(fleet: Fleet, path: str) -> Page:
    """The page of a watcher at `path`."""
    from reconciler.reporters.openmetrics import CONTENT_TYPE, metrics_text
    from reconciler.reporters.watch_status import seen_object

    workspaces = fleet.workspaces
    redactor, now = workspaces[0].session.redactor, workspaces[0].now
    seen = [redactor.record(workspace.seen) for workspace in workspaces]
    match path:
        case "/healthz":
            dead = fleet.dead()
            return (503, PLAIN, SILENT, f"ended: {', '.join(dead)}\n") if dead else (200, PLAIN, SILENT, "ok\n")
        case "/readyz":
            waits = [one.workspace for one in seen if one.round is None]
            missing = f"not looked at yet: {', '.join(waits)}\n"
            return (503, PLAIN, SILENT, missing) if waits else (200, PLAIN, SILENT, "ok\n")
        case "/metrics":
            return 200, CONTENT_TYPE, SILENT, metrics_text(seen)
        case "/status.json":
            document = {"format_version": "1.0", "workspaces": [seen_object(one, now) for one in seen]}
            return 200, "application/json", SILENT, json.dumps(document, indent=1) + "\n"
        case "/":
            from reconciler.reporters.watch_status import watch_page

            page = watch_page(workspaces[0].session.project.name, seen, now)
            return 200, "text/html; charset=utf-8", SILENT, page
    name = unquote(path.removeprefix("/plan/")) if path.startswith("/plan/") else ""
    watched = next((workspace for workspace in workspaces if workspace.name == name), None)
    if watched is None or watched.plan is None:
        return 404, PLAIN, SILENT, "there is no such page\n"
    return 200, "text/html; charset=utf-8", "frame-ancestors 'none'", _plan_page(watched)


def _plan_page(watched: Watched) -> str:
    from reconciler.api.render import render_report
    from reconciler.types.report import Report, Style

    when = f"Looked at {watched.memory.looked:%Y-%m-%d %H:%M:%S} UTC." if watched.memory.looked else ""
    report = Report("plan", watched.name, watched.plan, None, (), 0, (when,) if when else ())
    return str(render_report(report, "html", Style(), watched.session.redactor))


def _handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS
        server_version = "reconciler"
        sys_version = ""

        def do_GET(self) -> None:
            if not is_known(self.headers.get("Host"), pages.environ):
                self._send(421, PLAIN, SILENT, f"this name is not known here; {ALLOWED_HOSTS} lists those that are\n")
                return
            try:
                self._send(*pages.answer(urlsplit(self.path).path))
            except (ConnectionError, TimeoutError):
                return  # whoever asked is gone
            except Exception as error:  # a fault in a page must not leave a traceback, nor end the watcher
                pages.complain(f"{urlsplit(self.path).path}: {type(error).__name__}")
                self._send(500, PLAIN, SILENT, "this page cannot be made\n")

        def __getattr__(self, name: str) -> Callable[[], None]:
            if not name.startswith("do_"):
                raise AttributeError(name)
            if name == "do_HEAD":
                return self.do_GET
            return lambda: self._send(405, PLAIN, SILENT, "only GET\n")

        def _send(self, status: int, kind: str, policy: str, body: str) -> None:
            data = body.encode("utf-8", "replace")
            self.send_response(status)
            named = {"Content-Type": kind, "Content-Security-Policy": policy, "Content-Length": str(len(data))}
            for name, value in {**HEADERS, **named, **({"Allow": "GET, HEAD"} if status == 405 else {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: who looks is nobody's business here."""

    return Handler
