"""Encryption at rest: what is stored tells nothing, what was changed does not open, keys are changed one by one."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS, open_state
from reconciler.backends.context import BackendContext
from reconciler.backends.encrypted import key_id
from reconciler.core.state.journal_records import Outcome, encode
from reconciler.core.state.journal_replay import fold
from reconciler.core.state.state_document import dump_state, parse_state
from reconciler.engine.state.state_reader import read_only_state
from reconciler.engine.state.state_session import open_session
from reconciler.errors import NotTrusted, StateUnreadable, UsageError
from reconciler.installation import extra_hint
from reconciler.types.address import Address, SecretRef
from reconciler.types.json import Json
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from reconciler.types.state import Entry, State
from tests.support.state import Events, JumpingClock

pytest.importorskip("cryptography", reason="rare: cryptography is not installed")

KEY, OTHER = base64.b64encode(b"k" * 32).decode(), ("6f" * 32)
ENVIRON = {"KEY": KEY, "OTHER": OTHER}
STATE = State("lineage-x", 3, "w", {Address("persona", "claims-desk"): Entry("p-secret-id")}, salt="00ff")
DOCUMENT = dump_state(STATE)


def opened(folder: Path, *, workspace: str = "w", allowed: str = "", **encryption: Json) -> Backend:
    """`allowed`: the commands that the environment allows."""
    environ = {**ENVIRON, "RECONCILER_ALLOWED_COMMANDS": allowed}
    context = BackendContext(folder / ".reconciler" / "w", workspace, environ=environ)
    settings: dict[str, Json] = {"encryption": encryption} if encryption else {}
    return open_state(BackendSettings("local", settings), context)


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return opened(tmp_path, key={"env": "KEY"})


def document(folder: Path) -> Path:
    return folder / ".reconciler" / "w" / "state.json"


def test_what_is_stored_tells_nothing(backend: Backend, tmp_path: Path) -> None:
    backend.write(DOCUMENT)
    backend.journal.append(b"persona.claims-desk")
    for file in (tmp_path / ".reconciler" / "w").iterdir():
        assert b"claims" not in file.read_bytes()
        assert KEY.encode() not in file.read_bytes()
    head = json.loads(document(tmp_path).read_bytes())
    assert (head["serial"], head["lineage"], head["workspace"]) == (3, "lineage-x", "w")
    assert backend.read() == DOCUMENT
    assert list(backend.journal.read()) == [b"persona.claims-desk"]


def test_equal_documents_are_sealed_differently(backend: Backend, tmp_path: Path) -> None:
    backend.write(DOCUMENT)
    first = document(tmp_path).read_bytes()
    backend.write(DOCUMENT)
    assert document(tmp_path).read_bytes() != first


def test_a_whole_run_and_a_killed_one(backend: Backend) -> None:
    events, clock = Events(), JumpingClock()
    address = Address("persona", "a")
    with open_session(backend, workspace="w", operation="apply", clock=clock, emit=events.append) as run:
        run.record(Outcome(address, "created", Entry("p1")))
    state = read_only_state(backend, "w", emit=events.append)
    assert state.resources == {address: Entry("p1")}
    backend.journal.append(encode(Outcome(address, "updated", Entry("p2")), state.lineage, state.serial))
    assert read_only_state(backend, "w", emit=events.append).resources == {address: Entry("p2")}


@pytest.mark.parametrize("member", ["workspace", "lineage", "serial", "key", "data", "sealed"])
def test_nothing_can_be_changed_without_the_key(backend: Backend, tmp_path: Path, member: str) -> None:
    backend.write(DOCUMENT)
    file = document(tmp_path)
    found = json.loads(file.read_bytes())
    value = found[member]
    found[member] = value + 1 if isinstance(value, int) else ("A" if value[0] != "A" else "B") + value[1:]
    file.write_text(json.dumps(found))
    with pytest.raises(StateUnreadable):
        backend.read()


def test_a_byte_anywhere_is_noticed(backend: Backend, tmp_path: Path) -> None:
    backend.write(DOCUMENT)
    file = document(tmp_path)
    good = file.read_bytes()
    for position in range(0, len(good) - 1, 7):
        file.write_bytes(good[:position] + bytes([good[position] ^ 4]) + good[position + 1 :])
        try:
            assert backend.read() == DOCUMENT  # white space, or the case of a name of a member
        except StateUnreadable:
            continue
    file.write_bytes(good[: len(good) // 2])
    with pytest.raises(StateUnreadable):
        backend.read()


def test_a_document_of_another_workspace_is_refused(backend: Backend, tmp_path: Path) -> None:
    backend.write(DOCUMENT)
    with pytest.raises(StateUnreadable, match="sealed for workspace 'w', not 'v'"):
        opened(tmp_path, workspace="v", key={"env": "KEY"}).read()


def test_keys_are_changed_with_a_list_of_old_ones(backend: Backend, tmp_path: Path) -> None:
    backend.write(DOCUMENT)
    backend.journal.append(b"line")
    with pytest.raises(StateUnreadable, match=key_id(b"k" * 32)) as caught:
        opened(tmp_path, key={"env": "OTHER"}).read()
    assert "old_keys" in str(caught.value.hint)
    with pytest.raises(StateUnreadable):
        list(opened(tmp_path, key={"env": "OTHER"}).journal.read())
    both = opened(tmp_path, key={"env": "OTHER"}, old_keys=[{"env": "KEY"}])
    assert both.read() == DOCUMENT
    assert list(both.journal.read()) == [b"line"]
    both.write(DOCUMENT)
    both.journal.clear()
    assert opened(tmp_path, key={"env": "OTHER"}).read() == DOCUMENT
    with pytest.raises(StateUnreadable):
        backend.read()


def test_plain_text_is_refused_once_it_is_switched_on(backend: Backend, tmp_path: Path) -> None:
    opened(tmp_path).write(DOCUMENT)
    with pytest.raises(StateUnreadable, match="not encrypted") as caught:
        backend.read()
    assert "accept_plain" in str(caught.value.hint)
    once = opened(tmp_path, key={"env": "KEY"}, accept_plain=True)
    assert once.read() == DOCUMENT
    once.write(DOCUMENT)
    assert backend.read() == DOCUMENT


def test_without_the_setting_a_sealed_state_says_what_it_is(backend: Backend, tmp_path: Path) -> None:
    backend.write(DOCUMENT)
    with pytest.raises(StateUnreadable, match="encrypted") as caught:
        parse_state(opened(tmp_path).read() or b"")
    assert "encryption:" in str(caught.value.hint)


def test_a_torn_or_damaged_line_is_no_line(backend: Backend, tmp_path: Path) -> None:
    backend.write(DOCUMENT)
    backend.journal.append(encode(Outcome(Address("persona", "a"), "created", Entry("p1")), "lineage-x", 3))
    file = tmp_path / ".reconciler" / "w" / "state.journal"
    file.write_bytes(file.read_bytes() + b'{"sealed": 1, "da\n')
    folded = fold(STATE, backend.journal.read())
    assert Address("persona", "a") in folded.resources
    file.write_bytes(b'["odd"]\n' + file.read_bytes())
    with pytest.raises(StateUnreadable):
        fold(STATE, backend.journal.read())


def test_a_key_from_a_command(tmp_path: Path) -> None:
    script = tmp_path / "key.sh"
    script.write_text(f"#!/bin/sh\necho {KEY}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    opened(tmp_path, key={"env": "KEY"}).write(DOCUMENT)
    assert opened(tmp_path, allowed=str(script), key={"command": str(script)}).read() == DOCUMENT
    script.write_text(f"#!/bin/sh\necho {KEY}\nexit 1\n")
    for command in (str(script), "/no/such/program", "'"):
        with pytest.raises(UsageError) as caught:
            opened(tmp_path, allowed=command, key={"command": command})
        assert KEY not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("place", ["key", "old_keys"])
def test_a_command_of_the_project_file_alone_is_not_run(tmp_path: Path, place: str) -> None:
    ran = tmp_path / "ran"
    key: Json = {"command": f"touch {ran}"}
    given: dict[str, Json] = {"key": key} if place == "key" else {"key": {"env": "KEY"}, "old_keys": [key]}
    for allowed in ("", "touch", f"touch {ran} x"):
        with pytest.raises(NotTrusted) as caught:
            opened(tmp_path, allowed=allowed, **given)
        assert not ran.exists()
    assert caught.value.exit_code == 3
    assert "RECONCILER_ALLOWED_COMMANDS" in str(caught.value.hint)
    assert f"reconciler trust --command 'touch {ran}'" in str(caught.value.hint)


@pytest.mark.parametrize(
    "encryption",
    [
        {"key": KEY}, {"key": {"env": "NOT_SET"}}, {"key": {"env": "KEY", "file": "x"}}, {"key": {"vault": "x"}},
        {"key": {"env": "KEY"}, "old_keys": {"env": "KEY"}}, {"kee": {"env": "KEY"}}, {"key": {"env": "SHORT"}},
        {"key": {"env": "KEY"}, "accept_plain": "yes"},
    ],
)  # fmt: skip
def test_settings_are_checked(tmp_path: Path, encryption: dict[str, Json], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRON, "SHORT", "c2hvcnQ=")
    with pytest.raises(UsageError) as caught:
        opened(tmp_path, **encryption)
    assert KEY not in f"{caught.value.message} {caught.value.hint}"


def test_a_reference_is_taken_as_such(tmp_path: Path, backend: Backend) -> None:
    backend.write(DOCUMENT)
    assert opened(tmp_path, key=SecretRef("env", "KEY")).read() == DOCUMENT


def test_without_cryptography_the_command_to_install_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(UsageError) as caught:
        opened(tmp_path, key={"env": "KEY"})
    assert caught.value.hint == extra_hint("encryption")
    assert "[encryption]" in caught.value.hint


def test_the_lock_is_that_of_the_backend_below(backend: Backend, tmp_path: Path) -> None:
    from reconciler.engine.state.lock_owner import describe_run

    clock = JumpingClock()
    with backend.lock(describe_run("apply", clock.now()), timeout=0, clock=clock, emit=Events().append) as lease:
        lease.check()
        holder = opened(tmp_path).holder()
        assert holder is not None
        assert holder.process == os.getpid()
        backend.break_lock(holder.id)
    assert backend.holder() is None
    assert "local" in BACKENDS
