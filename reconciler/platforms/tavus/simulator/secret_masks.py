"""Secrets of the simulated account: kept as salted digests, shown as masks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from reconciler.platforms.tavus.simulator.http_types import MASK
from reconciler.types.json import Json, Object

Pattern: TypeAlias = tuple[str, ...]
Show: TypeAlias = Literal["mask", "omit", "echo"]
SEALED = "$sealed"

PERSONA_SECRETS: tuple[Pattern, ...] = (
    ("layers", "*", "api_key"),
    ("layers", "*", "headers", "*"),
    ("layers", "*", "default_query", "*"),
)
TOOL_SECRETS: tuple[Pattern, ...] = (
    *(("delivery", "api", "auth", name) for name in ("token", "password", "value", "secret", "client_secret")),
    ("delivery", "api", "headers", "*"),
)
CONNECTOR_SECRETS: tuple[Pattern, ...] = (("auth_config", "token"),)
DEPLOYMENT_SECRETS: tuple[Pattern, ...] = (("password",),)


class _Gone:
    """The type of the answer "this member is not there"."""


GONE: Final = _Gone()


class Vault:
    """Digests of one world. Remembers in memory the values that this process has seen, for `echo`."""

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode()
        self._digests: dict[str, str] = {}
        self._values: dict[str, str] = {}

    def seal(self, value: Json) -> Json:
        """A value -> `{"$sealed": digest}`. A sealed value, null and containers stay as they are."""
        if value is None or isinstance(value, dict | list):
            return value
        text = value if isinstance(value, str) else repr(value)
        digest = self._digests.get(text)
        if digest is None:
            # Slow on purpose: the file must not be a dictionary attack away from the key.
            digest = hashlib.scrypt(
                text.encode("utf-8", "surrogatepass"), salt=self._salt, n=2**11, r=8, p=1, dklen=24
            ).hex()
            self._digests[text] = digest
            self._values[digest] = text
        return {SEALED: digest}

    @property
    def seen_clear(self) -> bool:
        """Whether any clear value has passed through here."""
        return bool(self._values)

    def learn(self, other: Vault) -> None:
        """Take over what another vault of the same salt knows."""
        if other._salt == self._salt:
            self._digests.update(other._digests)
            self._values.update(other._values)

    def show(self, value: Json, how: Show) -> Json | _Gone:
        """What a read shows for the member `value`."""
        digest = value.get(SEALED) if isinstance(value, dict) else None
        if not isinstance(digest, str):
            return value
        if how == "omit":
            return GONE
        return self._values.get(digest, MASK) if how == "echo" else MASK


def seal(body: Object, patterns: Sequence[Pattern], vault: Vault) -> Object:
    """`body` with every secret replaced by its digest."""
    return _each(body, patterns, lambda _, value: vault.seal(value))


def reveal(body: Object, patterns: Sequence[Pattern], vault: Vault, keys: Show, headers: Show) -> Object:
    """`body` as a read shows it: `keys` for named secrets, `headers` for members of free objects."""
    return _each(body, patterns, lambda pattern, value: vault.show(value, headers if pattern[-1] == "*" else keys))


def echoes_mask(body: Object, patterns: Sequence[Pattern]) -> str | None:
    """The dotted path of a secret member that holds the mask itself, None when there is none."""
    found: list[str] = []

    def look(pattern: Pattern, value: Json) -> Json:
        if value == MASK:
            found.append(".".join(token for token in pattern if token != "*"))
        return value

    _each(body, patterns, look)
    return found[0] if found else None


def _each(body: Object, patterns: Sequence[Pattern], change: Callable[[Pattern, Json], Json | _Gone]) -> Object:
    for pattern in patterns:
        changed = _at(body, pattern, pattern, change)
        if isinstance(changed, dict):
            body = changed
    return body


def _at(
    value: Json, rest: Pattern, pattern: Pattern, change: Callable[[Pattern, Json], Json | _Gone]
) -> Json | _Gone:
    if not rest:
        return change(pattern, value)
    if not isinstance(value, dict) or SEALED in value:
        return value
    result: Object = value
    for name in list(value) if rest[0] == "*" else [rest[0]]:
        if name not in value:
            continue
        new = _at(value[name], rest[1:], pattern, change)
        if new is value[name]:
            continue
        if result is value:
            result = dict(value)
        if isinstance(new, _Gone):
            del result[name]
        else:
            result[name] = new
    return result
