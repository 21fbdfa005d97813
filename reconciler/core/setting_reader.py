"""The settings of providers and stores, read: what each is for decides what may stand there and where it may lead."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import isfinite

from reconciler.core.fields.web_addresses import Endpoint, parse_endpoint
from reconciler.core.operator_trust import (
    ALLOWED_COMMANDS,
    ALLOWED_ENV,
    ALLOWED_HOSTS,
    CAPS,
    PORTS,
    Operator,
    name_of,
    port_of,
)
from reconciler.errors import NotTrusted, UsageError
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object
from reconciler.types.options import MB, Limits

PROVIDER = ("max_answer_mb", "max_pages", "max_request_seconds")
"""Settings of a provider; the environment knows them as RECONCILER_MAX_ANSWER_MB and so on, and wins."""
STATE = ("max_state_mb", "max_request_seconds")
"""The same for a backend of the state."""
LARGEST = 1_000_000_000


def read_limits(settings: Mapping[str, Json], environ: Mapping[str, str]) -> Limits:
    """The caps that `settings` and `environ` set, the usual ones for the rest. Raises `UsageError`."""
    usual = Limits()

    def number(name: str, default: float) -> float:
        variable = f"{CAPS}{name.removeprefix('max_').upper()}"
        value: Json = settings.get(name)
        if text := environ.get(variable, "").strip():
            try:
                value = float(text)
            except ValueError:
                value = text
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
            raise UsageError(f"{name} (or {variable}) is no number above zero", hint=f"usual is {default:g}")
        return min(value, LARGEST)

    return Limits(
        answer=max(1, int(number("max_answer_mb", usual.answer / MB) * MB)),
        state=max(1, int(number("max_state_mb", usual.state / MB) * MB)),
        pages=max(1, int(number("max_pages", usual.pages))),
        whole=number("max_request_seconds", usual.whole),
    )


class Role(Enum):
    """What a setting is for."""

    TEXT = "text"
    """Anything that is shown or becomes part of a name; variables only of those that the operator lends."""
    WORD = "word"
    """The same, and part of a host's name or of a request: letters, digits, dots, dashes and underscores alone."""
    CREDENTIAL = "credential"
    """Goes to the place of the setting beside it and is never shown; any variable, any file of the project."""
    ADDRESS = "address"
    """Where credentials go: https://HOST/PATH, or a variable that holds all of it."""
    STORE = "store"
    """The same for object stores, which have schemes of their own."""
    HOST = "host"
    """The same for servers that speak no HTTP: HOST:PORT."""
    DSN = "dsn"
    """The same for databases; its hosts are checked by the backend, which can read it."""
    PATH = "path"
    """A file; relative to the folder of the project file."""


_PLACES = (Role.ADDRESS, Role.STORE, Role.HOST)
"""Roles whose setting says by itself where it leads."""
ROLES: Mapping[str, Mapping[str, Role]] = {
    "http": {
        "address": Role.ADDRESS, "lock_address": Role.ADDRESS, "unlock_address": Role.ADDRESS,
        "username": Role.CREDENTIAL, "password": Role.CREDENTIAL, "token": Role.CREDENTIAL,
        "update_method": Role.WORD, "lock_method": Role.WORD, "unlock_method": Role.WORD,
    },
    "postgres": {"dsn": Role.DSN, "password": Role.CREDENTIAL},
    "s3": {
        "bucket": Role.WORD, "region": Role.WORD, "endpoint": Role.STORE, "url": Role.STORE,
        "access_key_id": Role.CREDENTIAL, "secret_access_key": Role.CREDENTIAL, "session_token": Role.CREDENTIAL,
    },
    "encryption": {"key": Role.CREDENTIAL},
    "fleet": {"address": Role.HOST},
}  # fmt: skip
"""State backend, or part of the project file -> setting -> role; those of providers stand in their platform. What is
not here is a text."""

_PLAIN_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_BUCKETS = frozenset({"s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss"})


@dataclass(frozen=True, slots=True)
class SettingsReader:
    """Reads the settings of one plug-in."""

    what: str
    """For messages: `state backend 'http'`."""
    roles: Mapping[str, Role]
    settings: Object
    operator: Operator
    resolve: Callable[[SecretRef], str | None]
    own: bool = False
    """The settings are the operator's: they come from the command line, not from a project file."""
    learn: Callable[[str], None] = lambda value: None
    """Told each value of a reference that is no address: no message shows it from then on."""

    def text(self, name: str, put_off: list[NotTrusted] | None = None, *, may_lack: bool = False) -> str | None:
        """The setting as text, its `{env: X}` or `{file: path}` resolved; None where it is not set.

        Raises `NotTrusted` for a variable or a host that only the repository wants (for a host, it is added to
        `put_off` where that is given), `UsageError` for a reference to nothing (`may_lack`: that is None), a value
        that is no text, and an address that is none. The value of a reference is never in a message.
        """
        role = self.roles.get(name, Role.TEXT)
        value = self.settings.get(name)
        reference = reference_in(value)
        if reference is None:
            if value is None:
                return None
            if not isinstance(value, str) or not value:
                raise UsageError(
                    f"{self.what}: the setting {name!r} is a text", hint="write a text, or {env: NAME} for a variable"
                )
            found, own = value, self.own
        else:
            self._check_reference(name, role, reference)
            resolved = self.resolve(reference) or None
            if resolved is None and may_lack:
                return None
            if resolved is None:
                raise self._missing(name, reference)
            found, own = resolved, self.own or reference.kind == "env"
            if role not in _PLACES or _endpoint(role, found) is None:
                self.learn(found)
        said = "it" if reference is None else f"what {_source(reference)} holds"
        if role is Role.WORD and not _PLAIN_WORD.fullmatch(found):
            raise UsageError(
                f"{self.what}: the setting {name!r} is a plain word, and {said} is none",
                hint="letters, digits, dots, dashes and underscores",
            )
        if role in _PLACES:
            place = self._place(name, role, found, said)
            if place is not None and not own and not self.operator.owns(place, store=role is Role.STORE):
                refused = not_yours(f"{name!r} of {self.what}", place)
                if put_off is None:
                    raise refused
                put_off.append(refused)
        return found

    def _check_reference(self, name: str, role: Role, reference: SecretRef) -> None:
        if self.own or role is Role.CREDENTIAL:
            return
        variable = reference.variable
        whole = role in _PLACES or role is Role.DSN
        if variable is None:
            if role is Role.ADDRESS or role is Role.STORE:
                return  # a file of the repository: its host is looked at like one that is written out
            raise UsageError(
                f"{self.what}: the setting {name!r} takes no file", hint="write it out, or {env: NAME} for a variable"
            )
        if not (self.operator.names_places(variable) if whole else self.operator.lends(variable)):
            why = "whoever opens a pull request fills" if whole else "may be secret, and this setting is not"
            kind = f"the variable {variable}, which {why}" if whole else f"the variable {variable}: it {why}"
            raise NotTrusted(
                f"{self.what}: the setting {name!r} wants {kind}",
                hint=f"if that is meant, list it: {ALLOWED_ENV}={variable}; or give it a name that begins with "
                "RECONCILER_",
            )

    def _missing(self, name: str, reference: SecretRef) -> UsageError:
        kind, of = reference.kind, reference.name
        return UsageError(
            f"{self.what}: {name} refers to {kind} {of}, which is not there or empty",
            hint=f"set the environment variable {of}" if kind == "env" else f"put the value into {of}",
        )

    def _place(self, name: str, role: Role, text: str, said: str) -> Endpoint | None:
        """Where an address leads; None where it leads to no other machine than the store's own."""
        place = _endpoint(role, text) if text.isascii() and text.strip().isprintable() else None
        if role is Role.STORE and place is not None and place.scheme not in ("http", "https"):
            user = "@" in text.partition("://")[2].partition("/")[0]
            if place.scheme in _BUCKETS and user:
                return Endpoint("https", place.host, place.port)
            if place.scheme and not place.port and _PLAIN_WORD.fullmatch(place.host):
                return None
        if place is None or place.scheme not in ("http", "https"):
            raise UsageError(
                f"{self.what}: the setting {name!r} is an address, and {said} is none that every program reads alike",
                hint="write it as HOST:PORT" if role is Role.HOST else "write it as https://HOST/PATH",
            )
        return place


def _endpoint(role: Role, text: str) -> Endpoint | None:
    """Where the text of an address leads; None where that is not plain."""
    if role is not Role.HOST:
        return parse_endpoint(text.strip())
    place = parse_endpoint(f"https://{text.strip()}")
    alone = place is not None and place.port and not set(text) & set("/?#@")
    return place if alone else None


def reference_in(value: Json) -> SecretRef | None:
    """The reference that a setting is, or that it is written as."""
    if isinstance(value, SecretRef):
        return value
    if isinstance(value, dict) and len(value) == 1 and value.keys() <= {"env", "file"}:
        return SecretRef.of({word: str(place) for word, place in value.items()})
    return None


def not_yours(what: str, place: Endpoint) -> NotTrusted:
    """Credentials would go to a host that only the project file names."""
    exact = name_of(place)
    usual = place.host if port_of(place) == PORTS.get(place.scheme) and ":" not in place.host else exact
    return NotTrusted(
        f"{what} in the project file leads to {exact}, where credentials may not go: it is not known as yours",
        hint=f"if it is, set {ALLOWED_HOSTS}={usual}, or run: reconciler trust {exact}",
        host=exact,
    )


def not_your_command(what: str, command: str) -> NotTrusted:
    """The project file wants something run that nobody but the repository asked for."""
    return NotTrusted(
        f"{what} in the project file runs a command that is not known as yours: {command}",
        hint=f"if it is, set {ALLOWED_COMMANDS} to it (one a line), or run: "
        f"reconciler trust --command {shlex.quote(command)}",
        command=command,
    )


def _source(reference: SecretRef) -> str:
    return reference.variable or str(reference)
