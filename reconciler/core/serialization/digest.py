"""Digests: canonical bytes of a JSON value, short digests of them, and one-way digests of secrets."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable

from reconciler.errors import StateError
from reconciler.types.json import Json

# 96 bits are 16 characters of base64: state stays small at 200,000 leaves, and a clash stays out of reach.
_SIZE = 12
# 16 MB and a few hundredths of a second for one guess. OpenSSL refuses more than 32 MB without `maxmem`.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**14, 8, 1

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode


def canonical_bytes(value: Json) -> bytes:
    """One spelling for equal values: sorted keys, no blanks, UTF-8.

    Numbers are equal by value (1 and 1.0, 0 and -0.0) but never equal to a boolean. A text that is no valid
    Unicode (a lone surrogate from a JSON escape) keeps its code point.
    """
    plain = _plain(value)
    try:
        text = _encode(plain)
    except ValueError:
        # Python refuses to print integers above 4,300 digits; they can come from a hexadecimal YAML number.
        text = _encode(_spell_huge(plain))
    return text.encode("utf-8", "surrogatepass")


def digest(value: Json) -> str:
    """16 characters of URL-safe base64: BLAKE2b over `canonical_bytes(value)`."""
    return _short(hashlib.blake2b(canonical_bytes(value), digest_size=_SIZE).digest())


def digest_bytes(data: bytes) -> str:
    """The same over bytes as they are: for files and checksums."""
    return digest_pieces((data,))


def digest_pieces(pieces: Iterable[bytes]) -> str:
    """The same over bytes that are never together in memory."""
    total = Checksum()
    for piece in pieces:
        total.add(piece)
    return total.text


class Checksum:
    """The same while the bytes come."""

    def __init__(self) -> None:
        self._total = hashlib.blake2b(digest_size=_SIZE)

    def add(self, piece: bytes) -> None:
        """Take the next bytes in."""
        self._total.update(piece)

    @property
    def text(self) -> str:
        """The digest of all so far."""
        return _short(self._total.digest())


class SecretDigests:
    """Digests of secrets, made so that state can show a rotation and never the value.

    With `key` (from RECONCILER_DIGEST_KEY) HMAC-SHA256, else scrypt over the salt of the state. Every distinct value
    is computed once. The text starts with its method (`scrypt`, `hmac.<key id>`), so that a value can be digested
    once more the way it was then: scrypt needs no key, `previous` is the key before this one.
    """

    __slots__ = ("_cache", "_key_id", "_keys", "_recorded", "_salt")

    def __init__(
        self, salt: str, key: bytes | None = None, *, previous: bytes | None = None, recorded: str | None = None
    ) -> None:
        """`recorded`: id of the key that the state says its digests were made with."""
        self._salt = salt
        self._keys = {_key_id(one): one for one in (previous, key) if one}
        self._key_id = _key_id(key) if key else None
        self._recorded = recorded
        self._cache: dict[tuple[str, str], str] = {}

    @property
    def key_id(self) -> str | None:
        """Names the key without giving it away; None for scrypt. Recorded in state as `digest_key`."""
        return self._key_id

    @property
    def scheme(self) -> str:
        """What new digests start with."""
        return "scrypt" if self._key_id is None else f"hmac.{self._key_id}"

    @property
    def lacks_key(self) -> bool:
        """Whether the state's digests were made with a key and this run has none at all: it can write no digest."""
        return not self._keys and self._recorded is not None

    def of(self, value: str) -> str:
        """The digest of one secret. Raises `StateError` where this Python has no scrypt."""
        return self._in_way(value, self.scheme)

    def recompute(self, value: str, like: str) -> str | None:
        """The digest of `value` made as the digest `like` was; None where its key is not here."""
        way = like.partition(":")[0]
        kind, _, id = way.partition(".")
        return self._in_way(value, way) if way == "scrypt" or (kind == "hmac" and id in self._keys) else None

    def _in_way(self, value: str, way: str) -> str:
        known = self._cache.get((way, value))
        if known is None:
            data = value.encode("utf-8", "surrogatepass")
            if way == "scrypt":
                made = _scrypt(self._salt, b"secret", data)
            else:
                # The salt is part of the message, so that equal secrets of two states cannot be matched.
                key = self._keys[way.partition(".")[2]]
                made = hmac.digest(key, _salty(self._salt) + data, "sha256")[:16]
            known = self._cache[way, value] = f"{way}:{_short(made)}"
        return known


def _key_id(key: bytes) -> str:
    return _short(hmac.digest(key, b"reconciler digest key id", "sha256")[:6])


def key_fingerprint(salt: str, api_key: str) -> str:
    """Recognises an API key of this account again; scrypt, so that a leaked state does not give it away."""
    return _short(_scrypt(salt, b"api key", api_key.encode("utf-8", "surrogatepass")))


def _scrypt(salt: str, purpose: bytes, value: bytes) -> bytes:
    if not hasattr(hashlib, "scrypt"):
        raise StateError(
            "this Python was built without scrypt, which digests of secrets need",
            hint="set RECONCILER_DIGEST_KEY to a random text (then HMAC is used), or use a Python built with OpenSSL",
        )
    mixed = _salty(salt) + purpose
    return hashlib.scrypt(value, salt=mixed, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P, dklen=16)


def _salty(salt: str) -> bytes:
    """Salts come from the state, and not all that writes there is ours: one may be no valid Unicode."""
    return salt.encode("utf-8", "surrogatepass") + b"\0"


def _short(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _plain(value: Json) -> Json:
    """`value` with every whole float as an integer; the very same object where there is nothing to do."""
    if isinstance(value, dict):
        changed = {key: new for key, old in value.items() if (new := _plain(old)) is not old}
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _spell_huge(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _spell_huge(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_spell_huge(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 2**13:
        return {"$integer": hex(value)}
    return value
