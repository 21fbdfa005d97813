"""Encryption at rest, AES-256-GCM: keys, the bound cipher, and any backend with all that reaches it sealed.

A sealed document is JSON with what servers and people may see (workspace, lineage, serial, the id of the key); all of
that is bound to the sealed part, so a document cannot be passed off as that of another workspace or serial. It does
not stop somebody from putting back an older document whole; the lineage and serial of saved plans show that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from reconciler.backends.context import BackendContext, read_flag, read_text
from reconciler.core.serialization.checked_json import Unfit, parse_json
from reconciler.core.setting_reader import not_your_command
from reconciler.core.state.state_document import peek
from reconciler.errors import StateUnreadable, UsageError
from reconciler.installation import extra_hint
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object
from reconciler.types.ports import Backend, Clock, Emit, Journal, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = 1
COMMAND_SECONDS = 60
MAKE_KEY = "32 bytes in base64 or hex, for example from: openssl rand -base64 32"


class DocumentCipher:
    """Seals with the first key, opens with all of them, for one workspace."""

    def __init__(self, key: bytes, old: list[bytes], workspace: str, *, accept_plain: bool = False) -> None:
        self._keys = {key_id(one): _cipher(one) for one in (key, *old)}
        self._key = key_id(key)
        self._workspace = workspace
        self._accept_plain = accept_plain

    def close(self, data: bytes) -> bytes:
        """A document as it is stored; bound to its workspace, lineage and serial."""
        lineage, serial = peek(data) or ("", 0)
        head: Object = {
            "sealed": VERSION, "workspace": self._workspace, "lineage": lineage, "serial": serial, "key": self._key,
        }  # fmt: skip
        return _dump({**head, "data": self._seal(data, _bound(head))}) + b"\n"

    def close_line(self, line: bytes) -> bytes:
        """A line of the journal as it is stored."""
        head: Object = {"sealed": VERSION, "workspace": self._workspace, "key": self._key}
        return _dump({**head, "data": self._seal(line, _bound(head))})

    def open(self, data: bytes, where: str) -> bytes:
        """A document in clear, whether it is sealed or not. Raises `StateUnreadable` where no key opens it."""
        document = _sealed(data)
        return data if document is None else self._open(document, where)

    def open_stored(self, data: bytes, where: str) -> bytes:
        """The same for one out of the backend, which must be sealed unless `accept_plain` says otherwise."""
        if _sealed(data) is None and not self._accept_plain:
            raise StateUnreadable(
                f"{where} is not encrypted, though `encryption` is set",
                hint="to switch encryption on, set accept_plain: true in it until the next apply",
            )
        return self.open(data, where)

    def open_line(self, line: bytes, where: str) -> bytes:
        """A line in clear; one that is damaged comes out empty. Raises `StateUnreadable` for an unknown key."""
        document = _sealed(line)
        if document is None:
            return line if self._accept_plain else b""
        if str(document.get("key")) not in self._keys:
            raise self._unknown_key(document, where)
        try:
            return self._unseal(document, where)
        except StateUnreadable:
            return b""

    def _open(self, document: Object, where: str) -> bytes:
        if document["sealed"] != VERSION:
            raise StateUnreadable(
                f"{where} is sealed in a way that this version does not know",
                hint="it was written by a newer version of reconciler: upgrade to that version",
            )
        if document.get("workspace") != self._workspace:
            raise StateUnreadable(
                f"{where} is sealed for workspace {document.get('workspace')!r}, not {self._workspace!r}",
                hint="give each workspace a state of its own",
            )
        data = self._unseal(document, where)
        if (peek(data) or ("", 0)) != (document.get("lineage"), document.get("serial")):
            raise _damaged(where)
        return data

    def _unseal(self, document: Object, where: str) -> bytes:
        from cryptography.exceptions import InvalidTag

        cipher = self._keys.get(str(document.get("key")))
        if cipher is None:
            raise self._unknown_key(document, where)
        head = {name: value for name, value in document.items() if name != "data"}
        try:
            sealed = base64.b64decode(str(document.get("data")), validate=True)
            return cipher.decrypt(sealed[:12], sealed[12:], _bound(head))
        except (binascii.Error, InvalidTag, ValueError):
            raise _damaged(where) from None

    def _unknown_key(self, document: Object, where: str) -> StateUnreadable:
        return StateUnreadable(
            f"{where} is sealed with key {document.get('key')}; known here: {', '.join(self._keys)}",
            hint="add the key that it was written with to `old_keys` under `encryption`",
        )

    def _seal(self, data: bytes, bound: bytes) -> str:
        nonce = os.urandom(12)
        return base64.b64encode(nonce + self._keys[self._key].encrypt(nonce, data, bound)).decode("ascii")


def key_id(key: bytes) -> str:
    """A name for a key that tells nothing about it."""
    return hashlib.blake2b(key, digest_size=6, person=b"state-key").hexdigest()


def _cipher(key: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise UsageError(
            "encryption of the state needs cryptography, which is not installed",
            hint=extra_hint("encryption"),
        ) from None
    return AESGCM(key)


def _bound(head: Mapping[str, Json]) -> bytes:
    return _dump(dict(head))


def _dump(document: Object) -> bytes:
    return json.dumps(document, sort_keys=True).encode("ascii")


def _sealed(data: bytes) -> Object | None:
    """The sealed document in `data`; None for anything else."""
    try:
        document = parse_json(data)
    except Unfit:
        return None
    return document if isinstance(document, dict) and "sealed" in document else None


def _damaged(where: str) -> StateUnreadable:
    return StateUnreadable(
        f"{where} cannot be opened: it is damaged, or was changed without the key",
        hint="put the copy from before the last write in its place",
    )


def read_key(setting: Json, context: BackendContext, *, own: bool = False) -> bytes:
    """The 32 bytes that `{env: X}`, `{file: path}` or `{command: text}` stands for.

    Raises `UsageError`, and `NotTrusted` for a command that is not the operator's (`own`: it is).
    """
    inner: Json = {**setting.written()} if isinstance(setting, SecretRef) else setting
    if not isinstance(inner, dict) or len(inner) != 1 or next(iter(inner)) not in {"env", "file", "command"}:
        raise UsageError(
            "a key under `encryption` is {env: NAME}, {file: path} or {command: text}, never the key itself",
            hint="encryption: {key: {env: STATE_KEY}}",
        )
    (kind, of) = next(iter(inner.items()))
    if kind == "command":
        command = _command(of)
        if not own and not context.operator.runs(command):
            raise not_your_command("the key of `encryption`", command)
        text = _run(command)
    else:
        text = read_text(BackendSettings("encryption", {"key": SecretRef(kind, str(of))}), "key", context) or ""
    context.redactor.learn(text)
    key = _decode(text.strip())
    if key is None:
        raise UsageError(f"the key from {kind} {of} is no key of 32 bytes", hint=MAKE_KEY)
    return key


def _command(text: Json) -> str:
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        raise UsageError(
            "the command for the key of the state is a text of one line", hint="{command: pass show key}"
        )
    return text.strip()


def _run(command: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=True
        )
        return done.stdout.decode("ascii")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # Its output may be the key.
        raise UsageError(
            f"the command for the key of the state failed: {type(error).__name__}", hint=f"try it: {command}"
        ) from None


def _decode(text: str) -> bytes | None:
    try:
        key = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return key if len(key) == 32 else None


SETTINGS = ("key", "old_keys", "accept_plain")


def encrypt_backend(inner: Backend, setting: Json, context: BackendContext, *, own: bool = False) -> Backend:
    """`inner` behind the setting `encryption: {key: {env: X}, old_keys: [...], accept_plain: false}`.

    A key is `{env: X}`, `{file: path}` or `{command: text}`; `own`: the setting stands on the command line. Raises
    `UsageError`, and `NotTrusted` for a command that is not the operator's.
    """
    if not isinstance(setting, dict) or "key" not in setting or set(setting) - set(SETTINGS):
        raise UsageError(
            f"`encryption` under `state:` is a mapping of {', '.join(SETTINGS)}; key is needed",
            hint="encryption: {key: {env: STATE_KEY}}",
        )
    old = setting.get("old_keys") or []
    if not isinstance(old, list):
        raise UsageError("`old_keys` under `encryption` is a list", hint="old_keys: [{env: OLD_STATE_KEY}]")
    first, *others = [read_key(item, context, own=own) for item in (setting["key"], *old)]
    plain = read_flag(BackendSettings("encryption", setting), "accept_plain", False)
    return EncryptedBackend(inner, DocumentCipher(first, others, context.workspace, accept_plain=plain))


class EncryptedBackend:
    """The port over another backend."""

    def __init__(self, inner: Backend, seal: DocumentCipher) -> None:
        self._inner = inner
        self.seal = seal
        self.journal = None if inner.journal is None else EncryptedJournal(inner.journal, seal, inner.describe)
        self.shows_holder = inner.shows_holder

    def read(self) -> bytes | None:
        """The document in clear. Raises `StateUnreadable` where no key opens it, and for one that is not sealed."""
        stored = self._inner.read()
        return None if stored is None else self.seal.open_stored(stored, self.describe())

    def write(self, data: bytes) -> None:
        """Seal and replace the document."""
        self._inner.write(self.seal.close(data))

    def lock(self, info: LockInfo, *, timeout: float, clock: Clock, emit: Emit) -> AbstractContextManager[Lease]:
        """As the backend below; who holds a lock is no secret."""
        return self._inner.lock(info, timeout=timeout, clock=clock, emit=emit)

    def holder(self) -> LockInfo | None:
        """As the backend below."""
        return self._inner.holder()

    def break_lock(self, id: str) -> None:
        """As the backend below."""
        self._inner.break_lock(id)

    def describe(self) -> str:
        """As the backend below."""
        return self._inner.describe()

    def neighbours(self) -> Sequence[str]:
        """As the backend below: places say whose they are, not the documents."""
        return self._inner.neighbours()

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """As the backend below."""
        self._inner.stop_when(stop)

    def close(self) -> None:
        """As the backend below."""
        self._inner.close()


class EncryptedJournal:
    """The port over another journal: each line sealed by itself."""

    def __init__(self, inner: Journal, seal: DocumentCipher, describe: Callable[[], str]) -> None:
        self._inner = inner
        self._seal = seal
        self._describe = describe

    def read(self) -> list[bytes]:
        """The lines in clear; one that cannot be opened is handed on as it is, and counts as damaged."""
        return [self._seal.open_line(line, self._describe()) for line in self._inner.read()]

    def append(self, *lines: bytes) -> None:
        """Seal and append lines."""
        self._inner.append(*map(self._seal.close_line, lines))

    def clear(self) -> None:
        """As the journal below."""
        self._inner.clear()
