"""Records of plans and accounts with the kind that their address names, for tests that make them by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.core.export.target import AttachedTool, Subject
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import Address
from reconciler.types.change import Action, Change
from reconciler.types.json import Object
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Manifest
from reconciler.types.plan import DriftField, DriftItem


def kind_named(name: str) -> KindSpec:
    """That of Tavus, or else one of which nothing is known but its name."""
    return KINDS.get(name) if name in KINDS else KindSpec(name, (name,), "", (), ("id",), "/name", 0)


def change_of(address: Address, action: Action, *args: Any, **members: Any) -> Change:
    return Change(address, kind_named(address.kind), action, *args, **members)


def drift_of(address: Address, id: str, changes: tuple[DriftField, ...], reason: str | None = None) -> DriftItem:
    return DriftItem(address, kind_named(address.kind), id, changes, reason)


def live_of(kind: str, id: str, name: str | None, body: Mapping[str, Any], *args: Any, **members: Any) -> LiveObject:
    return LiveObject(kind_named(kind), id, name, body, *args, **members)


def manifest_of(address: Address, *args: Any, **members: Any) -> Manifest:
    return Manifest(address, kind_named(address.kind), *args, **members)


def persona_subject(name: str, spec: Object, id: str | None = None, tools: tuple[AttachedTool, ...] = ()) -> Subject:
    return Subject(Address("persona", name), KINDS.get("persona"), spec, id, tools)
