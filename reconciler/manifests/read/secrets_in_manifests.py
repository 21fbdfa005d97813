"""Secrets of manifests: references to them resolved, literals that look like one kept out of the body."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from reconciler.manifests.tree.file_tree import Unreadable, WorkTree
from reconciler.manifests.tree.repository import inside, link_boundary
from reconciler.types.address import SecretRef
from reconciler.types.json import split

LiteralSecrets = dict[str, str]
"""`<address><pointer>` -> the value that stood there; never leaves the process."""
MASK = re.compile(r"\*{4,}")
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
INTERPOLATION = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?|\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")

GROUPS = frozenset({"layers", "delivery", "api"})
"""Words of a path that tell no two secrets of one kind apart."""


class RunSecrets:
    """The `Secrets` port. An empty variable or file counts as not available: it is never a key.

    Files are read from the work tree, also for `--ref`: what is secret is not in git.
    """

    def __init__(self, environ: Mapping[str, str], folder: str, literals: Mapping[str, str] | None = None) -> None:
        """`folder` is the absolute folder that file references are relative to and must not leave."""
        self._environ = environ
        self._folder = os.path.realpath(folder)
        self._literals = literals or {}

    def resolve(self, reference: SecretRef) -> str | None:
        if reference.kind == "env":
            return self._environ.get(reference.name) or None
        return self._read(reference.name) if reference.kind == "file" else self._literals.get(reference.name)

    def _read(self, path: str) -> str | None:
        if "\0" in path:
            return None
        target = os.path.normpath(os.path.join(self._folder, path))  # noqa: PTH118
        if not inside(target, self._folder) or not link_boundary(self._folder, self._folder).holds(
            os.path.realpath(target)
        ):
            return None
        try:
            return _text(target)
        except (Unreadable, ValueError):
            return None


def unusable_secret(path: str) -> str | None:
    """Why the file at `path` (absolute) is no secret; None where it is one, or is not there yet."""
    try:
        if os.path.lexists(path):
            _text(path)
    except Unreadable as problem:
        return f"cannot be read: {problem}"
    except ValueError:
        return "cannot be used: it is not UTF-8 text"
    return None


def _text(path: str) -> str | None:
    text = WorkTree().read(path).decode("utf-8-sig")
    if "\0" in text:
        raise ValueError("holds NUL characters")
    return text.replace("\r\n", "\n").removesuffix("\n") or None


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
