"""Objects under the s3 backend: read, write on a condition, delete; obstore's errors as our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.core.answers import Unfit, receive
from reconciler.errors import StateError, UsageError
from reconciler.types.limits import Limits

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ObjectStore

SECRET_OPTIONS = ("key", "secret", "token", "password", "signature", "sas")


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


class Moved(Exception):
    """The object is not the one that the condition names."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object as it is in the store."""

    data: bytes
    version: str
    written: datetime
    """When, by the store's clock."""


def open_bucket(address: str, options: Mapping[str, str], *, allow_http: bool, most: int = Limits().state) -> Bucket:
    """The store at `address` (s3://, gs://, az://, ...) with obstore's own `options`. Raises `UsageError`."""
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise UsageError(
            "state backend 's3' needs obstore, which is not installed",
            hint="pip install 'persona-reconciler[s3]'",
        ) from None
    secrets = [value for name, value in options.items() if any(word in name.lower() for word in SECRET_OPTIONS)]
    try:
        store = from_url(
            address,
            config=dict(options),  # type: ignore[call-overload,unused-ignore]
            client_options={
                "allow_http": allow_http,
                "timeout": timedelta(seconds=60),
                "connect_timeout": timedelta(seconds=10),
            },
            retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=45)},
        )
    except (BaseError, ValueError, TypeError) as error:
        raise UsageError(
            f"the store {address} cannot be opened: {_said(error, secrets)}",
            hint="check `bucket`, `url`, `region` and `endpoint` under `state:`",
        ) from None
    return Bucket(store, address.rstrip("/"), secrets, most)


class Bucket:
    """A store; versions are its ETags (or generations), as text that is handed back."""

    def __init__(self, store: ObjectStore, address: str, secrets: list[str], most: int = Limits().state) -> None:
        self._store = store
        self.address = address
        self._secrets = secrets
        self._most = most
        self._versions: dict[str, UpdateVersion] = {}

    def read(self, key: str) -> Found | None:
        """The object; None where there is none. Raises `StateError`."""
        import obstore
        from obstore.exceptions import NotFoundError

        with self._told(key, "read"):
            try:
                result = obstore.get(self._store, key)
                meta = result.meta
                version = self._note(meta.get("e_tag"), meta.get("version"))
                # Counted as it comes: what the store says of the size is its word.
                return Found(receive(map(bytes, result.stream()), "", self._most), version, meta["last_modified"])
            except Unfit as error:
                raise StateError(
                    f"{self.address}/{key} cannot be read: {error}",
                    hint="check the key; RECONCILER_MAX_STATE_MB sets how large a state may be",
                ) from None
            except (NotFoundError, FileNotFoundError):
                return None

    def write(self, key: str, data: bytes, version: str | None) -> str:
        """Write where the object still has `version` (None: where there is none); its new version.

        Raises `Moved` where the condition does not hold, `StateError`.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, NotFoundError, PreconditionError

        with self._told(key, "written"):
            try:
                mode: UpdateVersion | str = "create" if version is None else self._versions[version]
                result = obstore.put(self._store, key, data, mode=mode, use_multipart=False)  # type: ignore[arg-type]
                return self._note(result.get("e_tag"), result.get("version"))
            except (AlreadyExistsError, PreconditionError):
                raise Moved(key) from None
            except (NotFoundError, FileNotFoundError):
                if version is None:
                    raise StateError(
                        f"{self.address} does not exist", hint="create the bucket, or check its name"
                    ) from None
                raise Moved(key) from None

    def delete(self, key: str) -> None:
        """Remove the object, if there is one; a failure is no harm."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            obstore.delete(self._store, key)
        except (BaseError, OSError):
            pass

    def _note(self, tag: str | None, number: str | None) -> str:
        found: UpdateVersion = {}
        if tag is not None:
            found["e_tag"] = tag
        if number is not None:
            found["version"] = number
        text = f"{tag} {number}"
        self._versions[text] = found
        return text

    @contextmanager
    def _told(self, key: str, done: str) -> Iterator[None]:
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError, PermissionError):
            raise StateError(
                f"{self.address}/{key} may not be {done}",
                hint="the credentials must allow reading, writing and deleting objects under this key",
            ) from None
        except BaseException as error:  # what the library's own panics are made of is no `Exception`
            if not isinstance(error, BaseError | OSError) and type(error).__name__ != "PanicException":
                raise
            raise StateError(
                f"{self.address}/{key} cannot be {done}: {_said(error, self._secrets)}",
                hint="check the network, `endpoint`, `region` and the credentials under `state:`",
            ) from None


def _said(error: BaseException, secrets: list[str]) -> str:
    """The first line of the library's message, without what is secret."""
    text = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    for secret in secrets:
        text = text.replace(secret, "(sensitive)")
    return text
