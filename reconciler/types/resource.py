"""One resource as the project wants it, after overlays and references: what the planner compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.types.address import Address
from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Lifecycle
from reconciler.types.source import Source


@dataclass(frozen=True, slots=True)
class Resource:
    """`leaves` is `spec` flattened: canonical pointer -> normal value, markers for secrets and unknown ids."""

    address: Address
    kind: KindSpec = field(compare=False, repr=False)
    spec: Object
    leaves: Mapping[str, Json]
    name: str
    """The name sent with a create: the spec's own, else that of the manifest."""
    id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()
    source: Source | None = None
    refs: tuple[Address, ...] = ()
    """What it refers to, in this project."""
    kept: tuple[str, ...] = ()
    """Paths of the entry in state that this run leaves alone: neither compared nor written nor forgotten."""
    lent: frozenset[str] = frozenset()
    """Leaves that are written and do not become ours."""
    touched: frozenset[str] | None = None
    """Only within these may items of a list be taken away; None: the spec says all there is."""
