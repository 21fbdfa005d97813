"""Drafts -> manifests: references resolved, fields checked, canonical words, overlays merged in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from reconciler.core.canonical.raw_edit import merge
from reconciler.core.canonical.vocabulary import canonical_words
from reconciler.core.fields.field_check import check_fields, server_field_warning, without_server_fields
from reconciler.manifests.read.lifecycle import check_lifecycle, choose_id, lifecycle_of
from reconciler.manifests.read.manifest_references import References, is_whole
from reconciler.manifests.read.raw_manifest import Draft
from reconciler.manifests.tree.problems import FIELD, OVERLAY, TOOLS, Findings, suggest
from reconciler.types.address import Address
from reconciler.types.json import Object
from reconciler.types.manifest import Manifest
from reconciler.types.project import Project, Workspace


class Merging:
    """Makes the manifests of one project for one workspace."""

    def __init__(self, project: Project, workspace: Workspace, references: References, findings: Findings) -> None:
        self.project = project
        self.workspace = workspace
        self.references = references
        self.findings = findings

    def manifest(self, base: Draft, layers: Sequence[Draft]) -> Manifest:
        """One manifest with its overlays merged in."""
        spec = self.canonical(base)
        lifecycle = check_lifecycle(base, self.findings) if base.lifecycle else {}
        id = self.id_of(base)
        for layer in layers:
            merged = merge(spec, self.canonical(layer), is_whole)
            spec = merged if isinstance(merged, dict) else {}
            if layer.lifecycle:
                changed = merge(lifecycle, check_lifecycle(layer, self.findings))
                lifecycle = changed if isinstance(changed, dict) else {}
            id = self.id_of(layer) or id
        return Manifest(
            base.address,
            base.kind,
            spec,
            base.body,
            base.source,
            tuple(layer.source for layer in layers),
            id,
            base.labels,
            lifecycle_of(lifecycle),
        )

    def canonical(self, draft: Draft) -> Object:
        """The draft's body resolved, checked, in canonical words, without what the server assigns."""
        folder = os.path.dirname(os.path.normpath(os.path.join(self.project.home, draft.source.path)))  # noqa: PTH118, PTH120
        self.references.resolve(draft, folder)
        self.findings.items += check_fields(
            draft.kind, draft.body, address=draft.address, source=draft.source, loading=True
        )
        spec, clashes = canonical_words(draft.kind, draft.body)
        if "tools" in draft.body and "tool_ids" in draft.body:
            clashes = tuple(pointer for pointer in clashes if pointer != "/tools")
            self.findings.error(
                TOOLS,
                "tools and tool_ids name the same set twice",
                source=draft.source,
                pointer="/tool_ids",
                hint="keep tools (names and references)",
                address=draft.address,
            )
        for pointer in clashes:
            self.findings.error(
                FIELD,
                f"two spellings of {pointer} with different values",
                source=draft.source,
                pointer=pointer,
                hint="keep one of them",
                address=draft.address,
            )
        spec, dropped = without_server_fields(draft.kind, spec)
        self.findings.items += [server_field_warning(pointer, draft.address, draft.source) for pointer in dropped]
        return spec

    def id_of(self, draft: Draft) -> str | None:
        if draft.id is None:
            return None
        several = self.project.file is not None and len(self.project.workspaces) > 1
        return choose_id(draft, self.workspace.name, self.project.workspaces, self.findings, several=several)


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
