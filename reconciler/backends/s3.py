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
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from uuid import uuid4

from reconciler.backends.bucket import Bucket, Moved, check_endpoint, open_bucket, read_options
from reconciler.backends.context import BackendContext, check_settings, default_place, read_flag, read_text
from reconciler.backends.lease import HeldLease, keep_lease
from reconciler.backends.lock_acquire import (
    MOST_HOLDER,
    MOST_NAME,
    MOST_NEIGHBOURS,
    Held,
    StoreClock,
    acquire,
    dump_holder,
    lease_end,
    parse_holder,
    present,
    reason_to_take,
    refuse_other,
    tell_takeover,
)
from reconciler.core.settings.setting_reader import STATE, read_limits
from reconciler.errors import StateError, StateMoved, UsageError
from reconciler.types.ports import Backend, Clock, Emit, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo

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
    return S3Backend(store, key.strip("/"), context)


class S3Backend:
    """The port over an object store; safe for several threads of one process."""

    tells_holder = True
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
            except Moved:
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
        found = self._find()[0]
        return None if found is None or reason_to_take(found, present()) else found.info

    def break_lock(self, id: str) -> None:
        """Free the lock with this id. Raises `StateError`."""
        held, version = self._find()
        refuse_other(held, id)
        try:
            self._bucket.write(self._lock_key, FREE, version)
        except Moved:
            # Renewed in this very moment, or taken over.
            held, version = self._find()
            refuse_other(held, id)
            try:
                self._bucket.write(self._lock_key, FREE, version)
            except Moved:
                raise StateError(
                    f"the lock of {self.describe()} is being renewed", hint="its holder is at work; wait for it"
                ) from None

    def describe(self) -> str:
        """The address of the document."""
        return f"{self._bucket.address}/{self._key}"

    def neighbours(self) -> Sequence[str]:
        """Projects with an object `reconciler/<project>/<workspace>/state.json`, at most `MOST_NEIGHBOURS`."""
        parts = self._key.split("/")
        if len(parts) < 4 or parts[0] != "reconciler":
            return ()
        root, *owner, workspace, file = parts
        found = (one for one in self._bucket.folders(root) if one != "/".join(owner))
        there = (one[:MOST_NAME] for one in found if self._bucket.exists(f"{root}/{one}/{workspace}/{file}"))
        return sorted(islice(there, MOST_NEIGHBOURS))

    def heed(self, stop: Callable[[], bool]) -> None:
        """Pauses between two tries end once `stop` says so."""
        self._bucket.waits.heed(stop)

    def close(self) -> None:
        """Nothing is held open between two calls."""

    @contextmanager
    def _hold(self, info: LockInfo, timeout: float, clock: Clock, emit: Emit) -> Iterator[HeldLease]:
        self.probe()
        store = StoreClock(clock)
        acquire(lambda: self._attempt(info, clock.now(), store, emit), timeout=timeout, clock=clock, emit=emit)
        with keep_lease(
            info, ask=self._holding, renew=lambda: self._replace(info, self._record(info, clock.now())),
            release=lambda: self._replace(info, FREE), heartbeat=self._heartbeat, emit=emit, lease=self._lease,
        ) as lease:  # fmt: skip
            yield lease

    def probe(self) -> None:
        """Raise `StateError` when the store says yes to a write whose condition does not hold."""
        key, version = self._scratch()
        try:
            self._must_refuse(key, None)
            changed = self._bucket.write(key, PROBE + b"changed\n", version)
            if changed != version:
                self._must_refuse(key, version)
        except Moved:
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
            except Moved:
                self._bucket.delete(key)  # made by an earlier try whose answer was lost
        raise StateError(f"{self._bucket.address} calls every new object one that is there", hint="it keeps no state")

    def _must_refuse(self, key: str, version: str | None) -> None:
        try:
            self._bucket.write(key, PROBE, version)
        except Moved:
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

    def _attempt(self, info: LockInfo, now: str, store: StoreClock, emit: Emit) -> LockInfo | None:
        """Take the lock if it is free, or its holder gone; else who holds it."""
        while True:
            held, version = self._find()
            if held is not None and held.info.id == info.id:
                return None  # An earlier try arrived, though its answer did not.
            reason = reason_to_take(held, store.now(self._time)) if held else None
            if held is not None and reason is None:
                return held.info
            try:
                self._bucket.write(self._lock_key, self._record(info, now), version)
            except Moved:
                continue  # Somebody was quicker; look who.
            if held is not None and reason is not None:
                tell_takeover(held, reason, emit)
            return None

    def _replace(self, info: LockInfo, record: bytes) -> bool:
        """Write the lock object if it still names us; False when it does not."""
        held, version = self._find()
        if held is None or held.info.id != info.id:
            return False
        try:
            self._bucket.write(self._lock_key, record, version)
        except Moved:
            # Our own write whose answer was lost, or somebody else's.
            found = self._bucket.read(self._lock_key, MOST_HOLDER)
            return found is not None and found.data == record
        return True

    def _find(self) -> tuple[Held | None, str | None]:
        """The holder on record and the version of the lock object, None where there is none."""
        found = self._bucket.read(self._lock_key, MOST_HOLDER)
        if found is None:
            return None, None
        if found.data == FREE:
            return None, found.version
        held = parse_holder(found.data, f"{self.describe()}.lock")
        return held.renewed_at(found.written), found.version

    def _holding(self) -> LockInfo | None:
        held = self._find()[0]
        return held.info if held else None

    def _record(self, info: LockInfo, now: str) -> bytes:
        return dump_holder(replace(info, expires=lease_end(now, self._lease)), self._lease)
