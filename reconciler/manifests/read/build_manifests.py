"""Drafts -> manifests: references resolved, fields and `lifecycle` checked, canonical words, overlays merged in."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.core.canonical.field_tree import build_field_tree, field_at
from reconciler.core.canonical.raw_edit import merge, sets_null
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.fields.field_check import (
    check_fields,
    ignored_in_vain,
    server_field_warning,
    without_server_fields,
)
from reconciler.core.planning.resource_verdicts import recall
from reconciler.manifests.read.manifest_references import SECRET, References, is_whole
from reconciler.manifests.read.parse_cache import Documents
from reconciler.manifests.read.raw_manifest import Knowledge, RawManifest
from reconciler.manifests.tree.file_tree import relative
from reconciler.manifests.tree.problems import FIELD, ID, TOOLS, Findings, suggest
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Source
from reconciler.types.json import Object, join, lookup, split
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Adopt, Lifecycle, Manage, Manifest
from reconciler.types.project import Project, Workspace

if TYPE_CHECKING:
    from reconciler.core.planning.resource_verdicts import ResourceVerdict

WORDS = {"manage": tuple(manage.value for manage in Manage), "adopt": tuple(adopt.value for adopt in Adopt)}
KEYS = ("protect", "ignore", *WORDS)
OWN = frozenset({"env", "ref"})
"""References that leave the same in a body whatever they lead to."""

DEFAULTS = "(defaults)"
"""In the place of a name: no manifest can be called so."""
"""What findings about defaults call the manifest, for want of one."""


def fill(spec: Object, default: Object) -> Object:
    """`spec` with the members of `default` that it does not have, also inside mappings of both; null is had. Neither
    is changed."""
    result = dict(spec)
    for word, member in default.items():
        if word not in spec:
            result[word] = member
            continue
        own = spec[word]
        if isinstance(own, dict) and isinstance(member, dict) and not is_whole(own) and not is_whole(member):
            result[word] = fill(own, member)
    return result


class ManifestBuilder:
    """Makes the manifests of one project for one workspace."""

    def __init__(
        self,
        project: Project,
        workspace: Workspace,
        references: References,
        findings: Findings,
        documents: Documents | None = None,
    ) -> None:
        self.project = project
        self.workspace = workspace
        self.references = references
        self.findings = findings
        self.documents = documents or Documents()
        self._defaults: dict[int, Object] = {}
        self._prepared: set[Address] = set()
        self.said: dict[Address, list[Diagnostic]] = {}
        """What was found in the text of a manifest and of its overlays."""
        self.recalled: list[Diagnostic] = []
        """What an earlier run found so, with its place."""

    def prepare(self, draft: RawManifest) -> None:
        """What can be done as soon as a file was read, while its values are still at hand for the processor: in a
        second pass over thousands of files every one of them has to be fetched from memory again."""
        if draft.verdict is not None:
            return
        if draft.address not in self._prepared:  # a second one of that address is an error, and not built
            self._prepared.add(draft.address)
            before = len(self.findings.items)
            draft.spec = self.canonical(draft)
            self._note(draft.address, before)

    def _note(self, address: Address, before: int) -> None:
        if found := [one for one in self.findings.items[before:] if one.address == address]:
            self.said.setdefault(address, []).extend(found)

    def manifest(self, base: RawManifest, layers: Sequence[RawManifest]) -> Manifest:
        """One manifest with its overlays merged in."""
        if base.verdict is not None:
            return self._unparsed(base, base.verdict, layers)
        before = len(self.findings.items)
        made = self._merged(base, layers)
        self._note(base.address, before)
        return made

    def _merged(self, base: RawManifest, layers: Sequence[RawManifest]) -> Manifest:
        spec = self.canonical(base) if base.spec is None else base.spec
        below = self.defaults_of(base)
        for index in reversed(below):
            spec = fill(spec, self.default(index, base))
        for layer in layers:
            merged = merge(spec, self.canonical(layer, overlay=True), is_whole)
            spec = merged if isinstance(merged, dict) else {}
        lifecycle = check_lifecycle(base, spec, self.findings) if base.lifecycle else {}
        id = self.id_of(base)
        for layer in layers:
            if layer.lifecycle:
                changed = merge(lifecycle, check_lifecycle(layer, spec, self.findings))
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
            tuple(self.source_of_default(index) for index in below),
        )

    def _unparsed(self, base: RawManifest, verdict: ResourceVerdict, layers: Sequence[RawManifest]) -> Manifest:
        """What stands for a manifest that an earlier run found in sync."""
        body = verdict.spec()
        if verdict.uses:
            self.references.referring.add(base.address)
        self.recalled += verdict.told()
        return Manifest(
            base.address,
            base.kind,
            body,
            body,
            base.source,
            tuple(layer.source for layer in layers),
            verdict.manifest_id,
            base.labels,
            recall(verdict.lifecycle),
            defaults=tuple(map(self.source_of_default, self.defaults_of(base))),
        )

    def defaults_of(self, base: RawManifest) -> list[int]:
        """Which defaults of the project file a manifest takes over, from the lowest to the highest."""
        return [
            index
            for index, defaults in enumerate(self.project.defaults)
            if defaults.concerns(base.address.kind, base.source.path)
        ]

    def default(self, index: int, manifest: RawManifest) -> Object:
        """The body of defaults, resolved and checked once; who takes it over refers to what it refers to."""
        defaults = self.project.defaults[index]
        if index not in self._defaults:
            address, source = Address(defaults.kind, DEFAULTS), self.source_of_default(index)
            before = len(self.findings.items)
            self._defaults[index] = self.canonical(
                RawManifest(address, manifest.kind, deepcopy(defaults.spec), source)
            )
            # They are of the project file's, not of one object.
            self.findings.items[before:] = [replace(found, address=None) for found in self.findings.items[before:]]
        if Address(defaults.kind, DEFAULTS) in self.references.referring:
            self.references.referring.add(manifest.address)
        return self._defaults[index]

    def source_of_default(self, index: int) -> Source:
        """Where the body of defaults stands."""
        file = relative(self.project.file or self.project.home, self.project.home)
        return Source(file, 0, join("defaults", str(index), "spec"))

    def canonical(self, draft: RawManifest, *, overlay: bool = False) -> Object:
        """The draft's body resolved, checked, in canonical words, without what the server assigns."""
        if overlay or not (draft.known.plain and draft.known.fits):
            self._look_through(draft, overlay=overlay)
        spec, clashes = to_canonical(draft.kind, draft.body)
        twice = _attached_twice(draft)
        if twice is not None:
            kept, other = twice
            clashes = tuple(pointer for pointer in clashes if pointer != draft.kind.attachments)
            self.findings.error(
                TOOLS,
                f"{kept} and {other} name the same set twice",
                source=draft.source,
                pointer=f"/{other}",
                hint=f"keep {kept} (names and references)",
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

    def _look_through(self, draft: RawManifest, *, overlay: bool) -> None:
        """Resolve what the draft refers to, and check its fields, as far as the same file did not show before that
        there is nothing to be done."""
        plain, fits = (draft.known.plain, draft.known.fits) if not overlay else (False, False)
        folder = os.path.dirname(os.path.normpath(os.path.join(self.project.home, draft.source.path)))  # noqa: PTH118, PTH120
        before = len(self.findings.items)
        met: Collection[str] = ()
        if not plain:
            self.references.resolve(draft, folder, overlay=overlay)
            met = self.references.met
        resolved = len(self.findings.items)
        if not fits:
            self.findings.items += check_fields(
                draft.kind,
                _as_merged(draft.body) if overlay else draft.body,
                address=draft.address,
                source=draft.source,
                loading=True,
            )
        if SECRET in met or resolved > before:
            self.documents.judge(draft, None)
            return
        fits = fits or (not overlay and len(self.findings.items) == resolved and OWN.issuperset(met))
        self.documents.judge(draft, Knowledge(plain=not met and not overlay, fits=fits))

    def id_of(self, draft: RawManifest) -> str | None:
        if draft.id is None:
            return None
        several = self.project.file is not None and len(self.project.workspaces) > 1
        return choose_id(draft, self.workspace.name, self.project.workspaces, self.findings, several=several)


def check_lifecycle(draft: RawManifest, spec: Object, findings: Findings) -> Object:
    """The valid part of `draft.lifecycle`, with canonical pointers; the rest becomes errors. What stands in `spec`,
    the body with all that defaults and overlays add, is never ignored in vain."""
    checked: Object = {}
    for key, value in draft.lifecycle.items():
        pointer = join("lifecycle", key)
        problem = hint = None
        if key not in KEYS:
            problem, hint = f"unknown key {key!r}", suggest(key, KEYS) or f"known here: {', '.join(KEYS)}"
        elif value is None:
            checked[key] = None
        elif key == "protect":
            if isinstance(value, bool):
                checked[key] = value
            else:
                problem, hint = "protect is true or false", "write it without quotes"
        elif key in WORDS:
            if value in WORDS[key]:
                checked[key] = value
            else:
                problem = f"{key} is {' or '.join(WORDS[key])}"
                hint = suggest(value, WORDS[key]) if isinstance(value, str) else None
        elif isinstance(value, list):
            paths: list[str] = []
            for index, path in enumerate(value):
                if isinstance(path, str) and path.startswith("/") and len(path) > 1:
                    paths.append(canonical_pointer(draft.kind, path))
                    vain = None if lookup(spec, paths[-1]) is not None else ignored_in_vain(draft.kind, paths[-1])
                    if vain is not None:
                        place = join("lifecycle", key, str(index))
                        said = f"{path} is ignored in vain: {vain[0]}"
                        findings.warning(
                            FIELD, said, source=draft.head, pointer=place, hint=vain[1], address=draft.address
                        )
                else:
                    pointer = join("lifecycle", key, str(index))
                    problem, hint = "not a JSON pointer", "for example /layers/tts/voice_settings"
            checked[key] = [*paths]
        else:
            problem, hint = "ignore is a list of JSON pointers", "for example [/layers/tts/voice_settings]"
        if problem:
            findings.error(FIELD, problem, source=draft.head, pointer=pointer, hint=hint, address=draft.address)
    return checked


def lifecycle_of(checked: Object) -> Lifecycle:
    """The record of a checked (and merged) lifecycle."""
    if not checked:
        return Lifecycle()
    ignore = checked.get("ignore")
    return Lifecycle(
        checked.get("protect") is True,
        tuple(str(path) for path in ignore) if isinstance(ignore, list) else (),
        Manage(str(checked.get("manage") or Manage.FULL.value)),
        Adopt(str(checked.get("adopt") or Adopt.ANY.value)),
    )


def canonical_pointer(kind: KindSpec, pointer: str) -> str:
    """`pointer` with every word in its canonical spelling."""
    node = build_field_tree(kind)
    tokens: list[str] = []
    for token in split(pointer):
        name = node.renames.get(token, token)
        tokens.append(name)
        node = node.child(name)
    return join(*tokens)


def choose_id(
    draft: RawManifest, workspace: str, workspaces: Iterable[str], findings: Findings, *, several: bool
) -> str | None:
    """The live id for this workspace: `metadata.id` is a text, or a map by workspace."""
    value = draft.id
    if value is None:
        return None
    if isinstance(value, str) and value.strip():
        if several:
            findings.warning(
                ID,
                "metadata.id is taken for every workspace",
                source=draft.head,
                pointer="/metadata/id",
                hint=f"say whose it is, as id: {{NAME: {value}}} with NAME one of {', '.join(workspaces)}; the "
                "workspaces that are not named find theirs by its name",
                address=draft.address,
            )
        return value
    if isinstance(value, dict):
        known = list(workspaces)
        for name, item in value.items():
            problem = hint = None
            if name not in known:
                problem = f"metadata.id names the unknown workspace {name!r}"
                hint = suggest(name, known) or f"workspaces: {', '.join(known)}"
            elif item is not None and not (isinstance(item, str) and item):
                problem, hint = "an id is text", "put it in quotes"
            if problem:
                findings.error(
                    ID,
                    problem,
                    source=draft.head,
                    pointer=join("metadata", "id", name),
                    hint=hint,
                    address=draft.address,
                )
        chosen = value.get(workspace)
        return chosen if isinstance(chosen, str) and chosen else None
    findings.error(
        ID,
        "metadata.id is text or a map of workspace to text",
        source=draft.head,
        pointer="/metadata/id",
        hint="put it in quotes",
        address=draft.address,
    )
    return None


def _as_merged(body: Object) -> Object:
    """An overlay's body with null where it sets null."""
    if is_whole(body):
        return body
    return {
        word: None if sets_null(member) else _as_merged(member) if isinstance(member, dict) else member
        for word, member in body.items()
    }


def _attached_twice(draft: RawManifest) -> tuple[str, str] | None:
    """The two names under which a body speaks of what is attached, the one to keep first."""
    pointer = draft.kind.attachments
    row = field_at(draft.kind, pointer) if pointer is not None else None
    given = [name for name in (row.path[1:], *row.aliases) if name in draft.body] if row is not None else []
    return (given[0], given[1]) if len(given) > 1 else None
