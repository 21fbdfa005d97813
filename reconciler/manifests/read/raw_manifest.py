"""A draft: a manifest, or an overlay of one, as its author wrote it, before references are resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reconciler.types.address import Address
from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec
from reconciler.types.source import Source


@dataclass(slots=True)
class Draft:
    """A manifest, or an overlay of one, before references are resolved."""

    address: Address
    kind: KindSpec
    body: Object
    source: Source
    """Its `base` leads to the body."""
    id: Json = None
    """As written: text or a map by workspace."""
    labels: dict[str, str] = field(default_factory=dict)
    lifecycle: Object = field(default_factory=dict)
    """As written, checked by `lifecycle.check`."""

    @property
    def head(self) -> Source:
        """The document as a whole, for pointers such as `/metadata/id`."""
        return Source(self.source.path, self.source.document)


@dataclass(frozen=True, slots=True)
class Passed:
    """A document, or a whole file, that is read as no manifest."""

    source: Source
    looks: str
    """What it looks like."""
    hint: str


def clean_name(text: str) -> str:
    """`text` as a legal name: illegal characters become `-`; empty where nothing is left."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text).lstrip("-.")[:128]
