"""Which texts look like credentials, and which are masks that an API put in their place."""

from __future__ import annotations

import re

from reconciler.types.json import split

MASK = re.compile(r"\*{4,}")
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
INTERPOLATION = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?|\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")

_WORDS = frozenset(
    {"auth", "authorization", "authentication", "key", "apikey", "token", "secret", "password", "passwd", "cookie"}
    | {"credential", "credentials", "signature", "sig", "bearer", "session", "jwt", "pat"}
)
_ENDINGS = ("apikey", "token", "secret", "password", "accesskey", "authkey", "secretkey", "credential")
_PREFIXES = re.compile(
    r"(?i:bearer|basic|token|digest)\s+\S"
    r"|sk[-_]\w|[pr]k[-_]live|gh[pousr]_|github_pat_|glpat-|hf_|xox[abprs]-|AKIA[0-9A-Z]|AIza|ya29\."
    r"|eyJ[\w-]+\.|-----BEGIN "
)
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
RANDOM_LENGTH = 24
GROUPS = frozenset({"layers", "delivery", "api"})
"""Words of a path that tell no two secrets of one kind apart."""


def is_mask(text: str) -> bool:
    """Whether an API hid the value: four or more asterisks and nothing else."""
    return MASK.fullmatch(text) is not None


def looks_secret(name: str, value: str) -> bool:
    """Whether a header or query parameter carries a credential, by its name or by its value."""
    if not value:
        return False
    words = {word.lower() for word in _PARTS.findall(name)}
    flat = re.sub(r"[^a-z0-9]", "", name.lower())
    if words & _WORDS or flat.endswith(_ENDINGS):
        return True
    return _PREFIXES.match(value) is not None or _is_random(value)


def _is_random(value: str) -> bool:
    """Long, without spaces, of many different characters, mixing letters and digits: no word, no id in words."""
    if len(value) < RANDOM_LENGTH or not re.fullmatch(r"[A-Za-z0-9+/=_-]+", value):
        return False
    return (
        any(character.isdigit() for character in value)
        and any(character.isalpha() for character in value)
        and len(set(value)) >= 12
        and re.search(r"[A-Za-z0-9]{16,}", value) is not None
    )


def reference_for(pointer: str, value: str, address: str) -> str:
    """The `{env: ...}` reference that could stand in place of a literal at `pointer` of `address`.

    Two secrets of one resource get two variables: the whole path is in the name, less what all of them share.
    """
    match = INTERPOLATION.fullmatch(value.strip())
    if match:
        return f"{{env: {match.group(1) or match.group(2)}}}"
    words = [address.partition(".")[2], *(token for token in split(pointer) if token not in GROUPS)]
    flat = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(words)).strip("_").upper()
    return f"{{env: {flat if flat[:1].isalpha() else '_' + flat}}}"
