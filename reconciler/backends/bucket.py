"""The object store under the s3 backend: its options; conditional reads and writes; obstore's errors as our own."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from reconciler.backends.context import BackendContext
from reconciler.backends.lease import Patience, Tries
from reconciler.core.serialization.checked_json import Unfit, receive
from reconciler.core.setting_reader import Role, reference_in
from reconciler.errors import StateError, UsageError
from reconciler.installation import extra_hint
from reconciler.types.json import Object
from reconciler.types.options import Limits
from reconciler.types.project import BackendSettings

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ObjectStore

T = TypeVar("T")
ATTEMPT = 60.0
"""Seconds of one attempt, from connecting to the last byte."""
WHAT = "state backend 's3', `options`"
SERVICE_KEY = "service_account_key"
SECRET_OPTIONS = ("key", "secret", "token", "password", "signature", "sas")
_CONNECTION = (
    "allow_http", "connect_timeout", "default_content_type", "http1_only", "http2_only", "pool_idle_timeout",
    "pool_max_idle_per_host", "randomize_addresses", "read_timeout", "timeout", "user_agent",
)  # fmt: skip
"""What obstore takes as options of its HTTP client; among those of a store it panics."""
_FLAGS = (
    "checksum", "checksum_algorithm", "conditional_put", "copy_if_not_exists", "disable_bulk_delete",
    "disable_tagging", "express_zonal", "imdsv1_fallback", "object_id", "msi_resource_id", "request_payer",
    "role_arn", "role_session_name", "s3_express", "server_side_encryption", "skip_signature",
    "sse_bucket_key_enabled", "sse_kms_key_id", "unsigned_payload", "use_emulator", "use_fabric_endpoint",
    "virtual_hosted_style_request",
)  # fmt: skip
_WORDS = (
    "account_name", "bucket", "bucket_name", "client_id", "container_name", "default_region", "region", "tenant_id",
    "authority_id",
)  # fmt: skip
_CREDENTIALS = (
    "access_key", "access_key_id", "account_key", "bearer_token", "client_secret", "encryption_key",
    "fabric_session_token", "master_key", "sas_key", "sas_token", "secret_access_key", "service_account_key",
    "session_token", "sse_customer_key_base64", "token",
)  # fmt: skip
_ADDRESSES = (
    "authority_host", "base_url", "endpoint", "endpoint_url", "endpoint_url_s3", "endpoint_url_sts",
    "fabric_token_service_url", "fabric_workload_host", "metadata_endpoint", "msi_endpoint", "sts_endpoint",
)  # fmt: skip
OPTIONS = {
    **dict.fromkeys((*_CONNECTION, *_FLAGS), Role.TEXT),
    **dict.fromkeys(_WORDS, Role.WORD),
    **dict.fromkeys(_CREDENTIALS, Role.CREDENTIAL),
    **dict.fromkeys(_ADDRESSES, Role.STORE),
}
"""Without the name of the company in front. What is not here names a proxy, certificates, a file of credentials or a
program to run: those come from the environment alone."""
_COMPANY = re.compile(r"(?:aws|azure_storage|azure|google)_")


def check_endpoint(text: str) -> str:
    """`text`, the address of a store. Raises `UsageError` where it is no URL: obstore would end the program."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known or not text.isascii() or not text.isprintable() or any(sign in ' "<>\\^`{|}' for sign in text):
        raise UsageError(
            "the endpoint of state backend 's3' is no URL",
            hint="write it as https://host[:port], in `endpoint` under `state:` or AWS_ENDPOINT_URL",
        )
    return text


PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits between tries at a store that does not answer, or fails."""
_STATUS = re.compile(r"\b(4\d\d) [A-Z]")
"""The status of an answer in the library's message; where it says it otherwise, the request is tried again."""
WRONG = frozenset(str(number) for number in range(400, 500)) - {"408", "409", "429"}


MOST_FOLDERS = 100


class ConditionFailed(Exception):
    """The object is not the one that the condition names."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it is in the store."""

    data: bytes
    version: str
    written: datetime
    """When, by the store's clock."""


def open_bucket(
    address: str, options: Mapping[str, str], *, allow_http: bool, limits: Limits, token: str = ""
) -> Bucket:
    """The store at `address` (s3://, gs://, az://, ...) with obstore's own `options`; `token` is an access token for
    Google's, "" where it finds its credentials itself. Raises `UsageError`."""
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise UsageError(
            "state backend 's3' needs obstore, which is not installed",
            hint=extra_hint("s3"),
        ) from None
    secrets = [value for name, value in options.items() if any(word in name.lower() for word in SECRET_OPTIONS)]
    secrets += [token] if token else []
    connection = {plain: value for name, value in options.items() if (plain := _plain(name)) in _CONNECTION}
    bearer = {"credential_provider": lambda: {"token": token, "expires_at": None}} if token else {}

    def open_store(seconds: float) -> ObjectStore:
        store: ObjectStore = from_url(
            address,
            config={  # type: ignore[call-overload,unused-ignore]
                name: value for name, value in options.items() if _plain(name) not in _CONNECTION
            },
            client_options={
                **connection,
                "allow_http": allow_http,
                "timeout": timedelta(seconds=seconds),
                "connect_timeout": timedelta(seconds=min(10.0, seconds)),
            },
            retry_config={"max_retries": 0},  # tries again here, where a wish to stop is heard
            **bearer,
        )
        return store

    try:
        return Bucket(open_store, address.rstrip("/"), secrets, limits)
    except (BaseError, ValueError, TypeError) as error:
        raise UsageError(
            f"the store {address} cannot be opened: {_said(error, secrets)}",
            hint="check `bucket`, `url`, `region` and `endpoint` under `state:`",
        ) from None


class Bucket:
    """A store; versions are its ETags (or generations), as text that is handed back."""

    def __init__(
        self, open_store: Callable[[float], ObjectStore], address: str, secrets: list[str], limits: Limits
    ) -> None:
        """`open_store` gives the store with so many seconds for an attempt."""
        self._open = open_store
        self._usual = min(ATTEMPT, limits.whole)
        self._store = open_store(self._usual)
        self.address = address
        self._secrets = secrets
        self._limits = limits
        self.patience = Patience(limits.whole)
        self._versions: dict[str, UpdateVersion] = {}

    def read(self, key: str, most: int | None = None) -> StoredObject | None:
        """The object, of at most `most` bytes (else a state's); None where there is none. Raises `StateError`."""
        return self._try(key, "read", lambda store: self._read(store, key, most or self._limits.state))

    def _read(self, store: ObjectStore, key: str, most: int) -> StoredObject | None:
        import obstore
        from obstore.exceptions import NotFoundError

        try:
            result = obstore.get(store, key)
            meta = result.meta
            version = self._note(meta.get("e_tag"), meta.get("version"))
            # Counted as it comes: what the store says of the size is its word.
            return StoredObject(
                receive(self._timed(map(bytes, result.stream())), "", most), version, meta["last_modified"]
            )
        except Unfit as error:
            raise StateError(
                f"{self.address}/{key} cannot be read: {error}",
                hint="check the key; RECONCILER_MAX_STATE_MB and RECONCILER_MAX_REQUEST_SECONDS set the limits",
            ) from None
        except (NotFoundError, FileNotFoundError):
            return None

    def write(self, key: str, data: bytes, version: str | None) -> str:
        """Write where the object still has `version` (None: where there is none); its new version.

        Raises `ConditionFailed` where the condition does not hold, also for want of the answer to an earlier try, and
        `StateError`.
        """
        return self._try(key, "written", lambda store: self._write(store, key, data, version))

    def _write(self, store: ObjectStore, key: str, data: bytes, version: str | None) -> str:
        import obstore
        from obstore.exceptions import AlreadyExistsError, NotFoundError, PreconditionError

        try:
            mode: UpdateVersion | str = "create" if version is None else self._versions[version]
            result = obstore.put(store, key, data, mode=mode, use_multipart=False)  # type: ignore[arg-type]
            return self._note(result.get("e_tag"), result.get("version"))
        except (AlreadyExistsError, PreconditionError):
            raise ConditionFailed(key) from None
        except (NotFoundError, FileNotFoundError):
            if version is None:
                raise StateError(
                    f"{self.address} does not exist", hint="create the bucket, or check its name"
                ) from None
            raise ConditionFailed(key) from None

    def delete(self, key: str) -> None:
        """Remove the object, if there is one; a failure is no harm."""
        import obstore

        self._once(lambda: obstore.delete(self._store, key))

    def folders(self, place: str) -> list[str]:
        """Names one level below `place`; none where they may not be listed."""
        import obstore

        # Whoever may not list is told nothing, and misses nothing that is needed.
        listed = self._once(lambda: obstore.list_with_delimiter(self._store, f"{place}/"))
        found = [] if listed is None else listed["common_prefixes"]
        return [one.rstrip("/").rpartition("/")[2] for one in found[:MOST_FOLDERS]]

    def exists(self, key: str) -> bool:
        """Whether there is such an object, as far as the store tells."""
        import obstore

        return self._once(lambda: obstore.head(self._store, key)) is not None

    def _once(self, work: Callable[[], T]) -> T | None:
        """`work`, for what is no harm where it fails; None then, and without a try while the store says nothing."""
        if self.patience.silent:
            return None
        with self.patience.request() as tries:
            tries.answered = True
            try:
                return work()
            except Exception as error:
                tries.answered = not _may_pass(error)
                return None

    def _note(self, tag: str | None, number: str | None) -> str:
        found: UpdateVersion = {}
        if tag is not None:
            found["e_tag"] = tag
        if number is not None:
            found["version"] = number
        text = f"{tag} {number}"
        self._versions[text] = found
        return text

    def _timed(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The library's own timeout begins anew where it goes on with a body that broke off."""
        end = time.monotonic() + self._limits.whole
        for chunk in chunks:
            if time.monotonic() > end:
                raise Unfit(f"it took longer than {self._limits.whole:g} s", hopeless=True)
            yield chunk

    def _try(self, key: str, done: str, work: Callable[[ObjectStore], T]) -> T:
        """`work`, again after a pause where the store failed in a way that may pass. Raises `StateError`."""
        with self.patience.request() as tries:
            return self._attempts(tries, key, done, work)

    def _attempts(self, tries: Tries, key: str, done: str, work: Callable[[ObjectStore], T]) -> T:
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        for pause in (*PAUSES, None):
            try:
                left = tries.left()
                tries.answered = True
                return work(self._store if left >= self._usual else self._open(left))
            except (PermissionDeniedError, UnauthenticatedError, PermissionError):
                raise StateError(
                    f"{self.address}/{key} may not be {done}",
                    hint="the credentials must not have expired, and must allow reading, writing and deleting "
                    "objects under this key",
                ) from None
            except BaseException as error:  # what the library's own panics are made of is no `Exception`
                if not isinstance(error, BaseError | OSError) and type(error).__name__ != "PanicException":
                    raise
                tries.answered = not _may_pass(error)
                wait = 0.0 if pause is None else pause * random.uniform(0.5, 1.0)  # noqa: S311
                if pause is None or tries.answered or not tries.again(wait):
                    raise StateError(
                        f"{self.address}/{key} cannot be {done}: {_said(error, self._secrets)}",
                        hint="check the network, `endpoint`, `region` and the credentials: under `state:`, or in the "
                        "store's own variables (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ...)",
                    ) from None
        raise AssertionError("unreachable")


def _may_pass(error: BaseException) -> bool:
    """Whether another try may help: anything but a panic, and an answer that says that the request is wrong."""
    from obstore.exceptions import GenericError

    status = _STATUS.search(str(error))
    return isinstance(error, GenericError | OSError) and (status is None or status[1] not in WRONG)


def _said(error: BaseException, secrets: list[str]) -> str:
    """The first line of the library's message, without what is secret."""
    text = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    for secret in secrets:
        text = text.replace(secret, "(sensitive)")
    return text


def read_options(settings: BackendSettings, context: BackendContext) -> dict[str, str]:
    """The options, references resolved.

    Raises `UsageError` for one that a project file cannot set, and what `SettingsReader.text` raises.
    """
    more = settings.settings.get("options") or {}
    if not isinstance(more, dict):
        raise UsageError("the setting `options` of state backend 's3' is a mapping of texts")
    roles = {name: OPTIONS.get(_plain(name)) for name in more}
    for name, role in roles.items():
        if role is None and not settings.own:
            close = get_close_matches(name, OPTIONS, n=1, cutoff=0.8)
            raise UsageError(
                f"the option {name!r} of state backend 's3' is none that a project file may set",
                hint=f"did you mean {close[0]!r}?" if close else "set it in the environment of the run",
            )
    known = {name: role or Role.TEXT for name, role in roles.items()}
    reader = context.reader(WHAT, known, more, own=settings.own)
    found = {name: reader.text(name) or "" for name in more}
    for name, text in found.items():
        reference = reference_in(more[name])
        theirs = reference is not None and reference.variable and reader.operator.names_places(reference.variable)
        if _plain(name) == SERVICE_KEY and not theirs:
            context.reader(WHAT, {name: Role.STORE}, _place_in(name, text), own=settings.own).text(name)
    return found


def _place_in(name: str, key: str) -> Object:
    """The address inside a key of Google's, under the option's name: its store goes there, and takes the token along
    that the environment holds. Raises `UsageError` for what the library might read otherwise."""
    try:
        document = json.loads(key)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UsageError(f"{WHAT}: {name!r} is no key of a service account", hint="it is a JSON document of Google's")
    return {name: document["gcs_base_url"]} if document.get("gcs_base_url") is not None else {}


def _plain(name: str) -> str:
    """The name of an option without the company's in front."""
    return _COMPANY.sub("", name.lower(), count=1)
