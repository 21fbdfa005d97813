"""Files that only save time: `.reconciler/cache`, each signed by the user's key, and rates found by earlier runs.

They may be deleted, torn, old, of another project or of anybody's making: what does not prove itself is not used,
what is no rate is passed over, and a wrong rate is soon left behind.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, BinaryIO

from reconciler.core.operator_trust import CACHE_KEY

if TYPE_CHECKING:
    from reconciler.types.project import Project

FOLDER = "cache"
KEY_FILE = "cache.key"
MAGIC = b"reconciler cache 1 "
MOST = 32
"""Files that are kept, those that were used last; and beside them"""
MOST_EACH = 4
"""so many for each workspace: what a round of a fleet wrote is still there for the next one."""
LARGEST = 256 * 1024 * 1024
"""Bytes of a file that is looked at, and of pieces in one file."""
SHORTEST_KEY = 16


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """A folder of signed files, and the key that they are signed with."""

    path: Path
    key: bytes
    most: int = MOST
    """So many files are kept."""

    def read(self, name: str) -> bytes | None:
        """What was written under this name by this user's key; None where there is nothing of the kind."""
        try:
            with (self.path / name).open("rb") as file:
                data = file.read(LARGEST)
        except OSError:
            return None
        head, line, content = data.partition(b"\n")
        if not line or not hmac.compare_digest(head, MAGIC + self._sign(name, content)):
            return None
        with suppress(OSError):
            os.utime(self.path / name)
        return content

    def write(self, name: str, content: bytes) -> None:
        """Keep `content`. Where that fails the next run goes without."""
        from reconciler.fsio import OWNER_ONLY, replace_file

        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self.path / name, MAGIC + self._sign(name, content) + b"\n" + content, OWNER_ONLY)
            self._sweep()
        except OSError:
            return

    def name(self, what: str, *about: object) -> str:
        """The name of a file that is about all of this and nothing else."""
        told = blake2b(repr(about).encode("utf-8", "surrogatepass"), key=self.key, digest_size=16)
        return f"{what}-{told.hexdigest()}"

    def _sign(self, name: str, content: bytes) -> bytes:
        signed = blake2b(name.encode() + b"\n", key=self.key, digest_size=32)
        signed.update(content)
        return signed.hexdigest().encode()

    def entries(self, name: str) -> EntryFile:
        """Many small pieces under one name."""
        return EntryFile(self, name)

    def mark(self, *about: bytes) -> bytes:
        """A mark that nobody can make without the key."""
        told = blake2b(key=self.key, digest_size=16, person=b"entry")
        for one in about:
            told.update(len(one).to_bytes(8, "big"))
            told.update(one)
        return told.digest()

    def _sweep(self) -> None:
        """Remove what was not used for longest, beyond the number that is kept."""
        with os.scandir(self.path) as entries:
            found = sorted(
                ((entry.stat().st_mtime, entry.path) for entry in entries if entry.is_file()), reverse=True
            )
        for _, path in found[self.most :]:
            Path(path).unlink(missing_ok=True)


class EntryFile:
    """Many small pieces, each proven by itself, so that a run reads and pays for no more than it asks for.

    Two files: the pieces one behind the other, and an index (signed as a whole) of where each is and of its mark. New
    pieces are added at the end. A piece that is not what the index says, whoever wrote there meanwhile, is not there.
    """

    RECORD = Struct(">16s16sQL")

    def __init__(self, folder: CacheFolder, name: str) -> None:
        self._folder = folder
        self._name = name
        self._path = folder.path / f"{name}.entries"
        self._index: dict[bytes, tuple[bytes, int, int]] | None = None
        self._used: set[bytes] = set()
        self._file: BinaryIO | None = None
        self._added: BinaryIO | None = None
        self._size = 0
        self._full = False

    def get(self, key: bytes) -> bytes | None:
        """What was put in under this key; None where there is nothing of the kind."""
        if self._index is None:
            self._open()
        short = self._folder.mark(b"key", key)
        mark, start, length = (self._index or {}).get(short, (b"", 0, 0))
        if not mark or self._file is None:
            return None
        try:
            self._file.seek(start)
            content = self._file.read(length)
        except OSError:
            return None
        if not hmac.compare_digest(mark, self._folder.mark(short, content)):
            return None
        self._used.add(short)
        return content

    def put(self, key: bytes, content: bytes) -> None:
        """Add a piece, which later runs find once `save` was called; in place of another one of this key."""
        if self._index is None:
            self._open()
        try:
            if self._added is None:
                self._folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._added = self._append()
                self._size = self._added.seek(0, os.SEEK_END)
            self._full = self._full or self._size + len(content) > LARGEST
            if self._index is None or self._full:
                return
            self._added.write(content)
        except OSError:
            return
        short = self._folder.mark(b"key", key)
        self._index[short] = (self._folder.mark(short, content), self._size, len(content))
        self._used.add(short)
        self._size += len(content)

    def save(self) -> None:
        """Keep what was added. A file that is full of what this run did not ask for begins anew with the next one.
        Where that fails the next run goes without."""
        file, self._file = self._file, None
        added, self._added = self._added, None
        index = self._index or {}
        try:
            if file is not None:
                file.close()
            if added is None:
                return
            added.close()
            if self._full and len(self._used) < len(index) / 2:
                self._path.unlink(missing_ok=True)
                index = {}
            self._folder.write(self._name, b"".join(self.RECORD.pack(key, *one) for key, one in index.items()))
        except OSError:
            return

    def _append(self) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(self._path, flags, 0o600), "ab")

    def _open(self) -> None:
        self._index = {}
        found = self._folder.read(self._name)
        if found and len(found) % self.RECORD.size == 0:
            with suppress(OSError):
                self._file = self._path.open("rb", buffering=0)  # closed by `save`
                os.utime(self._path)
                self._index = {
                    key: (mark, start, length) for key, mark, start, length in self.RECORD.iter_unpack(found)
                }


def find_obstacle(folder: Path) -> str | None:
    """Why a cache in `folder` could be somebody else's; None where nothing speaks against it."""
    from reconciler.manifests.tree.repository import is_committed, top_of

    for path in (folder, folder.parent):
        if path.is_symlink():
            return f"{path} is a link"
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                return f"{entry.path} is a link"
            if not (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)):
                return f"{entry.path} is neither a file nor a folder"  # whoever opens a pipe waits for ever
    top = top_of(os.path.realpath(folder.parent))
    if top is not None and folder.exists() and is_committed(top, os.path.realpath(folder)):
        return f"git tracks {folder}"
    return None


def find_key(environ: Mapping[str, str], project: Project) -> bytes | None:
    """The key of this user's caches: from `RECONCILER_CACHE_KEY`, else from the configuration folder, where the first
    call makes it. None where there is none and none can be kept."""
    given = environ.get(CACHE_KEY, "").encode("utf-8", "surrogateescape") or _kept_key(environ, project)
    return blake2b(given, digest_size=32, person=b"cache").digest() if given else None


def _kept_key(environ: Mapping[str, str], project: Project) -> bytes | None:
    from reconciler.api.paths import configuration_folder, lies_in_repository
    from reconciler.fsio import OWNER_ONLY, create_file

    path = configuration_folder(environ) / KEY_FILE
    if lies_in_repository(path, project.home):
        return None
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileExistsError):
                create_file(path, secrets.token_hex(32).encode(), OWNER_ONLY)
        found = path.stat()
        if os.name != "nt" and (found.st_mode & 0o077 or found.st_uid != os.getuid()):
            return None
        key = path.read_bytes()
    except OSError:
        return None
    return key if len(key) >= SHORTEST_KEY else None


@cache
def program() -> str:
    """Which program this is, to the byte: what the installer noted of its files, or how those of a checkout lie."""
    package = Path(__file__).resolve().parents[1]
    told = blake2b(sys.version.encode(), digest_size=16)
    noted = sorted(package.parent.glob("persona_reconciler-*.dist-info/RECORD"))
    if noted:
        for record in noted:
            told.update(record.read_bytes())
    else:
        for folder, inner, names in os.walk(package):
            inner.sort()
            for name in sorted(names):
                if name.endswith((".py", ".yaml", ".json")):
                    path = os.path.join(folder, name)  # noqa: PTH118 - plain strings: this runs once a file
                    facts = os.stat(path)  # noqa: PTH116
                    told.update(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return told.hexdigest()


FORMAT = 1
LARGEST_RATES = 64 * 1024
"""Bytes that are read."""
MOST_RATES = 100
"""Accounts that are kept; those that were used last."""
SENSIBLE = (0.01, 10_000.0)
"""Requests a second."""


def rates_file(environ: Mapping[str, str]) -> Path:
    """Where it is: `reconciler/rates.json` in the user's cache folder (absolute)."""
    given = environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME", "")
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises without one
    folder = Path(given) if os.path.isabs(given) else Path(home) / ".cache"  # noqa: PTH117
    return folder / "reconciler" / "rates.json"


def read_rates(environ: Mapping[str, str]) -> dict[str, float]:
    """Requests a second by account; empty where nothing is known."""
    try:
        with rates_file(environ).open("rb") as file:
            document = json.loads(file.read(LARGEST_RATES))
        rates = document["rates"] if document["format"] == FORMAT else {}
        return {str(account): float(rate) for account, rate in rates.items() if _is_rate(rate)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def keep_rates(environ: Mapping[str, str], found: Mapping[str, float]) -> None:
    """Remember the rates that a run found, beside those of other accounts. Where that fails the next run learns."""
    from reconciler.fsio import replace_file

    known = read_rates(environ)
    found = {account: float(f"{rate:.3g}") for account, rate in found.items() if _is_rate(rate)}
    if all(known.get(account) == rate for account, rate in found.items()):
        return
    rates = {account: rate for account, rate in known.items() if account not in found} | found
    document = {"format": FORMAT, "rates": dict(list(rates.items())[-MOST_RATES:])}
    path = rates_file(environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, (json.dumps(document, indent=2) + "\n").encode(), 0o600)
    except OSError:
        return


def _is_rate(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and SENSIBLE[0] <= value <= SENSIBLE[1]
