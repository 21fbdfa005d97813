"""Which texts are masks that an API put in the place of a secret, and the reference that could stand there."""

from __future__ import annotations

import re

from reconciler.types.json import split

MASK = re.compile(r"\*{4,}")
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
INTERPOLATION = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?|\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")

GROUPS = frozenset({"layers", "delivery", "api"})
"""Words of a path that tell no two secrets of one kind apart."""


def is_mask(text: str) -> bool:
    """Whether an API hid the value: four or more asterisks and nothing else."""
    return MASK.fullmatch(text) is not None


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
