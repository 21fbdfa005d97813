"""Secrets of the simulated account: kept as salted digests, shown as masks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from reconciler.core.credential_looks import is_setting
from reconciler.platforms.tavus.simulator.http_types import MASK
from reconciler.types.json import Json, Object

Pattern: TypeAlias = tuple[str, ...]
Show: TypeAlias = Literal["mask", "omit", "echo"]
ShowFree: TypeAlias = Literal["plain", "mask", "omit", "echo"]
"""`plain` hides all but settings by their names, `X-Organization-ID`; the others all."""
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
_Change: TypeAlias = "Callable[[Pattern, str, Json], Json | _Gone]"
"""Pattern, last word and value of a secret place -> what stands there instead."""


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
    """`body` with every secret replaced by its digest; in free objects whatever is not a setting by its name."""

    def change(pattern: Pattern, name: str, value: Json) -> Json:
        plain = pattern[-1] == "*" and isinstance(value, str) and is_setting(name, value)
        return value if plain else vault.seal(value)

    return _each(body, patterns, change)


def reveal(body: Object, patterns: Sequence[Pattern], vault: Vault, keys: Show, headers: ShowFree) -> Object:
    """`body` as a read shows it: `keys` for named secrets, `headers` for members of free objects."""

    def change(pattern: Pattern, name: str, value: Json) -> Json | _Gone:
        if pattern[-1] != "*":
            return vault.show(value, keys)
        if isinstance(value, dict) and SEALED in value:
            return vault.show(value, "mask" if headers == "plain" else headers)
        if not isinstance(value, str) or headers in ("plain", "echo"):
            return value
        return MASK if headers == "mask" else GONE

    return _each(body, patterns, change)


def echoes_mask(body: Object, patterns: Sequence[Pattern]) -> str | None:
    """The dotted path of a secret member that holds the mask itself, None when there is none."""
    found: list[str] = []

    def look(pattern: Pattern, name: str, value: Json) -> Json:
        if value == MASK:
            found.append(".".join(token for token in pattern if token != "*"))
        return value

    _each(body, patterns, look)
    return found[0] if found else None


def _each(body: Object, patterns: Sequence[Pattern], change: _Change) -> Object:
    for pattern in patterns:
        changed = _at(body, pattern, pattern, change)
        if isinstance(changed, dict):
            body = changed
    return body


def _at(value: Json, rest: Pattern, pattern: Pattern, change: _Change, name: str = "") -> Json | _Gone:
    if not rest:
        return change(pattern, name, value)
    if not isinstance(value, dict) or SEALED in value:
        return value
    result: Object = value
    for word in list(value) if rest[0] == "*" else [rest[0]]:
        if word not in value:
            continue
        new = _at(value[word], rest[1:], pattern, change, word)
        if new is value[word]:
            continue
        if result is value:
            result = dict(value)
        if isinstance(new, _Gone):
            del result[word]
        else:
            result[word] = new
    return result
