"""Overlays: JSON Merge Patch (RFC 7386) over base manifests, by kind and name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.manifests.read.raw_manifest import Draft
from reconciler.manifests.tree.problems import FIELD, OVERLAY, Findings, suggest
from reconciler.types.address import Address


def attach(
    bases: Mapping[Address, Draft], overlays: Sequence[Draft], findings: Findings, *, partial: bool
) -> dict[Address, list[Draft]]:
    """Overlays by the manifest they change, in the order of their files.

    An overlay of an unknown address is an error, unless only a part of the manifests was read (`partial`).
    """
    result: dict[Address, list[Draft]] = {}
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
            names = [address.name for address in bases if address.kind == overlay.address.kind]
            findings.error(
                OVERLAY,
                f"an overlay of {overlay.address}, which no manifest declares",
                source=overlay.head,
                pointer="/metadata/name",
                hint=suggest(overlay.address.name, names) or "declare it in a base manifest first",
                address=overlay.address,
            )
    return result
