"""The document beside the state <-> bytes: what people ask of a watched workspace.

It begins as a state does, with lineage and serial, so that servers which mind those take it.
"""

from __future__ import annotations

import json
from dataclasses import replace

from reconciler.core.serialization import record_codec
from reconciler.core.serialization.checked_json import Malformed, Unfit, parse_json
from reconciler.errors import StateUnreadable
from reconciler.types.json import Object
from reconciler.types.watch import Requests

TYPE = "reconciler-watch"
FORMAT = 1


def dump_requests(requests: Requests) -> bytes:
    """The document."""
    body = record_codec.to_json(replace(requests, lineage="", serial=0))
    head: Object = {"type": TYPE, "format": FORMAT, "lineage": requests.lineage, "serial": requests.serial}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in {**head, "body": body}.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("ascii")


def parse_requests(data: bytes | None, where: str) -> Requests:
    """The record; an empty one where there is no document yet. Raises `StateUnreadable`."""
    if data is None:
        return Requests()
    try:
        found = parse_json(data, own=True)
        if not isinstance(found, dict) or found.get("type") != TYPE or found.get("format") != FORMAT:
            raise Malformed("it is none of this version")
        lineage, serial = found.get("lineage"), found.get("serial")
        body = found.get("body")
        if not isinstance(lineage, str) or not isinstance(serial, int) or not isinstance(body, dict):
            raise Malformed("lineage, serial or body is missing")
        return record_codec.from_json(Requests, {**body, "lineage": lineage, "serial": serial}, "/body")
    except (Malformed, Unfit) as error:
        raise StateUnreadable(
            f"the requests to the watcher at {where} cannot be read: {error}",
            hint="nothing is written until they can be; where they are of no use any more, delete that document",
        ) from None
