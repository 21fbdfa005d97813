"""Manifests, overlays, Moved and Removed as their author wrote them, before references are resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.manifests.tree.problems import FIELD, NAME, REF, Findings, suggest
from reconciler.types.address import NAME_PATTERN, Address
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, Object, join
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.manifest import Moved, Removed

if TYPE_CHECKING:
    from reconciler.core.planning.resource_verdicts import ResourceVerdict

METADATA = ("name", "id", "labels")
STATEMENTS = {"Moved": ("apiVersion", "kind", "from", "to"), "Removed": ("apiVersion", "kind", "address")}


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the words of a file alone decide about its manifests, so that it holds for as long as its bytes do."""

    plain: bool = False
    """No reference and no secret stands in it: there is nothing to resolve."""
    fits: bool = False
    """Its fields are as they are declared: there is nothing to say about them."""


NOTHING = Knowledge()


@dataclass(slots=True)
class RawManifest:
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
    spec: Object | None = None
    """The body resolved and in canonical words, where that was done already."""
    known: Knowledge = NOTHING
    verdict: ResourceVerdict | None = None
    """What stands for a body that was not parsed."""

    @property
    def head(self) -> Source:
        """The document as a whole, for pointers such as `/metadata/id`."""
        return Source(self.source.path, self.source.document)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A document, or a whole file, that is read as no manifest."""

    source: Source
    looks: str
    """What it looks like."""
    hint: str


def clean_name(text: str) -> str:
    """`text` as a legal name: illegal characters become `-`; empty where nothing is left."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text).lstrip("-.")[:128]


def mapping_of(value: Object, key: str, known: tuple[str, ...], source: Source, findings: Findings) -> Object:
    member = value.get(key)
    if member is None:
        return {}
    if not isinstance(member, dict):
        findings.error(FIELD, f"{key} must be a mapping", source=source, pointer=f"/{key}")
        return {}
    for word in member:
        if word not in known:
            hint = suggest(word, known) or f"known here: {', '.join(known)}"
            findings.error(FIELD, f"unknown key {word!r}", source=source, pointer=join(key, word), hint=hint)
    return member


def name_of(metadata: Object, value: Object, source: Source, from_file: bool, findings: Findings) -> str | None:
    name = metadata.get("name")
    if name is None and from_file:
        name = clean_name(source.path.rpartition("/")[2].rpartition(".")[0])
    if isinstance(name, str) and NAME_PATTERN.fullmatch(name):
        return name
    if name is None:
        pointer = "/metadata" if "metadata" in value else "/kind"
        findings.error(
            NAME, "metadata.name is missing", source=source, pointer=pointer, hint="every manifest has one"
        )
    elif isinstance(name, str):
        hint = f"use letters, digits, _ . and -, for example {clean_name(name) or 'claims-desk'}"
        findings.error(NAME, f"{name[:140]!r} is not a name", source=source, pointer="/metadata/name", hint=hint)
    else:
        summary = f"metadata.name must be text, not {_kind_of(name)}"
        findings.error(NAME, summary, source=source, pointer="/metadata/name", hint="put it in quotes")
    return None


def labels_of(value: Json, source: Source, findings: Findings) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        findings.error(FIELD, "labels must be a mapping", source=source, pointer="/metadata/labels")
        return {}
    labels: dict[str, str] = {}
    for key, member in value.items():
        if isinstance(member, str):
            labels[key] = member
        elif isinstance(member, int) and not isinstance(member, bool):
            labels[key] = str(member)
        else:
            summary = f"the label {key!r} must be text, not {_kind_of(member)}"
            pointer = join("metadata", "labels", key)
            findings.error(FIELD, summary, source=source, pointer=pointer, hint="put it in quotes")
    return labels


def _kind_of(value: Json) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "a mapping"


def read_statement(
    word: str, value: Object, source: Source, findings: Findings, kinds: Kinds
) -> list[Moved | Removed]:
    for key in value:
        if key not in STATEMENTS[word]:
            hint = suggest(key, STATEMENTS[word]) or f"known here: {', '.join(STATEMENTS[word])}"
            findings.error(FIELD, f"unknown key {key!r}", source=source, pointer=join(key), hint=hint)
    if word == "Moved":
        before, after = (_address(value, key, source, findings, kinds) for key in ("from", "to"))
        if before is None or after is None:
            return []
        if before.kind != after.kind or before == after:
            summary = "a move stays within one kind and changes the name"
            findings.error(REF, summary, source=source, pointer="/to")
            return []
        return [Moved(before, after, source)]
    address = _address(value, "address", source, findings, kinds)
    return [Removed(address, source)] if address is not None else []


def _address(value: Object, key: str, source: Source, findings: Findings, kinds: Kinds) -> Address | None:
    text = value.get(key)
    pointer = f"/{key}" if key in value else "/kind"
    try:
        address = Address.parse(text if isinstance(text, str) else "")
    except ValueError:
        summary = f"{key} must be an address" if key in value else f"the key {key!r} is missing"
        findings.error(REF, summary, source=source, pointer=pointer, hint="for example persona.claims-desk")
        return None
    if key == "to" and not NAME_PATTERN.fullmatch(address.name):
        findings.error(REF, f"{address.name!r} is no name for a manifest", source=source, pointer=pointer)
        return None
    if address.kind not in kinds:
        hint = suggest(address.kind, kinds) or f"known kinds: {', '.join(kinds)}"
        findings.error(REF, f"unknown kind {address.kind!r}", source=source, pointer=pointer, hint=hint)
        return None
    return address
