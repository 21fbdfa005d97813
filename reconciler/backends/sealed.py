"""Encryption at rest: any backend, with everything that reaches it sealed by AES-256-GCM.

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
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from reconciler.backends.base import BackendContext, read_flag, read_text
from reconciler.core.statefile import peek
from reconciler.errors import StateUnreadable, UsageError
from reconciler.types.json import SECRET, Json, Object
from reconciler.types.ports import Backend, Clock, Emit, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SETTINGS = ("key", "old_keys", "accept_plain")
VERSION = 1
COMMAND_SECONDS = 60
MAKE_KEY = "32 bytes in base64 or hex, for example from: openssl rand -base64 32"


def seal_backend(inner: Backend, setting: Json, context: BackendContext) -> Backend:
    """`inner` behind the setting `encryption: {key: {env: X}, old_keys: [...], accept_plain: false}`.

    A key is `{env: X}`, `{file: path}` or `{command: text}`. Raises `UsageError`.
    """
    if not isinstance(setting, dict) or "key" not in setting or set(setting) - set(SETTINGS):
        raise UsageError(
            f"`encryption` under `state:` is a mapping of {', '.join(SETTINGS)}; key is needed",
            hint="encryption: {key: {env: STATE_KEY}}",
        )
    old = setting.get("old_keys") or []
    if not isinstance(old, list):
        raise UsageError("`old_keys` under `encryption` is a list", hint="old_keys: [{env: OLD_STATE_KEY}]")
    first, *others = [_read_key(one, context) for one in (setting["key"], *old)]
    plain = read_flag(BackendSettings("encryption", setting), "accept_plain", False)
    return SealedBackend(inner, first, others, context.workspace, accept_plain=plain)


class SealedBackend:
    """The port over another backend; `keys[0]` seals, all of them open."""

    def __init__(
        self, inner: Backend, key: bytes, old: list[bytes], workspace: str, *, accept_plain: bool = False
    ) -> None:
        self._inner = inner
        self._keys = {key_id(one): _cipher(one) for one in (key, *old)}
        self._key = key_id(key)
        self._workspace = workspace
        self._accept_plain = accept_plain
        self.journals = inner.journals
        self.tells_holder = inner.tells_holder

    def read(self) -> bytes | None:
        """The document in clear. Raises `StateUnreadable` where no key opens it, and for one that is not sealed."""
        stored = self._inner.read()
        return None if stored is None else self._open(stored)

    def write(self, data: bytes) -> None:
        """Seal and replace the document."""
        lineage, serial = peek(data) or ("", 0)
        head: Object = {
            "sealed": VERSION, "workspace": self._workspace, "lineage": lineage, "serial": serial, "key": self._key,
        }  # fmt: skip
        self._inner.write(_dump({**head, "data": self._seal(data, _bound(head))}) + b"\n")

    def read_journal(self) -> list[bytes]:
        """The lines in clear; one that cannot be opened is handed on as it is, and counts as damaged."""
        return [self._open_line(line) for line in self._inner.read_journal()]

    def append_journal(self, line: bytes) -> None:
        """Seal and append one line."""
        head: Object = {"sealed": VERSION, "workspace": self._workspace, "key": self._key}
        self._inner.append_journal(_dump({**head, "data": self._seal(line, _bound(head))}))

    def clear_journal(self) -> None:
        """As the backend below."""
        self._inner.clear_journal()

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

    def _open(self, stored: bytes) -> bytes:
        try:
            document: Json = json.loads(stored)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or "sealed" not in document:
            if self._accept_plain:
                return stored
            raise StateUnreadable(
                f"{self.describe()} is not encrypted, though `encryption` is set",
                hint="to switch encryption on, set accept_plain: true in it until the next apply",
            )
        if document["sealed"] != VERSION:
            raise StateUnreadable(
                f"{self.describe()} is sealed in a way that this version does not know",
                hint="it was written by a newer version of reconciler: upgrade to that version",
            )
        if document.get("workspace") != self._workspace:
            raise StateUnreadable(
                f"{self.describe()} is sealed for workspace {document.get('workspace')!r}, not {self._workspace!r}",
                hint="give each workspace a state of its own",
            )
        data = self._unseal(document)
        if (peek(data) or ("", 0)) != (document.get("lineage"), document.get("serial")):
            raise self._damaged()
        return data

    def _open_line(self, line: bytes) -> bytes:
        try:
            document: Json = json.loads(line)
        except (ValueError, RecursionError):
            return line if self._accept_plain else b""
        if not isinstance(document, dict):
            return b""
        if str(document.get("key")) not in self._keys:
            raise self._unknown_key(document)
        try:
            return self._unseal(document)
        except StateUnreadable:
            return b""

    def _unseal(self, document: Object) -> bytes:
        from cryptography.exceptions import InvalidTag

        cipher = self._keys.get(str(document.get("key")))
        if cipher is None:
            raise self._unknown_key(document)
        head = {name: value for name, value in document.items() if name != "data"}
        try:
            sealed = base64.b64decode(str(document.get("data")), validate=True)
            return cipher.decrypt(sealed[:12], sealed[12:], _bound(head))
        except (binascii.Error, InvalidTag, ValueError):
            raise self._damaged() from None

    def _unknown_key(self, document: Object) -> StateUnreadable:
        return StateUnreadable(
            f"{self.describe()} is sealed with key {document.get('key')}; known here: {', '.join(self._keys)}",
            hint="add the key that it was written with to `old_keys` under `encryption`",
        )

    def _damaged(self) -> StateUnreadable:
        return StateUnreadable(
            f"{self.describe()} cannot be opened: it is damaged, or was changed without the key",
            hint="put the copy from before the last write in its place",
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
            hint="pip install 'persona-reconciler[encryption]'",
        ) from None
    return AESGCM(key)


def _bound(head: Mapping[str, Json]) -> bytes:
    return _dump(dict(head))


def _dump(document: Object) -> bytes:
    return json.dumps(document, sort_keys=True).encode("ascii")


def _read_key(setting: Json, context: BackendContext) -> bytes:
    inner = setting.get(SECRET, setting) if isinstance(setting, dict) else None
    if not isinstance(inner, dict) or len(inner) != 1 or next(iter(inner)) not in {"env", "file", "command"}:
        raise UsageError(
            "a key under `encryption` is {env: NAME}, {file: path} or {command: text}, never the key itself",
            hint="encryption: {key: {env: STATE_KEY}}",
        )
    (kind, of) = next(iter(inner.items()))
    if kind == "command":
        text = _run(str(of))
    else:
        text = read_text(BackendSettings("encryption", {"key": {SECRET: {kind: of}}}), "key", context) or ""
    key = _decode(text.strip())
    if key is None:
        raise UsageError(f"the key from {kind} {of} is no key of 32 bytes", hint=MAKE_KEY)
    return key


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
