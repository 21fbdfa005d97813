"""State in an object store: S3, R2, MinIO and other S3-compatible ones, Google Cloud Storage, Azure Blob Storage.

<key>         the document, replaced only where it is still the one that was read (If-Match)
<key>.lock    who holds the lock: made with If-None-Match, renewed, taken over and given back with If-Match

A lock that was given back stays as an object that names nobody: deleting it could not be tied to what it holds. All
of this rests on the store minding those conditions. Some S3-compatible stores ignore them and say yes to everybody,
so before each lock two conditional writes that must fail are tried, and a store that lets them pass is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar
from uuid import uuid4

from reconciler.backends.bucket import Bucket, ConditionFailed, check_endpoint, open_bucket, read_options
from reconciler.backends.context import BackendContext, check_settings, default_place, read_flag, read_text
from reconciler.backends.lease import HeldLease
from reconciler.backends.lock_acquire import (
    MOST_HOLDER,
    MOST_NAME,
    MOST_NEIGHBOURS,
    Held,
    now_utc,
    parse_holder,
    reason_to_take,
)
from reconciler.backends.stored_lock import LockRecord, break_stored_lock, hold_lock, lease_record
from reconciler.core.setting_reader import STATE, read_limits
from reconciler.errors import StateError, StateMoved, UsageError
from reconciler.types.ports import Backend, Clock, Emit, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo

T = TypeVar("T")
CREDENTIALS = ("access_key_id", "secret_access_key", "session_token")
SETTINGS = ("bucket", "key", "region", "endpoint", "url", "options", "allow_http", *STATE, *CREDENTIALS)
FREE = b"{}"
"""What a lock says that nobody holds."""
PROBE = b"reconciler tries whether this store minds conditions; this object may be deleted\n"


def open_backend(settings: BackendSettings, context: BackendContext) -> Backend:
    """The object `key` (`reconciler/<project>/<workspace>/state.json`, unless set) in `bucket`. Sends nothing yet.

    `url` in place of `bucket` names the store in its own scheme: s3://, gs://, az://. Credentials that are not
    set are those of the environment, as the store's own tools find them. Raises `UsageError` for unknown or
    contradicting settings, and where obstore is not installed; `NotTrusted` for a host that is not the operator's.
    """
    check_settings(settings, SETTINGS)
    bucket, url = read_text(settings, "bucket", context), read_text(settings, "url", context)
    if (bucket is None) == (url is None):
        raise UsageError(
            "state backend 's3' needs either `bucket` or `url`",
            hint="bucket: my-states; or url: gs://my-states, az://container, s3://my-states",
        )
    given = {name: read_text(settings, name, context) for name in ("endpoint", "region", *CREDENTIALS)}
    if url is None or url.startswith("s3"):
        # As the tools of AWS do; looked up here, so that plain http works where the operator names it.
        usual = (context.environ.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"))
        given["endpoint"] = given["endpoint"] or next((one for one in usual if one), None)
    options = {name: value for name, value in given.items() if value}
    endpoint = options.get("endpoint", "")
    options |= read_options(settings, context)
    address = url or f"s3://{bucket}"
    key = read_text(settings, "key", context) or f"reconciler/{default_place(context)}/state.json"
    plain = read_flag(settings, "allow_http", endpoint.startswith("http://"))
    ambient = context.environ.get("AWS_ENDPOINT", "")
    for place in (*(value for name, value in options.items() if "endpoint" in name.lower()), ambient):
        if place:
            check_endpoint(place)
    limits = read_limits(settings.settings, context.environ)
    # As Terraform's backend for Google Cloud Storage takes it: what a pipeline got by its own identity.
    token = context.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN", "") if address.startswith("gs:") else ""
    store = open_bucket(address, options, allow_http=plain, limits=limits, token=token)
    return S3Backend(store, key.strip("/") + (context.beside and f".{context.beside}"), context)


class S3Backend:
    """The port over an object store; safe for several threads of one process."""

    shows_holder = True
    journal = None
    seal = None

    def __init__(self, bucket: Bucket, key: str, context: BackendContext) -> None:
        self._bucket = bucket
        self._key = key
        self._lock_key = f"{key}.lock"
        self._lease = context.lease_seconds
        self._heartbeat = context.heartbeat_seconds
        self._turn = threading.RLock()
        self._seen: str | None = None
        self._known = False
        """Whether `_seen` says what is in the store: the version read last, None for no document."""

    def read(self) -> bytes | None:
        """The document. Raises `StateError`."""
        with self._turn:
            found = self._bucket.read(self._key)
            self._seen, self._known = (found.version if found else None), True
            return found.data if found else None

    def write(self, data: bytes) -> None:
        """Replace the document. Raises `StateError`, `StateMoved` where another one is there than was read."""
        with self._turn:
            if not self._known:
                self.read()
            try:
                self._seen = self._bucket.write(self._key, data, self._seen)
            except ConditionFailed:
                if self.read() == data:
                    return  # An earlier try arrived, though its answer did not.
                raise StateMoved(
                    f"{self.describe()} was written by somebody else during this run",
                    hint="run the same command again",
                ) from None

    def lock(self, info: LockInfo, *, timeout: float, clock: Clock, emit: Emit) -> AbstractContextManager[Lease]:
        """Hold the lock object. Raises `StateLocked`, `StateError`, also for a store that ignores conditions."""
        return self._hold(info, timeout, clock, emit)

    def holder(self) -> LockInfo | None:
        """Who holds the lock."""
        found = self.find_lock()
        return None if found is None or reason_to_take(found, now_utc()) else found.info

    def break_lock(self, id: str) -> None:
        """Free the lock with this id. Raises `StateError`."""
        break_stored_lock(self, id, self.describe())

    def find_lock(self) -> Held | None:
        """The holder on record, its lease counted by the store's clock. Raises `StateError`."""
        return self.with_record(lambda record: record.find())

    def with_record(self, work: Callable[[LockRecord], T]) -> T:
        """What `work` gives, called with the lock object: each write of it is conditional on what was read."""
        return work(_LockObject(self._bucket, self._lock_key, self._lease, self._time))

    def describe(self) -> str:
        """The address of the document."""
        return f"{self._bucket.address}/{self._key}"

    def neighbours(self) -> Sequence[str]:
        """Projects with an object `reconciler/<project>/<workspace>/state.json`, at most `MOST_NEIGHBOURS`."""
        parts = self._key.split("/")
        if len(parts) < 4 or parts[0] != "reconciler":
            return ()
        root, *owner, workspace, file = parts
        found = (folder for folder in self._bucket.folders(root) if folder != "/".join(owner))
        there = (one[:MOST_NAME] for one in found if self._bucket.exists(f"{root}/{one}/{workspace}/{file}"))
        return sorted(islice(there, MOST_NEIGHBOURS))

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """Pauses between two tries end once `stop` says so."""
        self._bucket.patience.stop_when(stop)

    def close(self) -> None:
        """Nothing is held open between two calls."""

    @contextmanager
    def _hold(self, info: LockInfo, timeout: float, clock: Clock, emit: Emit) -> Iterator[HeldLease]:
        self.probe()
        with hold_lock(
            self, info, lease=self._lease, heartbeat=self._heartbeat, timeout=timeout, clock=clock, emit=emit
        ) as lease:
            yield lease

    def probe(self) -> None:
        """Raise `StateError` when the store says yes to a write whose condition does not hold."""
        key, version = self._scratch()
        try:
            self._must_refuse(key, None)
            changed = self._bucket.write(key, PROBE + b"changed\n", version)
            if changed != version:
                self._must_refuse(key, version)
        except ConditionFailed:
            raise StateError(
                f"{self._bucket.address} refuses a write whose condition holds", hint="it cannot keep a state"
            ) from None
        finally:
            self._bucket.delete(key)

    def _scratch(self) -> tuple[str, str]:
        """An object of our own that holds the probe: its key and version."""
        for _ in range(3):
            key = f"{self._key}.probe-{uuid4().hex}"
            try:
                return key, self._bucket.write(key, PROBE, None)
            except ConditionFailed:
                self._bucket.delete(key)  # made by an earlier try whose answer was lost
        raise StateError(f"{self._bucket.address} calls every new object one that is there", hint="it keeps no state")

    def _must_refuse(self, key: str, version: str | None) -> None:
        try:
            self._bucket.write(key, PROBE, version)
        except ConditionFailed:
            return
        header = "If-None-Match" if version is None else "If-Match"
        raise StateError(
            f"{self._bucket.address} ignores {header}, so two runs could hold the lock at the same time",
            hint="keep the state in a store that minds conditional writes (S3, R2, MinIO, GCS, Azure), or use "
            "another backend: http, postgres, local",
        )

    def _time(self) -> datetime:
        """The time by the store's clock: when it took in an object that is written now."""
        key, _ = self._scratch()
        try:
            found = self._bucket.read(key)
        finally:
            self._bucket.delete(key)
        return found.written if found else datetime.now(UTC)


class _LockObject:
    """The lock object of one workspace, as it was read last."""

    def __init__(self, bucket: Bucket, key: str, lease: float, time: Callable[[], datetime]) -> None:
        self._bucket = bucket
        self._key = key
        self._lease = lease
        self.time = time
        self._version: str | None = None

    def find(self) -> Held | None:
        found = self._bucket.read(self._key, MOST_HOLDER)
        self._version = found.version if found else None
        if found is None or found.data == FREE:
            return None
        return parse_holder(found.data, f"{self._bucket.address}/{self._key}").renewed_at(found.written)

    def replace(self, info: LockInfo | None, now: str) -> bool:
        record = FREE if info is None else lease_record(info, now, self._lease)
        try:
            self._bucket.write(self._key, record, self._version)
        except ConditionFailed:
            # Our own write whose answer was lost, or somebody else's.
            found = self._bucket.read(self._key, MOST_HOLDER)
            return found is not None and found.data == record
        return True
