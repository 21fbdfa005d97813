"""The simulated account on a port of this machine, whose writes wait until the test lets them through."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.platforms.tavus.simulator.http_server import SimulatorServer, open_service
from reconciler.platforms.tavus.simulator.http_types import Call
from reconciler.platforms.tavus.simulator.service import Exchange, Service


class Gate:
    """Stands before the service: `arrived` says that a write waits, `open` lets writes through."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.arrived = threading.Event()
        self.open = threading.Event()
        self.open.set()
        self.writes: list[str] = []
        """Method and path of every write so far."""

    def exchange(self, call: Call) -> Exchange:
        if call.method != "GET":
            self.writes.append(f"{call.method} {call.path}")
            self.arrived.set()
            assert self.open.wait(300)
        return self._service.exchange(call)

    def shut(self) -> None:
        """From now on writes wait."""
        self.open.clear()
        self.arrived.clear()


@contextmanager
def gated_account() -> Iterator[tuple[str, Gate]]:
    """Base URL and gate of an account of its own, in memory."""
    service = open_service(None, None, None)
    gate = Gate(service)
    server = SimulatorServer("127.0.0.1", 0, gate)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.url, gate
    finally:
        gate.open.set()
        server.shutdown()
        server.server_close()
        service.close()
        thread.join()
