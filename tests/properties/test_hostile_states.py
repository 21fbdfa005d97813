"""Mutated states, locks, journals and plans under whole commands: these end well or with an error of ours.

The one who stores knows the format, so every mutated document bears checksums that fit. Run as a program it tries
many: `python -m tests.properties.test_hostile_states 10000 SEED`.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from reconciler.backends import http_client, postgres, s3
from reconciler.backends.bucket import ConditionFailed as Elsewhere
from reconciler.backends.bucket import StoredObject
from reconciler.backends.lease import Patience
from reconciler.backends.local import FileJournal
from reconciler.backends.postgres_connection import PostgresJournal
from reconciler.cli import error_output
from reconciler.cli.main import run
from reconciler.core.planning.plan_file import TYPE
from reconciler.core.serialization.digest import digest_bytes
from reconciler.engine.state.state_session import StoredDocument
from reconciler.types.json import Json
from tests.properties.test_hostile_answers import RAW, STATUSES, _changed, odd_headers

PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: coach}
spec:
  persona_name: Coach
  system_prompt: You coach.
  default_replica_id: r90bbd427f71
  tools: [look_up]
  layers:
    llm: {model: custom, base_url: "https://llm.example.com/v1", api_key: {env: MODEL_KEY}}
---
apiVersion: personas/v1
kind: Tool
metadata: {name: look_up}
spec: {name: look_up, description: Looks it up, origin: llm}
"""
COMMANDS = (
    ("plan",), ("drift",), ("apply", "--auto-approve"), ("state", "list"), ("state", "show", "persona.coach"),
    ("state", "history"), ("state", "rollback", "1", "--auto-approve"), ("state", "pull"),
    ("state", "mv", "tool.look_up", "tool.other"), ("state", "lock"), ("state", "unlock"), ("plan", "--refresh-only"),
    ("plan", "--format", "json"), ("export", "out"), ("destroy", "--auto-approve"),
)  # fmt: skip
PLAN_COMMANDS = (
    *(("show", "made.plan", "--format", one) for one in ("text", "json", "markdown", "html", "sarif", "junit")),
    ("apply", "made.plan", "--auto-approve"),
)
ADDRESS = "http://127.0.0.1:9/state"
STATES = {
    "local": "{}",
    "http": f"{{backend: http, address: '{ADDRESS}', retry_max: 0}}",
    "s3": "{backend: s3, bucket: b, region: r}",
    "postgres": "{backend: postgres, dsn: 'host=127.0.0.1'}",
}
MARK = b'\n"checksum": "'
GOOD: tuple[Json, ...] = ("persona.coach", "tool.look_up", "persona.x", "look", 1, 3, "full", "unknown", "2026-01-01")


class Chance:
    """What of all that is read is changed, and how."""

    def __init__(self, seed: int, rate: float) -> None:
        self._random = random.Random(seed)
        self.rate = rate
        self.changed = 0
        self.on = True

    def takes(self) -> bool:
        """Whether the next answer is changed; counts it."""
        if not self.on or self._random.random() >= self.rate:
            return False
        self.changed += 1
        return True

    def data(self, data: bytes) -> bytes:
        """Another document, journal or lock, whose checksums fit."""
        if not self.takes():
            return data
        if self._random.random() < 0.08:
            return self._random.choice(RAW)
        if self._random.random() < 0.05:
            return data[: self._random.randrange(len(data) + 1)]
        if MARK in data:
            return self._document(data)
        if re.match(rb"[0-9a-f]+ \{", data):
            return b"".join(self._line(line) for line in data.split(b"\n") if line)
        try:
            return self._json(json.loads(data))
        except ValueError:
            return self._random.choice(RAW)

    def _json(self, value: Json) -> bytes:
        for _ in range(self._random.choice([1, 1, 2])):
            value = self._mutated(value)
        if isinstance(value, dict) and value.get("type") == TYPE:
            content = {key: member for key, member in value.items() if key not in ("digest", "signature")}
            value["digest"] = digest_bytes(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
        return json.dumps(value).encode()

    def _mutated(self, value: Json) -> Json:
        """One more change, now and then inside of a packed pre-image, or to a value that fits in another place."""
        if isinstance(value, dict) and value:
            word = self._random.choice(list(value))
            return {**value, word: self._mutated(value[word])}
        if isinstance(value, list) and value and self._random.random() < 0.9:
            place = self._random.randrange(len(value))
            return [*value[:place], self._mutated(value[place]), *value[place + 1 :]]
        if isinstance(value, str) and value.startswith("eJ") and self._random.random() < 0.9:
            inner = json.loads(zlib.decompress(base64.b64decode(value)))
            return base64.b64encode(zlib.compress(self._json(inner))).decode()
        return self._random.choice(GOOD) if self._random.random() < 0.3 else _changed(value, self._random)

    def _document(self, data: bytes) -> bytes:
        value = json.loads(data)
        del value["checksum"]
        for _ in range(self._random.choice([1, 1, 2])):
            value = self._mutated(value)
        lines = [f"{json.dumps(key)}: {json.dumps(member)}," for key, member in value.items()]
        body = ("{\n" + "\n".join(lines)).encode()
        return body + MARK + digest_bytes(body).encode() + b'"\n}\n'

    def _line(self, line: bytes) -> bytes:
        if self._random.random() < 0.3:
            body = self._json(json.loads(line.partition(b" ")[2]))
            line = digest_bytes(body).encode() + b" " + body
        return (line + b"\n") * self._random.choice([1, 1, 1, 2])

    def answer(self, status: int, data: bytes) -> httpx.Response:
        """An answer of a server of states."""
        if self.on and self._random.random() < self.rate / 4:
            self.changed += 1
            return httpx.Response(self._random.choice(STATUSES), content=data, headers=odd_headers(self._random))
        return httpx.Response(status, content=self.data(data))

    def cell(self, value: object) -> object:
        """A column of a table that is not quite ours."""
        if isinstance(value, bytes):
            return self.data(value)
        return self._random.choice([None, "", -1, 2**63, b"x", 1.5, datetime.max]) if self.takes() else value


@dataclass
class Store:
    """Everything that is stored, by the words of each protocol."""

    chance: Chance
    held: dict[str, bytes] = field(default_factory=dict)
    address: str = "b"
    patience: Patience = field(default_factory=lambda: Patience(120))

    # HTTP
    def handle(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        match request.method:
            case "GET" if "state" in self.held:
                return self.chance.answer(200, self.held["state"])
            case "LOCK" if "lock" in self.held:
                return self.chance.answer(423, self.held["lock"])
            case "LOCK":
                self.held["lock"] = body
            case "UNLOCK":
                self.held.pop("lock", None)
            case "POST":
                self.held["state"] = body
            case _:
                return self.chance.answer(404, b"")
        return self.chance.answer(200, b"")

    # objects
    def read(self, key: str, most: int | None = None) -> StoredObject | None:
        data = self.held.get(key)
        return None if data is None else StoredObject(self.chance.data(data), digest_bytes(data), datetime.now(UTC))

    def folders(self, place: str) -> list[str]:
        return [self.chance.data(name).decode("utf-8", "replace") for name in (b"x", b"other")]

    def exists(self, key: str) -> bool:
        return self.chance.takes()

    def write(self, key: str, data: bytes, version: str | None) -> str:
        before = self.held.get(key)
        if (None if before is None else digest_bytes(before)) != version:
            raise Elsewhere(key)
        self.held[key] = data
        return digest_bytes(data)

    def delete(self, key: str) -> None:
        self.held.pop(key, None)

    # tables
    def do(self, work: Callable[[Table], object], nothing: object = None) -> object:
        return work(Table(self))

    def close(self) -> None:
        pass


class Table:
    """The statements of the postgres backend, told apart by their words."""

    def __init__(self, store: Store) -> None:
        self._held, self._cell = store.held, store.chance.cell

    def one(self, statement: str, **values: object) -> tuple[object, ...] | None:
        if "clock_timestamp" in statement:
            return (self._cell(datetime.now(UTC)),)
        if ".journal" in statement:
            return (self._cell(len(self._held.get("journal", b""))),)
        name = "lock" if ".lock" in statement else "state"
        data = self._held.get(name)
        if data is None:
            return None
        if "select holder" in statement or statement.startswith("select case"):
            return (self._cell(data),)
        head = json.loads(data)["id"] if name == "lock" else int(self._held["version"])
        return (self._cell(head), self._cell(data))

    def all(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        found = self._cell(self._held.get("journal", b"")) if ".journal" in statement else b""
        return [(line,) for line in (found if isinstance(found, bytes) else b"").split(b"\n") if line]

    def change(self, statement: str, **values: object) -> int:
        match statement.split()[0], re.findall(r"\{schema\}\.(\w+)", statement)[0]:
            case "delete", name:
                self._held.pop(name, None)
            case _, "journal":
                self._held["journal"] = self._held.get("journal", b"") + values["line"] + b"\n"  # type: ignore[operator]
            case _, "lock":
                self._held["lock"] = values["holder"]  # type: ignore[assignment]
            case _, "state":
                self._held["state"] = values["data"]  # type: ignore[assignment]
                self._held["version"] = str(int(self._held.get("version", b"0")) + 1).encode()
        return 1


@contextlib.contextmanager
def stored_in(store: Store) -> Iterator[None]:
    """All stores of this process are `store`."""
    with pytest.MonkeyPatch.context() as patch:
        client = httpx.Client(transport=httpx.MockTransport(store.handle))
        patch.setattr(http_client.HttpClient, "_client", lambda line: client)
        patch.setattr(s3, "open_bucket", lambda *place, **more: store)
        patch.setattr(s3.S3Backend, "probe", lambda backend: None)
        patch.setattr(postgres, "shared_database", lambda *place: store)
        patch.setattr(Store, "read", _read_or_do)
        yield


_read_object = Store.read


def _read_or_do(self: Store, key: object, most: object = None) -> object:
    return _read_object(self, key) if isinstance(key, str) else key(Table(self))  # type: ignore[operator]


def attempt(folder: Path, seed: int, commands: int, told: Callable[[str], None] = lambda line: None) -> int:
    """Some commands in a project whose store changes what it hands out; how often. Fails for what is a bug."""
    chance = random.Random(seed)
    kind = chance.choice(list(STATES))
    mutating = Chance(seed, chance.choice([0.2, 0.5, 1.0]))
    mutating.on = False
    store = Store(mutating)
    (folder / "manifests").mkdir(parents=True)
    (folder / "manifests" / "all.yaml").write_text(PERSONA)
    (folder / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: p}\n"
        f"workspaces: {{w: {{provider: {{type: simulator}}, state: {STATES[kind]}}}}}\n"
    )
    with stored_in(store), contextlib.chdir(folder), _listening() as heard:
        good("apply", "--auto-approve")
        (folder / "manifests" / "all.yaml").write_text(PERSONA.replace("You coach.", "You coach well."))
        good("apply", "--auto-approve")
        (folder / "manifests" / "all.yaml").write_text(PERSONA.replace("You coach.", "You coach worse."))
        good("plan", "--out", "made.plan")
        plan = (folder / "made.plan").read_bytes()
        _kill_an_apply(folder, kind, store, chance)
        kept, before = dict(store.held), folder.with_name("before")
        shutil.copytree(folder / ".reconciler", before)
        for _ in range(commands):
            words = chance.choice(COMMANDS if chance.random() < 0.8 else PLAN_COMMANDS)
            mutating.on = True
            _mutate_files(folder, words, mutating)
            code = run(list(words))
            mutating.on = False
            told(f"{kind} {' '.join(words[:2])}: {code}")
            if heard:
                raise AssertionError(f"{' '.join(words)} over {kind}") from heard[0]
            store.held = dict(kept)
            (folder / "made.plan").write_bytes(plan)
            for again in (folder / ".reconciler", folder / "out"):
                shutil.rmtree(again, ignore_errors=True)
            shutil.copytree(before, folder / ".reconciler")
    return mutating.changed


def _kill_an_apply(folder: Path, kind: str, store: Store, chance: random.Random) -> None:
    """As a run leaves it that was killed: the lines of its journal behind the old document, or one of the documents
    that it wrote on the way."""
    if chance.random() < 0.5:
        return
    before = dict(store.held) | {one.name: one.read_bytes() for one in _own_files(folder)}
    lines: list[bytes] = []
    written: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        for journal in (FileJournal, PostgresJournal):
            patch.setattr(journal, "append", _noting(journal.append, lines))
        patch.setattr(StoredDocument, "write", _noting(StoredDocument.write, written))
        good("apply", "--auto-approve")
    data = b"".join(line + b"\n" for line in lines[: chance.randrange(1, len(lines) + 1)]) if lines else b""
    if kind == "local":
        (folder / ".reconciler" / "w" / "state.json").write_bytes(before["state.json"])
        (folder / ".reconciler" / "w" / "state.journal").write_bytes(data)
    elif kind == "postgres":
        store.held |= {"state": before["state"], "version": before["version"], "journal": data}
    else:
        store.held[next(name for name in store.held if name.endswith(("state", "state.json")))] = chance.choice(
            written
        )


def _noting(method: Callable[..., object], said: list[bytes]) -> Callable[..., object]:
    def noted(self: object, *data: bytes) -> object:
        said.extend(data)
        return method(self, *data)

    return noted


def _own_files(folder: Path) -> list[Path]:
    own = folder / ".reconciler" / "w"
    return [path for path in own.iterdir() if path.is_file() and path.name != "world.json"]


def _mutate_files(folder: Path, words: tuple[str, ...], chance: Chance) -> None:
    """Files that are read as they lie: the state of the local backend, the plan."""
    plan = folder / "made.plan"
    for path in [plan] if str(plan.name) in words else _own_files(folder):
        path.write_bytes(chance.data(path.read_bytes()))


@contextlib.contextmanager
def _listening() -> Iterator[list[BaseException]]:
    """Silence, and what was shown as a bug."""
    heard: list[BaseException] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            error_output, "save_crash_report", lambda error, args, commands: heard.append(error) or "nothing"
        )
        patch.setenv("MODEL_KEY", "sk-the-key-of-a-model")
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            yield heard


def good(*words: str) -> None:
    assert run(list(words)) == 0, (words, sys.stdout.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(1, 9))
def test_nothing_that_is_stored_makes_a_bug(tmp_path, seed):
    attempt(tmp_path / "p", seed, 4)


def main() -> int:
    """Tries until so many documents were changed; prints counts, what was no error of ours, and peak memory."""
    wanted, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    counts: Counter[str] = Counter()
    bugs: Counter[str] = Counter()
    done = 0
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        while done < wanted:
            seed += 1
            folder = Path(home) / "p"
            try:
                done += attempt(folder, seed, 20, lambda line: counts.update([line]))
            except AssertionError as error:
                if error.__cause__ is None:
                    raise
                cause = error.__cause__ or error
                frames = [
                    frame for frame in traceback.extract_tb(cause.__traceback__) if "reconciler/" in frame.filename
                ]
                frame = frames[-1]
                where = f"{frame.filename.rpartition('/reconciler/')[2]}:{frame.lineno}"
                bugs[f"{type(cause).__name__} at {where} {str(cause)[:60]!a}"] += 1
                print(f"seed {seed}: {type(cause).__name__} at {where} {str(error)[:60]!a}", file=sys.stderr)
                done += 1
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(folder.with_name("before"), ignore_errors=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for line, count in sorted(counts.items()):
        print(f"{count:6} {line}")
    for line, count in bugs.most_common():
        print(f"{count:6} BUG {line}")
    print(f"{done} documents changed, {sum(bugs.values())} bugs, {peak} MB at most")
    return 1 if bugs else 0


if __name__ == "__main__":
    sys.exit(main())
