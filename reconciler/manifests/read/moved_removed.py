"""Documents that are no manifests and say what became of one: Moved and Removed."""

from __future__ import annotations

from reconciler.core.kind_table import KINDS
from reconciler.manifests.tree.problems import FIELD, REF, Findings, suggest
from reconciler.types.address import NAME_PATTERN, Address
from reconciler.types.json import Object, join
from reconciler.types.manifest import Moved, Removed
from reconciler.types.source import Source

STATEMENTS = {"Moved": ("apiVersion", "kind", "from", "to"), "Removed": ("apiVersion", "kind", "address")}


def read_statement(word: str, value: Object, source: Source, findings: Findings) -> list[Moved | Removed]:
    for key in value:
        if key not in STATEMENTS[word]:
            hint = suggest(key, STATEMENTS[word]) or f"known here: {', '.join(STATEMENTS[word])}"
            findings.error(FIELD, f"unknown key {key!r}", source=source, pointer=join(key), hint=hint)
    if word == "Moved":
        before, after = (_address(value, key, source, findings) for key in ("from", "to"))
        if before is None or after is None:
            return []
        if before.kind != after.kind or before == after:
            summary = "a move stays within one kind and changes the name"
            findings.error(REF, summary, source=source, pointer="/to")
            return []
        return [Moved(before, after, source)]
    address = _address(value, "address", source, findings)
    return [Removed(address, source)] if address is not None else []


def _address(value: Object, key: str, source: Source, findings: Findings) -> Address | None:
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
    if address.kind not in KINDS:
        hint = suggest(address.kind, KINDS) or f"known kinds: {', '.join(KINDS)}"
        findings.error(REF, f"unknown kind {address.kind!r}", source=source, pointer=pointer, hint=hint)
        return None
    return address
