"""The history as it stands in the state document: an anchor, one line an entry, and the run that is at work."""

from __future__ import annotations

import json

from reconciler.core.serialization.record_codec import from_json, to_json
from reconciler.types.history import History, Running
from reconciler.types.json import Json

_dump = json.JSONEncoder(sort_keys=True, separators=(", ", ": "), check_circular=False).encode


def history_lines(history: History) -> list[str]:
    """Lines of the document; none for a state that was never applied to."""
    if history == History():
        return []
    entries = [_dump(to_json(entry)) for entry in history.entries]
    lines = [entry + "," for entry in entries[:-1]] + entries[-1:]
    return [f'"history": {{"anchor": {_dump(to_json(history.anchor))}, "entries": [', *lines, "]},"]


def history_from_json(value: Json, where: str) -> History:
    """The inverse of `history_lines`; packed pre-images stay packed. Raises `Malformed`."""
    return History() if value is None else from_json(History, value, where)


def running_line(running: Running | None) -> list[str]:
    """The run at work; no line where there is none."""
    return [] if running is None else [f'"running": {_dump(to_json(running))},']


def running_from_json(value: Json, where: str) -> Running | None:
    """The inverse of `running_line`. Raises `Malformed`."""
    return None if value is None else from_json(Running, value, where)
