"""The simulated service on a port of this machine: HTTP/1.1 with keep-alive, a thread per connection."""

from __future__ import annotations

import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from urllib.parse import parse_qsl, urlsplit

from reconciler.errors import ReconcilerError, UsageError
from reconciler.platforms.tavus.simulator.faults import Faults, Mood, load_faults
from reconciler.platforms.tavus.simulator.http_types import Call
from reconciler.platforms.tavus.simulator.service import Exchange, Service
from reconciler.platforms.tavus.simulator.world_file import seed_world
from reconciler.platforms.tavus.simulator.world_store import Store
from reconciler.types.json import number_in

LARGEST_BODY = 32 * 1024 * 1024
BODILESS = frozenset({204, 304})


class SimulatorServer(ThreadingHTTPServer):
    """Listens from the moment it is made; `serve_forever` answers."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, host: str, port: int, service: Service, *, log: Callable[[str], None] | None = None) -> None:
        self.service = service
        self.log = log
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        host, port = self.server_address[:2]
        name = str(host)
        return f"http://[{name}]:{port}/v2" if ":" in name else f"http://{name}:{port}/v2"

    def server_bind(self) -> None:
        # The inherited version asks the resolver for this machine's name, which can hang without a network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news; anything else is a line, never a traceback."""
        error = sys.exc_info()[1]
        if self.log is not None and not isinstance(error, ConnectionError | TimeoutError):
            self.log(f"internal error: {type(error).__name__}: {error}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "simulator"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: SimulatorServer

    def _is_welcome(self) -> bool:
        """Whether the request was meant for this server: a web page, by a name that it made lead here (DNS
        rebinding) or from an origin of its own, is not."""
        host, origin = self.headers.get("host", ""), self.headers.get("origin")
        return (not host or _is_ours(host)) and (origin is None or _is_ours(origin.partition("//")[2], here=True))

    def _serve(self) -> None:
        if not self._is_welcome():
            self._refuse(403)
            return
        body = self._read_body()
        if body is None:
            return
        path, _, query = self.path.partition("?")
        call = Call(
            method=self.command,
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        try:
            result = self.server.service.exchange(call)
        except Exception as error:
            # The world file cannot be used, or a bug: say so in the log, and answer as a broken server would.
            if self.server.log is not None:
                text = error.message if isinstance(error, ReconcilerError) else f"{type(error).__name__}: {error}"
                self.server.log(f"error: {text}")
            result = Exchange(500, {"content-type": "application/json"}, b'{"error": "Internal server error"}')
        if self.server.log is not None:
            self.server.log(f"{self.command} {path} {result.status or 'broken'}")
        self._send(result)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def _read_body(self) -> bytes | None:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return self._read_chunks()
        length = number_in(self.headers.get("content-length", "0"))
        if length is None or length > LARGEST_BODY:
            self._refuse(400 if length is None else 413)
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        return body

    def _read_chunks(self) -> bytes | None:
        parts: list[bytes] = []
        while True:
            size = self.rfile.readline(64).split(b";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                self._refuse(400)
                return None
            if length == 0:
                break
            parts.append(self.rfile.read(length))
            self.rfile.readline(4)
            if sum(map(len, parts)) > LARGEST_BODY:
                self._refuse(413)
                return None
        while self.rfile.readline(1024).strip():
            pass
        return b"".join(parts)

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._send(Exchange(status, {"content-type": "application/json"}, b'{"error": "Bad Request."}'))

    def _send(self, result: Exchange) -> None:
        if result.status is None:
            self.close_connection = True
            return
        self.send_response(result.status)
        for name, value in result.headers.items():
            self.send_header(name, value)
        if result.status not in BODILESS:
            self.send_header("content-length", str(len(result.body)))
        if self.close_connection or result.cut is not None:
            self.send_header("connection", "close")
            self.close_connection = True
        self.end_headers()
        if result.status not in BODILESS and self.command != "HEAD":
            self.wfile.write(result.body[: result.cut])
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are logged by `_serve`, without headers or bodies: nothing secret gets there."""


def _is_ours(netloc: str, *, here: bool = False) -> bool:
    """Whether the host in `host:port` is this machine's name or a number, which no name server can give away; `here`:
    a number of this machine."""
    try:
        host = urlsplit(f"//{netloc}").hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback or not here
    except ValueError:
        return False


def open_service(world: Path | None, seed: Path | None, faults: Path | None, mood: Mood | None = None) -> Service:
    """The service behind `serve`. A seed is used where there is no world file yet. Raises `ReconcilerError`."""
    found = load_faults(faults) if faults is not None else Faults()
    start = None
    if seed is not None:
        try:
            text = seed.read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read the seed file {seed}: {error.strerror}") from None
        start = seed_world(text, str(seed), secrets.token_hex(16))
    return Service(Store(world, seed=start), faults=found, mood=mood)


def serve(
    host: str,
    port: int,
    *,
    world: Path | None,
    seed: Path | None,
    faults: Path | None,
    verbose: bool,
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or Ctrl-C. `ready` gets the base URL once the port is open; port 0 takes a free one.

    Without `world` the account lives in memory. Raises `UsageError` when the port cannot be opened, and
    `ReconcilerError` for a world, seed or faults file that cannot be used.
    """
    service = open_service(world, seed, faults)
    try:
        server = SimulatorServer(host, port, service, log=_log if verbose else None)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot listen on {host}:{port}: {reason}", hint="choose another --port, or 0") from None
    previous = _stop_on_sigterm(server)
    try:
        ready(server.url)
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)
        server.server_close()
        service.close()


def _stop_on_sigterm(server: SimulatorServer) -> Callable[[int, FrameType | None], object] | int | None:
    if threading.current_thread() is not threading.main_thread():
        return None

    def stop(_: int, __: FrameType | None) -> None:
        # `shutdown` waits for the loop, which runs in this very thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    return signal.signal(signal.SIGTERM, stop)


def _log(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
