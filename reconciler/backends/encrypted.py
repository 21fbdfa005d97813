"""Encryption at rest: any backend, with everything that reaches it sealed by AES-256-GCM.

A sealed document is JSON with what servers and people may see (workspace, lineage, serial, the id of the key); all of
that is bound to the sealed part, so a document cannot be passed off as that of another workspace or serial. It does
not stop somebody from putting back an older document whole; the lineage and serial of saved plans show that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from reconciler.backends.cipher import DocumentCipher, read_key
from reconciler.backends.context import BackendContext, read_flag
from reconciler.errors import UsageError
from reconciler.types.json import Json
from reconciler.types.ports import Backend, Clock, Emit, Journal, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo

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
    first, *others = [read_key(one, context, own=own) for one in (setting["key"], *old)]
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

    def append(self, line: bytes) -> None:
        """Seal and append one line."""
        self._inner.append(self._seal.close_line(line))

    def clear(self) -> None:
        """As the journal below."""
        self._inner.clear()
