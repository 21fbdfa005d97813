"""drift --accept: which live values a person wants in the manifests, as those manifests would say them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.core.canonical.field_tree import build_field_tree, field_at
from reconciler.core.diff.three_way import is_secret
from reconciler.core.planning.run_scope import is_pattern
from reconciler.core.text import matches
from reconciler.errors import ReconcilerError, UnknownAddress
from reconciler.types.address import Address
from reconciler.types.change import Direction
from reconciler.types.json import Json, join, split, within
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import ManifestSet
from reconciler.types.plan import DriftField
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Wanted:
    """`persona.claims-desk/layers/llm/model`: one leaf, a branch, or (pointer "") all that the manifest does not say,
    save what only the manifest moved."""

    address: Address
    pointer: str = ""

    def __str__(self) -> str:
        return f"{self.address}{self.pointer}"


@dataclass(frozen=True, slots=True)
class AcceptedValue:
    """One live value to be written into a manifest. None: the manifest is not to say anything there any more."""

    address: Address
    pointer: str
    value: Json
    ids: Mapping[str, Json]
    """Live id -> how the manifest may write it, where ids stand at this place."""


def choose_accepted(
    differences: Mapping[Address, Collection[DriftField]],
    manifests: ManifestSet,
    state: State,
    wanted: Collection[Wanted],
) -> tuple[AcceptedValue, ...]:
    """What of the `differences` (made by `find_differences`) is wanted; empty where nothing there differs.

    Raises `UnknownAddress` for an address that is not managed or has no manifest, `ReconcilerError` for what cannot
    be accepted: a secret, and an object that is gone.
    """
    known = {manifest.address: manifest.kind for manifest in manifests.manifests}
    found: dict[tuple[Address, str], AcceptedValue] = {}
    for selector in wanted:
        _require(selector, state, known)
        changes = _of(differences.get(selector.address, ()), selector, known[selector.address])
        pointer, sent = _canonical(selector, known[selector.address]), state.resources[selector.address].sent
        if not changes and pointer and not any(within(path, pointer) or within(pointer, path) for path in sent):
            raise ReconcilerError(
                f"{selector} names nothing that is managed", hint="`reconciler drift` shows the places that drifted"
            )
        for change in changes:
            found[selector.address, change.path] = AcceptedValue(
                selector.address, change.path, change.after, _ids(selector.address, change.path, state, known)
            )
    return tuple(found.values())


def expand_wanted(
    wanted: Collection[Wanted], differences: Mapping[Address, Collection[DriftField]], manifests: ManifestSet,
    state: State,
) -> tuple[Wanted, ...]:  # fmt: skip
    """Each pattern replaced by the places that it fits and that somebody edited: managed, with a manifest, no secret,
    and of an object that is still there. Raises `UnknownAddress` for one that fits no managed address."""
    known = {
        manifest.address: manifest.kind for manifest in manifests.manifests if manifest.address in state.resources
    }
    found: dict[Wanted, None] = {}
    for selector in wanted:
        if not is_pattern(selector.address):
            found[selector] = None
            continue
        fitting = [address for address in sorted(known) if matches(str(address), str(selector.address))]
        if not fitting:
            hint = "`reconciler state list` shows the addresses"
            raise UnknownAddress(f"{selector.address} fits no manifest that was applied", hint=hint)
        for address in fitting:
            fields = differences.get(address, ())
            place = _canonical(Wanted(address, selector.pointer), known[address])
            gone = any(field.path == "" for field in fields)
            for field in () if gone else fields:
                secret = field.sensitive or is_secret(field_at(known[address], field.path), field.after)
                if within(field.path, place) and field.direction is not Direction.GIT and not secret:
                    found[Wanted(address, field.path)] = None
    return tuple(found)


def _require(wanted: Wanted, state: State, known: Collection[Address]) -> None:
    if wanted.address not in state.resources:
        raise UnknownAddress(
            f"{wanted.address} was never applied, so it cannot have drifted", hint="`reconciler plan` shows it"
        )
    if wanted.address not in known:
        raise UnknownAddress(
            f"{wanted.address} has no manifest that a value could be written into",
            hint="give the manifests' folder with -m, or write one with `reconciler export`",
        )


def _of(fields: Collection[DriftField], wanted: Wanted, spec: KindSpec) -> list[DriftField]:
    """What of an object is meant: by its address alone, nothing that waits in the manifest for an apply."""
    pointer = _canonical(wanted, spec)
    changes = [
        field
        for field in fields
        if (within(field.path, pointer) or (field.path and within(pointer, field.path)))
        and (pointer or field.direction is not Direction.GIT)
    ]
    if any(field.path == "" for field in fields):
        raise ReconcilerError(
            f"{wanted.address} was deleted in the account: there is no value to accept",
            hint="apply creates it again; to let it go, replace its manifest by a Removed document",
        )
    for change in changes:
        row = field_at(spec, change.path)
        if change.sensitive or is_secret(row, change.after):
            raise ReconcilerError(
                f"{wanted.address}{change.path} is a secret: its live value is never written into a file",
                hint="put the new value where its reference points, or apply yours again",
            )
    return changes


def _canonical(wanted: Wanted, kind: KindSpec) -> str:
    node, tokens = build_field_tree(kind), []
    for token in split(wanted.pointer):
        tokens.append(node.renames.get(token, token))
        node = node.child(tokens[-1])
    return join(*tokens)


def _ids(address: Address, pointer: str, state: State, known: Mapping[Address, KindSpec]) -> dict[str, Json]:
    """The ids of managed objects of the kind that `pointer` refers to, as references."""
    row = field_at(known[address], pointer)
    if row is None or row.ref is None:
        return {}
    return {
        entry.id: {"ref": str(other)}
        for other, entry in state.resources.items()
        if other.kind == row.ref and other in known
    }
