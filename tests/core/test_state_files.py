"""State files as earlier versions left them, and everything that is no state: read, upgraded, or refused in words."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.backends import open_state
from reconciler.backends.context import BackendContext
from reconciler.core.serialization.digest import digest_bytes
from reconciler.core.state.state_document import FORMAT, dump_state, load_state, parse_state
from reconciler.engine.state.state_reader import read_only_state
from reconciler.engine.state.state_session import open_session
from reconciler.errors import StateUnreadable
from reconciler.types.address import Address
from reconciler.types.json import Json
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from reconciler.types.state import Entry
from tests.support.state import Events, JumpingClock

FILES = {int(path.stem.rpartition("-")[2]): path for path in (Path(__file__).parent / "states").glob("format-*.json")}
NEWEST = FILES[max(FILES)].read_bytes()
WORKSPACE = "production"
KEYS = {"ONE": base64.b64encode(b"1" * 32).decode(), "TWO": base64.b64encode(b"2" * 32).decode()}


def checked(document: dict[str, Json]) -> bytes:
    """A document with a checksum that fits, as another version might have written it."""
    body = json.dumps({key: one for key, one in document.items() if key != "checksum"}, indent=1)
    start = body.rstrip("}").rstrip().encode() + b","
    return start + b'\n"checksum": "' + digest_bytes(start).encode() + b'"\n}\n'


def opened(folder: Path, workspace: str = WORKSPACE, **encryption: Json) -> Backend:
    context = BackendContext(folder / ".reconciler" / "w", workspace, environ=KEYS)
    return open_state(BackendSettings("local", {"encryption": encryption} if encryption else {}), context)


def test_every_format_so_far_has_a_file() -> None:
    assert sorted(FILES) == list(range(1, FORMAT + 1))
    for number, path in FILES.items():
        assert json.loads(path.read_bytes())["format"] == number


@pytest.mark.parametrize("number", sorted(FILES))
def test_an_older_file_reads_as_the_newest_does_and_is_written_in_todays_format(number: int, tmp_path: Path) -> None:
    state = parse_state(FILES[number].read_bytes())
    assert state == parse_state(NEWEST)
    backend = opened(tmp_path)
    backend.write(FILES[number].read_bytes())
    assert read_only_state(backend, WORKSPACE, emit=Events().append) == state
    assert backend.read() == FILES[number].read_bytes(), "a reader rewrites nothing"
    clock = JumpingClock()
    with open_session(backend, workspace=WORKSPACE, operation="t", clock=clock, emit=Events().append) as session:
        from reconciler.core.state.journal_records import Outcome

        session.record(Outcome(Address("persona", "added"), "created", Entry("p9")))
    after = json.loads(backend.read() or b"")
    assert (after["format"], after["serial"], after["lineage"]) == (FORMAT, state.serial + 1, state.lineage)
    assert parse_state(backend.read() or b"").resources.items() > state.resources.items()


def damages() -> dict[str, Callable[[bytes], bytes]]:
    """One of each kind, at each kind of place."""
    spots = {
        name: NEWEST.index(mark)
        for name, mark in {
            "first byte": b"{", "format": b'"format"', "lineage": b"l-1", "serial": b'"serial"',
            "workspace": b"production",
            "an address": b"persona.claims-desk", "a digest": b"scrypt:x", "an id": b'"p1"', "pending": b'"pending"',
            "the checksum": b'"checksum": "', "last brace": b"}\n",
        }.items()
    }  # fmt: skip
    found: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda data: b"",
        "blank": lambda data: b" \n",
        "two documents": lambda data: data + data,
        "something behind": lambda data: data + b"x",
        "a list": lambda data: b"[" + data + b"]",
        "another program's": lambda data: (
            b'{"version": 4, "terraform_version": "1.11.4", "serial": 3, "resources": []}'
        ),
        "a manifest": lambda data: b"apiVersion: personas/v1\n",
        "zeros": lambda data: bytes(len(data)),
        "utf-16": lambda data: data.decode().encode("utf-16"),
        "newer": lambda data: checked({**json.loads(data), "format": FORMAT + 1}),
        "no format": lambda data: checked({**json.loads(data), "format": None}),
        "an unknown member": lambda data: checked({**json.loads(data), "surprise": 1}),
    }
    for name, at in spots.items():
        found[f"cut before {name}"] = lambda data, at=at: data[:at]  # type: ignore[misc]
        found[f"a bit of {name}"] = lambda data, at=at: data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]  # type: ignore[misc]
        found[f"a byte less at {name}"] = lambda data, at=at: data[:at] + data[at + 1 :]  # type: ignore[misc]
    return found


@pytest.mark.parametrize("kind", damages())
def test_what_is_no_state_is_refused_in_words_and_left_alone(kind: str, tmp_path: Path) -> None:
    data = damages()[kind](NEWEST)
    backend = opened(tmp_path)
    backend.write(data)
    for act in (
        lambda: load_state(data, WORKSPACE, lineage="x"),
        lambda: read_only_state(backend, WORKSPACE, emit=Events().append),
        lambda: open_session(
            backend, workspace=WORKSPACE, operation="apply", clock=JumpingClock(), emit=Events().append
        ).__enter__(),
    ):
        with pytest.raises(StateUnreadable) as caught:
            act()
        assert caught.value.hint
        assert len(caught.value.message) < 400
    assert backend.read() == data
    assert backend.holder() is None


@pytest.mark.parametrize("number", sorted(FILES))
def test_sealed_files_of_every_format(number: int, tmp_path: Path) -> None:
    data = FILES[number].read_bytes()
    backend = opened(tmp_path, key={"env": "ONE"})
    backend.write(data)
    assert read_only_state(backend, WORKSPACE, emit=Events().append) == parse_state(NEWEST)
    rotated = opened(tmp_path, key={"env": "TWO"}, old_keys=[{"env": "ONE"}])
    assert rotated.read() == data
    for other, words in (
        (opened(tmp_path, key={"env": "TWO"}), "is sealed with key"),
        (opened(tmp_path, "staging", key={"env": "ONE"}), "sealed for workspace 'production'"),
        (opened(tmp_path), "is encrypted"),
    ):
        with pytest.raises(StateUnreadable, match=words) as caught:
            read_only_state(other, WORKSPACE, emit=Events().append)
        assert caught.value.hint


def test_a_plain_file_is_refused_once_encryption_is_on(tmp_path: Path) -> None:
    opened(tmp_path).write(NEWEST)
    with pytest.raises(StateUnreadable, match="not encrypted") as caught:
        opened(tmp_path, key={"env": "ONE"}).read()
    assert "accept_plain" in str(caught.value.hint)
    assert opened(tmp_path, key={"env": "ONE"}, accept_plain=True).read() == NEWEST


def test_a_sealed_file_that_was_touched_anywhere_does_not_open(tmp_path: Path) -> None:
    backend = opened(tmp_path, key={"env": "ONE"})
    backend.write(NEWEST)
    file = tmp_path / ".reconciler" / "w" / "state.json"
    whole = file.read_bytes()
    document = json.loads(whole)
    swapped = [
        json.dumps({**document, name: value}).encode()
        for name, value in (("serial", 99), ("lineage", "other"), ("workspace", "staging"), ("sealed", 2))
    ]
    cut = [whole[:at] for at in (0, 1, len(whole) // 2, len(whole) - 3)]
    blob = whole.index(document["data"].encode())
    bits = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (blob + 2, blob + 30, len(whole) - 12)]
    for data in (*swapped, *cut, *bits, whole + whole):
        file.write_bytes(data)
        with pytest.raises(StateUnreadable) as caught:
            read_only_state(backend, WORKSPACE, emit=Events().append)
        assert caught.value.hint
        assert file.read_bytes() == data


def test_the_sealed_file_of_another_serial_is_not_taken_for_this_one(tmp_path: Path) -> None:
    backend = opened(tmp_path, key={"env": "ONE"})
    file = tmp_path / ".reconciler" / "w" / "state.json"
    backend.write(NEWEST)
    older = json.loads(file.read_bytes())
    backend.write(dump_state(replace(parse_state(NEWEST), serial=77)))
    newer = json.loads(file.read_bytes())
    file.write_text(json.dumps({**newer, "data": older["data"]}))
    with pytest.raises(StateUnreadable, match="cannot be opened"):
        backend.read()
