"""Somebody who edits the account of a sandbox by hand, between two commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.types.json import Json, Object


@contextmanager
def dashboard(root: Path, workspace: str = "sandbox") -> Iterator[httpx.Client]:
    """A client of the world that the commands in `root` see."""
    transport = SimulatorTransport(root / ".reconciler" / workspace / "world.json")
    client = httpx.Client(transport=transport, base_url="http://127.0.0.1/v2", headers={"x-api-key": "somebody"})
    try:
        yield client
    finally:
        client.close()


def edit_persona(root: Path, name: str, *ops: Object) -> None:
    """JSON Patch by the human name of a persona."""
    with dashboard(root) as client:
        answer = client.patch(f"/pals/{id_of(client, name)}", json=list(ops))
        assert answer.status_code == 200, answer.text


def id_of(client: httpx.Client, name: str) -> str:
    """The id of the persona called `name`."""
    rows = client.get("/pals", params={"limit": 100, "pal_type": "user"}).json()["data"]
    return str(next(row["pal_id"] for row in rows if row["pal_name"] == name))


def replaced(path: str, value: Json) -> Object:
    """One operation."""
    return {"op": "add", "path": path, "value": value}
