"""The settings of the http backend: where to send what, with which credentials; Terraform's variables count too."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.backends.context import BackendContext, check_settings, read_flag, read_number, read_text
from reconciler.backends.http.http_client import Line, Retries, bare
from reconciler.core.settings.limit_settings import STATE, read_limits
from reconciler.errors import NotTrusted, UsageError
from reconciler.types.project import BackendSettings

SETTINGS = (
    "address", "update_method", "lock_address", "lock_method", "unlock_address", "unlock_method", "username",
    "password", "token", "skip_cert_verification", "ca_file", "timeout", "retry_max", "retry_wait_min",
    "retry_wait_max", *STATE,
)  # fmt: skip
FORGES = "/terraform/state/"
"""Part of the addresses of GitLab and Gitea, whose locks are at `<address>/lock`, by POST and DELETE."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where to send what."""

    address: str
    update_method: str
    lock_address: str
    lock_method: str
    unlock_address: str
    unlock_method: str


def read_places(
    settings: BackendSettings, context: BackendContext, put_off: list[NotTrusted] | None = None
) -> Places:
    """Addresses and methods; for those of GitLab and Gitea, the ones that their locks need.

    Raises `UsageError` for unknown settings, an address that is none, and a reference to nothing; `NotTrusted` for a
    host that is not the operator's, unless `put_off` collects it.
    """
    check_settings(settings, SETTINGS)
    address = _text("address", settings, context, put_off)
    if address is None:
        raise UsageError(
            "state backend 'http' needs an address",
            hint="set `address:` under `state:` in the project file, or TF_HTTP_ADDRESS",
        )
    address = _checked(address)
    forge = FORGES in urlsplit(address).path
    lock = _text("lock_address", settings, context, put_off) or (f"{address.rstrip('/')}/lock" if forge else address)
    return Places(
        address=address,
        update_method=(_text("update_method", settings, context) or "POST").upper(),
        lock_address=_checked(lock),
        lock_method=(_text("lock_method", settings, context) or ("POST" if forge else "LOCK")).upper(),
        unlock_address=_checked(_text("unlock_address", settings, context, put_off) or lock),
        unlock_method=(_text("unlock_method", settings, context) or ("DELETE" if forge else "UNLOCK")).upper(),
    )


def read_line(settings: BackendSettings, context: BackendContext, foreign: Sequence[NotTrusted] = ()) -> Line:
    """The connection: credentials, certificates, timeout, retries. `foreign`: addresses that are not the operator's.

    Raises `UsageError`, and the first of `foreign` where there are credentials that would go there.
    """
    environ, usual = context.environ, Retries()
    retries = Retries(
        int(read_number(settings, "retry_max", _number(environ, "TF_HTTP_RETRY_MAX", usual.count))),
        read_number(settings, "retry_wait_min", _number(environ, "TF_HTTP_RETRY_WAIT_MIN", usual.shortest)),
        read_number(settings, "retry_wait_max", _number(environ, "TF_HTTP_RETRY_WAIT_MAX", usual.longest)),
    )
    insecure = environ.get("TF_HTTP_SKIP_CERT_VERIFICATION", "").lower() in {"1", "true"}
    ca_file = read_text(settings, "ca_file", context)
    trust: bool | str = str(context.project / ca_file) if ca_file else True
    if read_flag(settings, "skip_cert_verification", insecure):
        trust = False
    given = (_text(name, settings, context) for name in ("username", "password", "token"))
    credentials = _credentials(*given)
    if foreign and credentials:
        raise foreign[0]
    barred = next(iter(foreign), None)
    limits = read_limits(settings.settings, environ)
    timeout = read_number(settings, "timeout", 30)
    return Line(credentials, trust, timeout, retries, barred=barred, limits=limits)


def _text(
    name: str, settings: BackendSettings, context: BackendContext, put_off: list[NotTrusted] | None = None
) -> str | None:
    return read_text(settings, name, context, put_off) or context.environ.get(f"TF_HTTP_{name.upper()}") or None


def _credentials(user: str | None, password: str | None, token: str | None) -> dict[str, str]:
    if token and (user or password):
        raise UsageError("state backend 'http' takes a token, or a username and a password, not both")
    if token:
        if not token.isascii() or not token.isprintable():
            raise UsageError(
                "the token of state backend 'http' holds characters that no header can hold",
                hint="check where it comes from: `token` under `state:`",
            )
        return {"Authorization": f"Bearer {token}"}
    if user or password:
        pair = base64.b64encode(f"{user or ''}:{password or ''}".encode("utf-8", "surrogateescape")).decode("ascii")
        return {"Authorization": f"Basic {pair}"}
    return {}


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        known = False
    if not known:
        raise UsageError("an address of state backend 'http' is no HTTP address", hint="https://host/path")
    if parts.username or parts.password:
        raise UsageError(
            f"the state address {bare(address)} holds a user or a password",
            hint="use `username` and `password: {env: NAME}`",
        )
    return address


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(environ.get(name) or default)
    except ValueError:
        raise UsageError(f"{name} is no number") from None
