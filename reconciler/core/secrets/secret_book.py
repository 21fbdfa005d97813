"""The secrets of one run: resolved once, compared and digested here, and never copied into a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.core.serialization.digest import SecretDigests, canonical_bytes, digest
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json, references

HIDDEN = "hidden"
"""Stands in `seen` for a value that the server did not show, not even a mask. Older states have it for masks, too."""
MASKED = "masked"
"""Stands in `seen` for a value of which the server showed that it is there: a mask. Without one, it is gone. Of an
object or a list with secrets in it a digest follows, after a colon, of what was shown, masks included."""
UNKNOWN = "unknown:"
"""Stands in `sent` for a secret of an adopted object that was not available then: comparable with no digest, until
the secret is there and taken to be what the object has."""


def is_unseen(seen: str | None) -> bool:
    """Whether what state has in `seen` is no digest of the value."""
    return seen is not None and (seen in (HIDDEN, MASKED) or seen.startswith(MASKED + ":"))


def markers(value: Json) -> Iterator[SecretRef]:
    """Every secret reference inside `value`."""
    return (reference for reference in references(value) if isinstance(reference, SecretRef))


def has_secret(value: Json) -> bool:
    """Whether a secret reference stands anywhere in `value`."""
    return isinstance(value, dict | list | SecretRef) and next(markers(value), None) is not None


class SecretBook:
    """Looks references up lazily and keeps the answers for the run."""

    def __init__(self, digests: SecretDigests, resolve: Callable[[SecretRef], str | None]) -> None:
        self.digests = digests
        self._resolve = resolve
        self._known: dict[SecretRef, str | None] = {}

    def value(self, reference: SecretRef) -> str | None:
        """The secret, or None when it is not available here."""
        if reference not in self._known:
            self._known[reference] = self._resolve(reference)
        return self._known[reference]

    def missing(self, value: Json) -> tuple[str, ...]:
        """The references inside `value` that are not available, in words."""
        return tuple(str(reference) for reference in markers(value) if self.value(reference) is None)

    def fill(self, value: Json) -> Json:
        """`value` with every reference replaced. The caller made sure that none is missing."""
        if isinstance(value, SecretRef):
            return self.value(value)
        if isinstance(value, dict):
            return {key: self.fill(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return value

    def digest(self, value: Json, *, secret: bool) -> str:
        """The digest that state keeps: one-way and keyed for a secret, plain otherwise."""
        if not secret or value is None:
            return digest(value)
        return self.digests.of(_text(value))

    def matches(self, value: Json, recorded: str) -> bool | None:
        """Whether `recorded` is a digest of `value`, which is digested the way that was used then, secret or not.

        A reference to an object whose id is not known is nothing that was sent. None where nothing can be said: the
        key of then is not here, or it stands for a value that nobody knew.
        """
        if recorded == UNKNOWN:
            return None
        if any(isinstance(reference, ResourceRef) for reference in references(value)):
            return False
        if ":" not in recorded:
            return digest(value) == recorded
        if value is None:
            return False
        again = self.digests.recompute(_text(value), recorded)
        return None if again is None else again == recorded


def _text(value: Json) -> str:
    return value if isinstance(value, str) else canonical_bytes(value).decode("utf-8", "surrogatepass")
