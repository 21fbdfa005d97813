"""The document beside the state <-> bytes: what people ask of a watched workspace.

It begins as a state does, with lineage and serial, so that servers which mind those take it.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from hashlib import sha256

from reconciler.core.serialization import record_codec
from reconciler.core.serialization.checked_json import Malformed, Unfit, parse_json
from reconciler.errors import StateUnreadable
from reconciler.types.json import Object
from reconciler.types.watch import Answer, Requests, WaitingPlan

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


def sign_answer(answer: Answer, waiting: WaitingPlan, key: bytes | None) -> Answer:
    """The answer, signed with all that it is about where there is a `key`."""
    return answer if key is None else replace(answer, signature=_signature(answer, waiting, key))


def without_forged_yes(requests: Requests, key: bytes | None) -> Requests:
    """The same without a yes that `key` did not sign: who can write to the store alone lets nothing through."""
    waiting, answer = requests.waiting, requests.answer
    if key is None or waiting is None or answer is None or not answer.yes:
        return requests
    signed = hmac.compare_digest(
        answer.signature.encode("utf-8", "replace"), _signature(answer, waiting, key).encode()
    )
    return requests if signed else replace(requests, answer=None)


def _signature(answer: Answer, waiting: WaitingPlan, key: bytes) -> str:
    about = [TYPE, waiting.commit, waiting.expires.isoformat(), record_codec.to_json(replace(answer, signature=""))]
    return hmac.new(key, json.dumps(about, sort_keys=True).encode("ascii"), sha256).hexdigest()
