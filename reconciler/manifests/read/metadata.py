"""The head of a manifest: its name and labels, and the mappings they stand in, checked as written."""

from __future__ import annotations

from reconciler.manifests.read.raw_manifest import clean_name
from reconciler.manifests.tree.problems import FIELD, NAME, Findings, suggest
from reconciler.types.address import NAME_PATTERN
from reconciler.types.json import Json, Object, join
from reconciler.types.source import Source

METADATA = ("name", "id", "labels")


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
