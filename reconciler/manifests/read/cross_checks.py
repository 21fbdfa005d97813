"""Checks over all manifests: overlays and addresses match, one object once, no dangling reference, no cycle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from reconciler.core.canonical.field_tree import node_at
from reconciler.core.resource_diff.match_objects import difference, folded
from reconciler.core.text import circle_text
from reconciler.manifests.read.raw_manifest import RawManifest
from reconciler.manifests.read.source_spans import Locate, Places
from reconciler.manifests.tree.problems import (
    CYCLE,
    DUPLICATE,
    FIELD,
    ID,
    NAME,
    OVERLAY,
    PROJECT,
    REF,
    Findings,
    Suggestions,
)
from reconciler.types.address import Address, ResourceRef
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, escape
from reconciler.types.manifest import Manifest, Moved, Removed


def unique(drafts: Sequence[RawManifest], locate: Locate, findings: Findings) -> dict[Address, RawManifest]:
    """The drafts by address; the second of two with one address is an error that names both places."""
    result: dict[Address, RawManifest] = {}
    for draft in drafts:
        first = result.setdefault(draft.address, draft)
        if first is not draft:
            findings.error(
                DUPLICATE,
                f"{draft.address} is declared twice; the other one is at {locate(first.head, '/metadata/name')}",
                source=draft.head,
                pointer="/metadata/name",
                hint="rename one of them (a file without an envelope is named after itself)",
                address=draft.address,
            )
    return result


def attach(
    bases: Mapping[Address, RawManifest], overlays: Sequence[RawManifest], findings: Findings, *, partial: bool
) -> dict[Address, list[RawManifest]]:
    """Overlays by the manifest they change, in the order of their files.

    An overlay of an unknown address is an error, unless only a part of the manifests was read (`partial`).
    """
    result: dict[Address, list[RawManifest]] = {}
    near: dict[str, Suggestions] = {}
    for overlay in overlays:
        if overlay.labels:
            findings.error(
                FIELD,
                "an overlay cannot set labels",
                source=overlay.head,
                pointer="/metadata/labels",
                hint="an overlay may set metadata.id, lifecycle and spec",
                address=overlay.address,
            )
        if overlay.address in bases:
            result.setdefault(overlay.address, []).append(overlay)
        elif not partial:
            kind = overlay.address.kind
            if kind not in near:
                near[kind] = Suggestions(address.name for address in bases if address.kind == kind)
            findings.error(
                OVERLAY,
                f"an overlay of {overlay.address}, which no manifest declares",
                source=overlay.head,
                pointer="/metadata/name",
                hint=near[kind].of(overlay.address.name) or "declare it in a base manifest first",
                address=overlay.address,
            )
    return result


def check_answers(
    answered: Mapping[str, str],
    known: Collection[Address],
    kinds: Collection[str],
    source: Source,
    findings: Findings,
) -> None:
    """An answer to a migration that is for one manifest alone, and there is no such manifest, is said."""
    names = {str(address): address for address in known}
    near = Suggestions(names)
    for pointer, address in answered.items():
        if address not in names and address.partition(".")[0] in kinds:
            findings.warning(
                PROJECT,
                f"this answer is for {address}, and there is no such manifest",
                source=source,
                pointer=pointer,
                hint=near.of(address) or "take it out, or mend the address",
            )


def check_twins(manifests: Mapping[Address, Manifest], places: Places, findings: Findings) -> None:
    """Two manifests of one kind whose names look alike are said, with both places."""
    seen: dict[tuple[str, str, str], Manifest] = {}
    said: set[tuple[Address, Address]] = set()
    for manifest in manifests.values():
        kind = manifest.address.kind
        field = manifest.kind.name_field
        called = manifest.spec.get(field[1:])
        alike = [("/metadata/name", manifest.address.name.lower())]
        if isinstance(called, str):
            alike.append((field, folded(called)))
        for pointer, name in alike:
            first = seen.setdefault((kind, pointer, name), manifest)
            pair = (first.address, manifest.address)
            if first is not manifest and pair not in said and _name(first, pointer) != _name(manifest, pointer):
                said.add(pair)
                _say_twins(first, manifest, pointer, places, findings)


def _say_twins(first: Manifest, second: Manifest, pointer: str, places: Places, findings: Findings) -> None:
    one, other = _name(first, pointer), _name(second, pointer)
    place = places.locate(_source_of(first, pointer), pointer, first.kind)
    findings.warning(
        NAME,
        f"{second.address} is called {other!r} and {first.address} {one!r} (at {place}): "
        f"the two differ only {difference(one, other)}",
        source=_source_of(second, pointer),
        pointer=pointer,
        hint="people cannot tell them apart; give one of them another name",
        address=second.address,
    )


def _name(manifest: Manifest, pointer: str) -> str:
    return manifest.address.name if pointer == "/metadata/name" else str(manifest.spec[pointer[1:]])


def _source_of(manifest: Manifest, pointer: str) -> Source:
    whole = Source(manifest.source.path, manifest.source.document)
    return whole if pointer == "/metadata/name" else manifest.source


def references(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """(pointer, address text) of every reference in `value`."""
    if isinstance(value, ResourceRef):
        yield path, value.address
    elif isinstance(value, dict):
        for key, member in value.items():
            if isinstance(member, dict | list | ResourceRef):
                yield from references(member, f"{path}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list | ResourceRef):
                yield from references(item, f"{path}/{index}")


def check_references(
    manifests: Mapping[Address, Manifest],
    referring: Collection[Address],
    elsewhere: Callable[[], frozenset[Address]],
    findings: Findings,
) -> None:
    """References lead to a manifest of the right kind and never in a circle.

    Only the manifests in `referring` are walked.
    `elsewhere` gives the addresses of the files that were not asked for, read only when something is missing.
    """
    edges: dict[Address, list[tuple[Address, str]]] = {}
    near = Suggestions(map(str, manifests))
    for address in referring:
        manifest = manifests[address]
        for pointer, text in references(manifest.spec):
            row = node_at(manifest.kind, pointer).row
            item_row = row or node_at(manifest.kind, pointer.rpartition("/")[0]).row
            target = Address.parse(text)
            wanted = item_row.ref if item_row is not None else None
            problem = hint = None
            if wanted is not None and target.kind != wanted:
                problem, hint = f"{text} is no {wanted}", f"refer to {wanted}.NAME"
            elif target in manifests:
                edges.setdefault(manifest.address, []).append((target, pointer))
            elif target not in elsewhere():
                problem = f"no manifest declares {text}"
                hint = near.of(text) or "declare it, or write the id of the live object"
            if problem:
                _refuse(findings, REF, problem, manifest, pointer, hint)
    _check_cycles(manifests, edges, findings)


def _check_cycles(
    manifests: Mapping[Address, Manifest], edges: Mapping[Address, list[tuple[Address, str]]], findings: Findings
) -> None:
    """Depth first, without recursion: a chain of references may be as long as the project."""
    done: set[Address] = set()
    for start in edges:
        if start in done:
            continue
        trail, places = [start], {start: 0}
        stack = [(start, iter(edges[start]))]
        while stack:
            address, targets = stack[-1]
            found = next(targets, None)
            if found is None:
                stack.pop()
                trail.pop()
                del places[address]
                done.add(address)
                continue
            target, pointer = found
            if target in places:
                summary = f"references in a circle: {circle_text(trail, places[target])}"
                _refuse(findings, CYCLE, summary, manifests[address], pointer, "remove one of the references")
            elif target not in done:
                places[target] = len(trail)
                trail.append(target)
                stack.append((target, iter(edges.get(target, ()))))


def check_claims(manifests: Mapping[Address, Manifest], findings: Findings) -> None:
    """No two manifests claim one live object."""
    owners: dict[tuple[str, str], Manifest] = {}
    for manifest in manifests.values():
        if manifest.id is None:
            continue
        first = owners.setdefault((manifest.address.kind, manifest.id), manifest)
        if first is not manifest:
            findings.error(
                ID,
                f"the object {manifest.id} is claimed by {first.address} too",
                source=manifest.source,
                hint="one object has one manifest",
                address=manifest.address,
            )


def check_moves(
    manifests: Mapping[Address, Manifest], moved: Sequence[Moved], removed: Sequence[Removed], findings: Findings
) -> None:
    """Moved and Removed documents name addresses that no manifest bears any more, each once."""
    gone: dict[Address, str] = {}
    for before, source, what in (
        *((move.before, move.source, "/from") for move in moved),
        *((drop.address, drop.source, "/address") for drop in removed),
    ):
        if before in manifests:
            word = "moved away" if what == "/from" else "removed"
            findings.error(
                REF,
                f"{before} is {word}, and a manifest still declares it ({manifests[before].source.path})",
                source=source,
                pointer=what,
                hint="delete the manifest, or this document",
            )
        elif before in gone:
            findings.error(REF, f"{before} is moved or removed twice", source=source, pointer=what)
        gone[before] = what


def _refuse(findings: Findings, code: str, summary: str, manifest: Manifest, pointer: str, hint: str | None) -> None:
    findings.error(code, summary, source=manifest.source, pointer=pointer, hint=hint, address=manifest.address)
