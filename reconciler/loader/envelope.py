"""Documents -> drafts: the envelope, front matter, bare API bodies, and the Moved and Removed documents."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from functools import cache

from reconciler.kinds import KINDS, manifest_kinds
from reconciler.kinds.base import KindSpec
from reconciler.loader.documents import Document
from reconciler.loader.findings import FIELD, FOREIGN, KIND, NAME, REF, Findings, suggest
from reconciler.types.address import NAME_PATTERN, Address
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Moved, Removed
from reconciler.types.source import Source, Span

API_VERSION = "personas/v1"
ENVELOPE = ("apiVersion", "kind", "metadata", "lifecycle", "spec")
METADATA = ("name", "id", "labels")
SPECIAL = {"Moved": ("apiVersion", "kind", "from", "to"), "Removed": ("apiVersion", "kind", "address")}
PROJECT = "Project"
SHARED_WORDS = frozenset({"Deployment"})
"""Kinds that other tools' files have too: only our apiVersion makes them ours."""
PROMPT = "system_prompt"


@dataclass(slots=True)
class Draft:
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

    @property
    def head(self) -> Source:
        """The document as a whole, for pointers such as `/metadata/id`."""
        return Source(self.source.path, self.source.document)


Item = Draft | Moved | Removed


@cache
def _words() -> dict[str, KindSpec]:
    return manifest_kinds()


@cache
def _bare() -> tuple[KindSpec, ...]:
    return tuple(spec for spec in KINDS.all().values() if spec.bare_keys)


def read_document(
    document: Document, path: str, findings: Findings, *, given: bool = False, overlay: bool = False
) -> list[Item]:
    """What one document declares. A foreign document gives nothing, with an info (an error when `given` by name).

    An `overlay` may do without a spec, and a mapping without an envelope is a bare body whatever its keys.
    """
    value, source = document.value, Source(path, document.number)
    if isinstance(value, dict):
        if "kind" in value or "apiVersion" in value:
            if overlay and isinstance(value.get("kind"), str) and value["kind"] in _words():
                value = {**value, "spec": value.get("spec") or {}} if document.body is None else value
            return _enveloped(value, document.body, source, findings, given=given)
        bare = _bare_kind(value) or (_bare()[0] if overlay else None)
        if bare is not None:
            name = clean_name(path.rpartition("/")[2].rpartition(".")[0])
            return [Draft(Address(bare.name, name or bare.name), bare, value, source)]
        data = value.get("data")
        if isinstance(data, list) and _has_bodies(data):
            return _answers(data, source, "/data", findings)
        _foreign(value, source, findings, given=given)
        return []
    if isinstance(value, list) and _has_bodies(value):
        return _answers(value, source, "", findings)
    _foreign({}, source, findings, given=given)
    return []


def _enveloped(value: Object, body: str | None, source: Source, findings: Findings, *, given: bool) -> list[Item]:
    version, word = value.get("apiVersion"), value.get("kind")
    known = isinstance(word, str) and (word in _words() or word in SPECIAL or word == PROJECT)
    if version is not None and version != API_VERSION:
        if not _like_ours(version) and (not known or word in SHARED_WORDS):
            _foreign(value, source, findings, given=given)
        else:
            summary = f"apiVersion {version!r} is not known"
            findings.error(KIND, summary, source=source, pointer="/apiVersion", hint=f"write {API_VERSION}")
        return []
    if not known:
        if version is None and not _near_kind(value, word):
            _foreign(value, source, findings, given=given)
            return []
        names = [*_words(), *SPECIAL]
        hint = (suggest(word, names) if isinstance(word, str) else None) or f"known kinds: {', '.join(names)}"
        summary = "kind is missing" if "kind" not in value else f"kind {word!r} is not known"
        findings.error(KIND, summary, source=source, pointer="/kind" if "kind" in value else "", hint=hint)
        return []
    if version is None and body is None and word not in SPECIAL:
        if word in SHARED_WORDS:
            _foreign(value, source, findings, given=given)
        else:
            hint = f"add the line apiVersion: {API_VERSION}"
            findings.error(KIND, "apiVersion is missing", source=source, pointer="/kind", hint=hint)
        return []
    if word == PROJECT:
        findings.warning(
            KIND,
            "a Project document that is not the project file; it is not read",
            source=source,
            pointer="/kind",
            hint="the project file is manifests/reconciler.yaml, or give it with --project",
        )
        return []
    if word in SPECIAL:
        return _special(str(word), value, source, findings)
    draft = _draft(_words()[str(word)], value, body, source, findings)
    return [draft] if draft is not None else []


def _draft(kind: KindSpec, value: Object, body: str | None, source: Source, findings: Findings) -> Draft | None:
    extra = {key: member for key, member in value.items() if key not in ENVELOPE}
    spec = value.get("spec")
    base = "/spec"
    if body is not None and "spec" not in value:
        spec, base = extra, ""
    else:
        for key in extra:
            hint = suggest(key, ENVELOPE)
            if hint is None or key in kind.bare_keys:
                hint = "fields of the API body stand under spec" if kind.bare_keys else None
            findings.error(FIELD, f"unknown key {key!r}", source=source, pointer=_pointer(key), hint=hint)
    if not isinstance(spec, dict):
        what = "spec is missing" if "spec" not in value else "spec must be a mapping"
        pointer = "/spec" if "spec" in value else "/kind"
        findings.error(FIELD, what, source=source, pointer=pointer, hint="put the API body under spec")
        spec = None
    elif body:
        spec = _with_prompt(kind, spec, body, source, base, findings)
    metadata = _mapping(value, "metadata", METADATA, source, findings)
    name = _name(metadata, value, source, body is not None, findings)
    labels = _labels(metadata.get("labels"), source, findings)
    lifecycle = value.get("lifecycle")
    if lifecycle is not None and not isinstance(lifecycle, dict):
        findings.error(FIELD, "lifecycle must be a mapping", source=source, pointer="/lifecycle")
        lifecycle = None
    if name is None or spec is None:
        return None
    place = Source(source.path, source.document, base)
    return Draft(Address(kind.name, name), kind, spec, place, metadata.get("id"), labels, lifecycle or {})


def _with_prompt(
    kind: KindSpec, spec: Object, body: str, source: Source, base: str, findings: Findings
) -> Object | None:
    if not any(row.path == f"/{PROMPT}" for row in kind.fields):
        if body.strip():
            summary = f"a {kind.manifest_kinds[0]} has no {PROMPT}: the text below the front matter has no place"
            findings.error(FIELD, summary, source=source, pointer="/kind", hint="remove the text")
        return spec
    if PROMPT in spec:
        findings.error(
            FIELD,
            f"{PROMPT} stands in the front matter and below it",
            source=source,
            pointer=f"{base}/{PROMPT}",
            hint="keep one of the two",
        )
        return None
    return {**spec, PROMPT: body}


def _mapping(value: Object, key: str, known: tuple[str, ...], source: Source, findings: Findings) -> Object:
    member = value.get(key)
    if member is None:
        return {}
    if not isinstance(member, dict):
        findings.error(FIELD, f"{key} must be a mapping", source=source, pointer=f"/{key}")
        return {}
    for word in member:
        if word not in known:
            hint = suggest(word, known) or f"known here: {', '.join(known)}"
            findings.error(
                FIELD, f"unknown key {word!r}", source=source, pointer=f"/{key}{_pointer(word)}", hint=hint
            )
    return member


def _name(metadata: Object, value: Object, source: Source, from_file: bool, findings: Findings) -> str | None:
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


def _labels(value: Json, source: Source, findings: Findings) -> dict[str, str]:
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
            pointer = f"/metadata/labels{_pointer(key)}"
            findings.error(FIELD, summary, source=source, pointer=pointer, hint="put it in quotes")
    return labels


def _special(word: str, value: Object, source: Source, findings: Findings) -> list[Item]:
    for key in value:
        if key not in SPECIAL[word]:
            hint = suggest(key, SPECIAL[word]) or f"known here: {', '.join(SPECIAL[word])}"
            findings.error(FIELD, f"unknown key {key!r}", source=source, pointer=_pointer(key), hint=hint)
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
    if address.kind not in KINDS:
        hint = suggest(address.kind, KINDS) or f"known kinds: {', '.join(KINDS)}"
        findings.error(REF, f"unknown kind {address.kind!r}", source=source, pointer=pointer, hint=hint)
        return None
    return address


def _answers(items: list[Json], source: Source, base: str, findings: Findings) -> list[Item]:
    """The bodies of a list answer that somebody saved; each is named after its human name."""
    drafts: list[Item] = []
    for number, item in enumerate(items):
        place = Source(source.path, source.document, f"{base}/{number}")
        kind = _bare_kind(item) if isinstance(item, dict) else None
        if kind is None or not isinstance(item, dict):
            findings.error(
                KIND, "not the body of a persona", source=source, pointer=place.base, hint="remove it from the list"
            )
            continue
        words = _name_words(kind)
        text = next((item[word] for word in words if isinstance(item.get(word), str) and item[word]), None)
        name = clean_name(text) if isinstance(text, str) else ""
        if not name:
            summary = f"a body in a list needs a name ({' or '.join(words)}) to be called by"
            findings.error(NAME, summary, source=source, pointer=place.base)
            continue
        drafts.append(Draft(Address(kind.name, name), kind, item, place))
    return drafts


def _name_words(kind: KindSpec) -> tuple[str, ...]:
    row = next(row for row in kind.fields if row.path == kind.name_field)
    return (kind.name_field[1:], *row.words.values(), *row.spellings)


def _bare_kind(value: Object) -> KindSpec | None:
    for kind in _bare():
        found = kind.bare_keys.intersection(value)
        # `layers` alone also stands in container manifests, as a list.
        if found and not (found == {"layers"} and not isinstance(value["layers"], dict)):
            return kind
    return None


def _has_bodies(items: list[Json]) -> bool:
    return any(isinstance(item, dict) and _bare_kind(item) is not None for item in items)


def _near_kind(value: Object, word: Json) -> bool:
    """Whether a document without our apiVersion is probably meant for us all the same."""
    if _bare_kind(value) is not None:
        return True
    shaped = "spec" in value or "metadata" in value
    return shaped and isinstance(word, str) and bool(get_close_matches(word, [*_words(), *SPECIAL], n=1, cutoff=0.75))


def _like_ours(version: Json) -> bool:
    if not isinstance(version, str):
        return False
    plain = version.lower()
    return plain.startswith(("persona", "pal/")) or SequenceMatcher(None, plain, API_VERSION).ratio() >= 0.75


def _foreign(value: Object, source: Source, findings: Findings, *, given: bool) -> None:
    span = Span(source.path, 1, 1)
    bare = sorted({key for kind in _bare() for key in kind.bare_keys if key != "layers"})
    near = next((match for key in value for match in get_close_matches(key, bare, n=1, cutoff=0.85)), None)
    cased = next((word for key in value for word in ("apiVersion", "kind") if key.lower() == word.lower()), None)
    if cased and cased not in value:
        findings.error(FIELD, f"not read as a manifest: {cased} is misspelt", span=span, hint=f"write {cased}")
    elif given:
        findings.error(
            FOREIGN,
            "the document is not a manifest",
            span=span,
            hint=f"start it with apiVersion: {API_VERSION} and a kind, or give a persona's API body",
        )
    elif near:
        findings.warning(FOREIGN, "not read as a persona", span=span, hint=f"did you mean {near!r}?")
    else:
        findings.info(FOREIGN, "not a manifest; left alone", span=span)


def clean_name(text: str) -> str:
    """`text` as a legal name: illegal characters become `-`; empty where nothing is left."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text).lstrip("-.")[:128]


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _kind_of(value: Json) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "a mapping"
