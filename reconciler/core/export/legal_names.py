"""Names for objects that had none in files: legal, unique without regard to case, the same for the same account."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from reconciler.types.address import NAME_PATTERN
from reconciler.types.json import split
from reconciler.types.kind import KindSpec

LONGEST = 128
DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{word}{digit}" for word in ("com", "lpt") for digit in "0123456789"}
)
"""Names that Windows keeps for devices, whatever the suffix."""
FOLDED_AWAY = frozenset({"layers", "delivery", "api"})
"""Words of a path that add nothing to the name of an environment variable."""


def legal_name(text: str | None, fallback: str) -> str:
    """`text` as the name of a manifest: itself where that is legal, else lower case with dashes; `fallback` where
    nothing is left of it. Accents are dropped, letters of other scripts too."""
    if text is not None and NAME_PATTERN.fullmatch(text) and not text.endswith("."):
        return text
    plain = unicodedata.normalize("NFKD", text or "").encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"[^a-z0-9_.]+", "-", plain.lower())
    return name.strip("-.")[:LONGEST].rstrip("-.") or fallback


def unique_name(name: str, taken: Collection[str]) -> str:
    """`name`, or the first of `name-2`, `name-3` ... that is not in `taken` (case-folded names)."""
    found, number = name, 1
    while found.casefold() in taken:
        number += 1
        tail = f"-{number}"
        found = name[: LONGEST - len(tail)].rstrip("-.") + tail
    return found


def file_stem(name: str) -> str:
    """The file name, without suffix, for a manifest called `name`, on any file system.

    `reconciler` is kept for project files.
    """
    first = name.partition(".")[0].casefold()
    return f"{name}_" if first in DEVICES or name.casefold() == "reconciler" else name


def folder_name(spec: KindSpec) -> str:
    """The folder for manifests of a kind: the one that it names, else its plural."""
    kind = spec.name
    if spec.folder:
        return spec.folder
    if kind.endswith("s"):
        return kind
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def variable_name(kind: str, name: str, pointer: str, taken: Collection[str]) -> str:
    """The environment variable for a secret: `PERSONA_CLAIMS_DESK_LLM_API_KEY`; none of those in `taken`."""
    words = [kind, name, *(token for token in split(pointer) if token not in FOLDED_AWAY)]
    plain = unicodedata.normalize("NFKD", "_".join(words)).encode("ascii", "ignore").decode("ascii")
    base = re.sub(r"[^A-Z0-9]+", "_", plain.upper()).strip("_")
    found, number = base, 1
    while found in taken:
        number += 1
        found = f"{base}_{number}"
    return found
