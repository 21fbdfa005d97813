"""State <-> bytes: one JSON document, one line a resource, guarded by a checksum; older formats are upgraded on read.

    {
    "format": 3, "lineage": ..., "serial": ..., "project": ..., "workspace": ..., "salt": ..., "digest_key": ...,
    "plans": [{"digest": ..., "done": ["persona.x"], "finished": ..., "serial": ...}],
    "account": {"owner": ..., "keys": [], "base_url": ...},
    "resources": {"persona.x": {"id": ..., "kind": ..., "sent": {}, "seen": {}, "protect": ..., ...}},
    "pending": [{"address": ..., "kind": ..., "name": ..., "before": [], "at": ...}],
    "history": {"anchor": {...}, "entries": [...]}, "running": {...} (both only where there is something),
    "retired": {"persona.x": ["p1"]},                     (only where there are some)
    "moved_to": ...,                                      (only in what is left behind where a state was kept before)
    "checksum": BLAKE2b over every byte before its own line
    }

Members at their default are left out of a resource. Formats before this one: `UPGRADES`. Nothing here
is a secret: see `core.serialization.digest`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TypeAlias

from reconciler.core.serialization import checked_json as read
from reconciler.core.serialization.checked_json import Malformed, Unfit, address_from, parse_json
from reconciler.core.serialization.digest import Checksum, digest, digest_bytes
from reconciler.core.serialization.record_codec import from_json, to_json
from reconciler.core.state.entry_format import (
    FORMAT,
    entry_from_json,
    entry_to_json,
    intent_from_json,
    intent_to_json,
    upgrade,
)
from reconciler.errors import StateUnreadable
from reconciler.types.address import Address
from reconciler.types.history import History, Running
from reconciler.types.json import Json, Object
from reconciler.types.state import Entry, PlanProgress, State

KnownEntry: TypeAlias = Callable[[str, bytes], Entry | None]
_CHECKSUM = b'\n"checksum": "'
_RESOURCES = '\n"resources": {'
_TODAY = f'{{\n"format": {FORMAT},\n'.encode("ascii")
_HEAD = re.compile(rb'"lineage": ("(?:[^"\\]|\\.)*"),\n"serial": (\d+),')
_TOP = frozenset(
    {
        "format",
        "lineage",
        "serial",
        "project",
        "workspace",
        "salt",
        "digest_key",
        "plans",
        "account",
        "resources",
        "pending",
        "history",
        "running",
        "retired",
        "moved_to",
        "checksum",
    }
)

_MOVED = re.compile(rb'\n"moved_to": "[^\n]*",\n"checksum": "')
_PLAN = frozenset({"digest", "done", "finished", "serial"})

_dump = json.JSONEncoder(sort_keys=True, separators=(", ", ": "), check_circular=False).encode


def new_state(workspace: str, lineage: str, project: str | None = None) -> State:
    """The state of a workspace that has none yet. `lineage` is random; the salt follows from it, so that a plan made
    before the first apply and that apply agree on it."""
    return State(lineage, workspace=workspace, project=project, salt=digest(["salt", lineage]))


def dump_state(state: State) -> bytes:
    """The document for `state`; equal states give equal bytes. It is written a line at a time: a state of thousands
    of resources is never in memory twice."""
    document, checksum = BytesIO(), Checksum()
    for piece in _pieces(state):
        line = piece.encode("ascii")
        document.write(line)
        checksum.add(line)
    document.write(_CHECKSUM + checksum.text.encode("ascii") + b'"\n}\n')
    return document.getvalue()


def _pieces(state: State) -> Iterator[str]:
    """The document up to its checksum, without the last line end."""
    account: Object = {"owner": state.owner, "keys": list(state.keys), "base_url": state.base_url}
    head: Object = {
        "format": FORMAT,
        "lineage": state.lineage,
        "serial": state.serial,
        "project": state.project,
        "workspace": state.workspace,
        "salt": state.salt,
        "digest_key": state.digest_key,
        "plans": [_plan_to_json(plan) for plan in state.plans],
        "account": account,
    }
    yield "{"
    for key, value in head.items():
        yield f'\n"{key}": {_dump(value)},'
    yield _RESOURCES
    between = "\n"
    for address, entry in sorted(state.resources.items()):
        yield f"{between}{_dump(str(address))}: {_dump(entry_to_json(address, entry))}"
        between = ",\n"
    yield '\n},\n"pending": ['
    between = "\n"
    for intent in state.pending:
        yield between + _dump(intent_to_json(intent))
        between = ",\n"
    yield "\n],"
    for line in history_lines(state.history) + running_line(state.running):
        yield f"\n{line}"
    if state.retired:
        retired = ",\n".join(
            f"{_dump(str(address))}: {_dump(list(ids))}" for address, ids in sorted(state.retired.items())
        )
        yield f'\n"retired": {{\n{retired}\n}},'
    if state.moved_to is not None:
        yield f'\n"moved_to": {_dump(state.moved_to)},'


def load_state(
    data: bytes | None,
    workspace: str,
    *,
    lineage: str,
    where: str = "the state",
    project: str | None = None,
    known: KnownEntry | None = None,
) -> State:
    """The state in `data`; a new one with `lineage` where there is none yet.

    `where` says in messages where the bytes come from. Raises `StateUnreadable` for damaged or hand-edited bytes, a
    format newer than this version, and what `check_owner` refuses.
    """
    if data is None:
        return new_state(workspace, lineage, project)
    state = parse_state(data, where=where, known=known)
    check_owner(state, workspace, project, where=where)
    return state


def check_owner(state: State, workspace: str, project: str | None, *, where: str = "the state") -> None:
    """Raise `StateUnreadable` for the state of another project or workspace, and for one that is kept elsewhere now.

    A state of no project is anybody's: whoever writes it first gives it its name.
    """
    if state.moved_to is not None:
        raise StateUnreadable(
            f"{where} was moved to {state.moved_to} (project {state.project!r})",
            hint="take the setting that names the old place out of `state:`, or name the new place",
        )
    if state.project is not None and state.project != project:
        if project is None:
            raise StateUnreadable(
                f"{where} belongs to project {state.project!r}, and this run has no project file",
                hint="run it where the project file is found, or name that with --project",
            )
        raise StateUnreadable(
            f"{where} belongs to project {state.project!r}, not to {project!r}",
            hint="give each project a state of its own (`state:` in the project file); where it was renamed: "
            f"reconciler state migrate --from-project {state.project}",
        )
    if state.workspace != workspace:
        raise StateUnreadable(
            f"{where} belongs to workspace {state.workspace!r}, not to {workspace!r}",
            hint=f"give each workspace a state of its own, or name the workspace {state.workspace!r} again",
        )


def parse_state(data: bytes, *, where: str = "the state", known: KnownEntry | None = None) -> State:
    """The state in `data`, whatever its workspace; `known` may give entries by the address and the bytes of their
    line. Raises `StateUnreadable`."""
    apart = _take_apart(data)
    try:
        document = parse_json(data if apart is None else apart.rest, own=True)
    except Unfit as error:
        raise _damaged(where, f"it is no valid JSON ({error})") from None
    if isinstance(document, dict) and "sealed" in document:
        raise StateUnreadable(
            f"{where} is encrypted", hint="name its key: encryption: {key: {env: NAME}} under `state:`"
        )
    version = document.get("format") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(version, int):
        raise _damaged(where, "it is no state document")
    if version > FORMAT:
        raise StateUnreadable(
            f"{where} has format {version}, this version reads up to {FORMAT}",
            hint="it was written by a newer version of reconciler: upgrade to that version",
        )
    body, mark, rest = data.rpartition(_CHECKSUM)
    if not mark or rest.split() != [digest_bytes(body).encode("ascii") + b'"', b"}"]:
        raise _damaged(where, "its checksum does not fit: it was edited by hand or is damaged")
    del body
    try:
        return _state(upgrade(document), None if apart is None else apart.resources(known))
    except Malformed as error:
        raise _damaged(where, str(error)) from None


@dataclass(frozen=True, slots=True)
class _Apart:
    """A document of today's format as `dump_state` lays it out: its resources can be read one by one."""

    data: bytes
    start: int
    end: int

    @property
    def rest(self) -> bytes:
        """The document without its resources."""
        return self.data[: self.start] + self.data[self.end :]

    def resources(self, known: KnownEntry | None = None) -> Iterator[tuple[str, Json | Entry]]:
        """Address and value of each. Raises `Malformed` for a line that is none."""
        here = self.start
        while here < self.end:
            line_end = self.data.index(b"\n", here + 1)
            line = self.data[here + 1 : line_end]
            here = line_end
            if known is not None:
                line = line.removesuffix(b",")
                name = line[1 : line.find(b'"', 1)].decode("ascii", "replace")
                if (entry := known(name, line)) is not None:
                    yield name, entry
                    continue
            try:
                found = json.loads(b"{" + line.removesuffix(b",") + b"}")
            except (ValueError, RecursionError):
                raise Malformed("/resources: a line that is no JSON") from None
            yield from found.items()


def _take_apart(data: bytes) -> _Apart | None:
    """None for every other layout, such as that of an older format: such a document is read as a whole."""
    mark = _RESOURCES.encode("ascii") + b"\n"
    if not data.startswith(_TODAY) or (found := data.find(mark)) < 0:
        return None
    start = found + len(mark) - 1
    end = data.find(b"\n},\n", start)
    return _Apart(data, start, end) if end > start else None


def orphaned_state(state: State, project: str, where: str) -> bytes:
    """What stays at the place that `state` was moved from: whose it is and where it is now, in a format that versions
    which do not know of that refuse."""
    note = State(state.lineage, state.serial, state.workspace, project=project, moved_to=where)
    return dump_state(note)


def is_moved(data: bytes) -> bool:
    """Whether `data` is such a note; False for everything else, whatever it is."""
    return _MOVED.search(data[-4096:]) is not None


def peek(data: bytes | None) -> tuple[str, int] | None:
    """Lineage and serial of a document without reading all of it; None where there is none, or no telling."""
    found = _HEAD.search(data[:4096]) if data else None
    try:
        return (str(json.loads(found[1])), int(found[2])) if found else None
    except ValueError:
        return None


def _state(document: Object, apart: Iterable[tuple[str, Json | Entry]] | None) -> State:
    """`apart`: the resources, where they are not in the document."""
    read.refuse_unknown(document, _TOP, "")
    account = read.mapping(document.get("account"), "/account")
    resources: dict[Address, Entry] = {}
    whole = read.mapping(document.get("resources"), "/resources")
    for name, value in whole.items() if apart is None else apart:
        where = f"/resources/{name}"
        address = address_from(name, where)
        resources[address] = value if isinstance(value, Entry) else entry_from_json(address, value, where)
    pending = read.items(document.get("pending"), "/pending")
    return State(
        lineage=read.text(document.get("lineage"), "/lineage"),
        serial=read.whole(document.get("serial"), "/serial"),
        workspace=read.text(document.get("workspace"), "/workspace"),
        project=read.optional_text(document.get("project"), "/project"),
        resources=resources,
        pending=tuple(intent_from_json(value, f"/pending/{index}") for index, value in enumerate(pending)),
        owner=read.optional_text(account.get("owner"), "/account/owner"),
        keys=read.texts(account.get("keys"), "/account/keys"),
        base_url=read.optional_text(account.get("base_url"), "/account/base_url"),
        salt=read.text(document.get("salt"), "/salt"),
        digest_key=read.optional_text(document.get("digest_key"), "/digest_key"),
        plans=tuple(
            _plan_from_json(item, f"/plans/{index}")
            for index, item in enumerate(read.items(document.get("plans"), "/plans"))
        ),
        history=history_from_json(document.get("history"), "/history"),
        running=running_from_json(document.get("running"), "/running"),
        retired={
            address_from(name, f"/retired/{name}"): read.texts(ids, f"/retired/{name}")
            for name, ids in read.mapping(document.get("retired") or {}, "/retired").items()
        },
        moved_to=read.optional_text(document.get("moved_to"), "/moved_to"),
    )


def _plan_to_json(plan: PlanProgress) -> Object:
    done: list[Json] = [str(address) for address in sorted(plan.done)]
    return {"digest": plan.digest, "done": done, "finished": plan.finished, "serial": plan.serial}


def _plan_from_json(value: Json, where: str) -> PlanProgress:
    found = read.mapping(value, where)
    read.refuse_unknown(found, _PLAN, where)
    return PlanProgress(
        read.text(found.get("digest"), f"{where}/digest"),
        frozenset(address_from(text, f"{where}/done") for text in read.texts(found.get("done"), f"{where}/done")),
        read.flag(found.get("finished"), f"{where}/finished"),
        read.whole(found.get("serial"), f"{where}/serial"),
    )


def _damaged(where: str, what: str) -> StateUnreadable:
    return StateUnreadable(
        f"{where} cannot be read: {what}",
        hint="put the copy from before the last write in its place: `reconciler state push --force FILE` with "
        "state.json.backup, a version of the object, or the last row of the table `history`; the next plan "
        "finds what was applied since in the account, by name. Change a state with `reconciler state mv` and `rm`, "
        "not by hand",
    )


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
