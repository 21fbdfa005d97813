"""The documents of one file, YAML, JSON or Markdown -> drafts: the envelope, front matter, bare API bodies."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.manifests.read.detect_kind import (
    API_VERSION,
    PROJECT,
    SHARED_WORDS,
    bare_kind,
    by_beginning,
    has_bodies,
    is_near_ours,
    looks_like_ours,
    pass_over,
    read_foreign,
)
from reconciler.manifests.read.raw_manifest import (
    METADATA,
    NOTHING,
    STATEMENTS,
    Knowledge,
    PassedOver,
    RawManifest,
    clean_name,
    labels_of,
    mapping_of,
    name_of,
    read_statement,
)
from reconciler.manifests.read.yaml_reader import parse_yaml
from reconciler.manifests.tree.decode import conflict, decode
from reconciler.manifests.tree.problems import FIELD, KIND, NAME, YAML, Findings, suggest
from reconciler.types.address import Address
from reconciler.types.diagnostic import Source, Span
from reconciler.types.json import Json, Object, join
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.manifest import Moved, Removed

FENCE = "---"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file."""

    value: Json
    number: int = 0
    """Position in the file, from 0; empty documents count."""
    body: str | None = None
    """Markdown: the text below the front matter. None in YAML and JSON."""
    unread: str | None = None
    """What the file looks like and what to do, where it was read as nothing at all."""
    known: Knowledge = NOTHING
    """What an earlier run found out about the drafts of its file."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A Markdown file taken apart."""

    yaml: str
    """The text between the fences after one line end, so that lines count as in the file."""
    body: str
    """What follows the closing fence, less one leading and one final newline."""
    line: int
    """Line of the closing fence, from 1."""


def read_documents(data: bytes, path: str, findings: Findings) -> list[Document]:
    """The documents that are not empty. What is wrong goes to `findings`; never raises."""
    suffix = path[path.rfind(".") :].lower()
    text = decode(data, path, findings, merged=suffix != ".md")
    if text is None:
        return []
    if suffix == ".md":
        return _markdown(text, path, findings)
    if suffix == ".json":
        from reconciler.manifests.read.json_text import parse_json

        return [Document(value, number) for number, value in parse_json(text, path, findings)]
    before = len(findings.items)
    documents = [Document(value, number) for number, value in parse_yaml(text, path, findings)]
    if len(findings.items) > before and text.lstrip()[:1] in {"{", "["}:
        # JSON under a YAML name: its escapes (surrogate pairs) are not all YAML.
        from reconciler.manifests.read.json_text import parse_json

        retry = Findings()
        again = parse_json(text, path, retry)
        if not retry.items:
            del findings.items[before:]
            return [Document(value, number) for number, value in again]
    return documents


def _markdown(text: str, path: str, findings: Findings) -> list[Document]:
    if re.search(r"^kind:", text, re.MULTILINE) and conflict(text) is not None:
        decode(text.encode(), path, findings)
        return []
    front = split_front_matter(text)
    if front is None:
        if text.split("\n", 1)[0].rstrip() == FENCE and "\nkind:" in text.replace("\r\n", "\n"):
            findings.error(
                YAML, "front matter that is never closed", span=Span(path, 1, 1), hint="add a line of three dashes"
            )
            return []
        return [Document(None, unread=text)]
    said = len(findings.items)
    quiet = findings if "kind" in front.yaml else Findings()
    documents = parse_yaml(front.yaml, path, quiet)
    if len(documents) != 1 or not isinstance(documents[0][1], dict):
        return [] if len(findings.items) > said else [Document(None, unread=text)]
    return [Document(documents[0][1], documents[0][0], front.body)]


def split_front_matter(text: str) -> FrontMatter | None:
    """The two parts of a Markdown file; None where it has no front matter. CRLF becomes LF."""
    if not text.startswith(FENCE):
        return None
    text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        return None
    for number in range(1, len(lines)):
        if lines[number].rstrip() == FENCE:
            body = "\n".join(lines[number + 1 :])
            body = body.removeprefix("\n").removesuffix("\n")
            return FrontMatter("\n" + "\n".join(lines[1:number]), body, number + 1)
    return None


ENVELOPE = ("apiVersion", "kind", "metadata", "lifecycle", "spec")
MARKDOWN_BODY = "system_prompt"
"""The member of a body that the text below a front matter is."""

Item = RawManifest | Moved | Removed | PassedOver


def read_document(
    document: Document, path: str, findings: Findings, kinds: Kinds, *, given: bool = False, overlay: bool = False
) -> list[Item]:
    """What one document declares. A foreign document is passed over (an error when `given` by name).

    An `overlay` may do without a spec, and a mapping without an envelope is a bare body whatever its keys.
    """
    value, source = document.value, Source(path, document.number)
    if document.unread is not None:
        looks = by_beginning(document.unread, kinds)
        return [] if looks is None else [*pass_over(source, *looks, findings, given=given)]
    if isinstance(value, dict):
        if "kind" in value or "apiVersion" in value:
            if overlay and isinstance(value.get("kind"), str) and value["kind"] in kinds.by_manifest_kind:
                value = {**value, "spec": value.get("spec") or {}} if document.body is None else value
            return _enveloped(value, document.body, source, findings, kinds, given=given)
        if document.body is not None:
            return [*read_foreign(value, source, findings, kinds, given=given)]
        bare = bare_kind(value, kinds) or (kinds.default if overlay else None)
        if bare is not None:
            name = clean_name(path.rpartition("/")[2].rpartition(".")[0])
            return [RawManifest(Address(bare.name, name or bare.name), bare, value, source)]
        data = value.get("data")
        if isinstance(data, list) and has_bodies(data, kinds):
            return _answers(data, source, "/data", findings, kinds)
        return [*read_foreign(value, source, findings, kinds, given=given)]
    if isinstance(value, list) and has_bodies(value, kinds):
        return _answers(value, source, "", findings, kinds)
    return [*read_foreign(value, source, findings, kinds, given=given)]


def _enveloped(
    value: Object, body: str | None, source: Source, findings: Findings, kinds: Kinds, *, given: bool
) -> list[Item]:
    version, word = value.get("apiVersion"), value.get("kind")
    known = isinstance(word, str) and (word in kinds.by_manifest_kind or word in STATEMENTS or word == PROJECT)
    if version is not None and version != API_VERSION:
        if not looks_like_ours(version, kinds) and (not known or word in SHARED_WORDS):
            return [*read_foreign(value, source, findings, kinds, given=given)]
        summary = f"apiVersion {version!r} is not known"
        findings.error(KIND, summary, source=source, pointer="/apiVersion", hint=f"write {API_VERSION}")
        return []
    if not known:
        if version is None and not is_near_ours(value, word, kinds):
            return [*read_foreign(value, source, findings, kinds, given=given)]
        names = [*kinds.by_manifest_kind, *STATEMENTS]
        hint = (suggest(word, names) if isinstance(word, str) else None) or f"known kinds: {', '.join(names)}"
        summary = "kind is missing" if "kind" not in value else f"kind {word!r} is not known"
        findings.error(KIND, summary, source=source, pointer="/kind" if "kind" in value else "", hint=hint)
        return []
    if version is None and body is None and word not in STATEMENTS:
        if word in SHARED_WORDS:
            return [*read_foreign(value, source, findings, kinds, given=given)]
        hint = f"add the line apiVersion: {API_VERSION}"
        findings.error(KIND, "apiVersion is missing", source=source, pointer="/kind", hint=hint)
        return []
    if word == PROJECT:
        findings.warning(
            KIND,
            "a Project document that is not the project file; it is not read",
            source=source,
            pointer="/kind",
            hint="one project file counts: manifests/reconciler.yaml, or the one that --project names; keep one of "
            "them, or list this one under `sources: {exclude: [...]}`",
        )
        return []
    if word in STATEMENTS:
        return [*read_statement(str(word), value, source, findings, kinds)]
    draft = _draft(kinds.by_manifest_kind[str(word)], value, body, source, findings)
    return [draft] if draft is not None else []


def _draft(kind: KindSpec, value: Object, body: str | None, source: Source, findings: Findings) -> RawManifest | None:
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
            findings.error(FIELD, f"unknown key {key!r}", source=source, pointer=join(key), hint=hint)
    if not isinstance(spec, dict):
        what = "spec is missing" if "spec" not in value else "spec must be a mapping"
        pointer = "/spec" if "spec" in value else "/kind"
        findings.error(FIELD, what, source=source, pointer=pointer, hint="put the API body under spec")
        spec = None
    elif body:
        spec = _with_prompt(kind, spec, body, source, base, findings)
    metadata = mapping_of(value, "metadata", METADATA, source, findings)
    name = name_of(metadata, value, source, body is not None, findings)
    labels = labels_of(metadata.get("labels"), source, findings)
    lifecycle = value.get("lifecycle")
    if lifecycle is not None and not isinstance(lifecycle, dict):
        findings.error(FIELD, "lifecycle must be a mapping", source=source, pointer="/lifecycle")
        lifecycle = None
    if name is None or spec is None:
        return None
    place = Source(source.path, source.document, base)
    return RawManifest(Address(kind.name, name), kind, spec, place, metadata.get("id"), labels, lifecycle or {})


def _with_prompt(
    kind: KindSpec, spec: Object, body: str, source: Source, base: str, findings: Findings
) -> Object | None:
    if not any(row.path == f"/{MARKDOWN_BODY}" for row in kind.fields):
        if body.strip():
            summary = (
                f"a {kind.manifest_kinds[0]} has no {MARKDOWN_BODY}: the text below the front matter has no place"
            )
            findings.error(FIELD, summary, source=source, pointer="/kind", hint="remove the text")
        return spec
    if MARKDOWN_BODY in spec:
        findings.error(
            FIELD,
            f"{MARKDOWN_BODY} stands in the front matter and below it",
            source=source,
            pointer=f"{base}/{MARKDOWN_BODY}",
            hint="keep one of the two",
        )
        return None
    return {**spec, MARKDOWN_BODY: body}


def _answers(items: list[Json], source: Source, base: str, findings: Findings, kinds: Kinds) -> list[Item]:
    """The bodies of a list answer that somebody saved; each is named after its human name."""
    drafts: list[Item] = []
    for index, item in enumerate(items):
        place = Source(source.path, source.document, f"{base}/{index}")
        kind = bare_kind(item, kinds) if isinstance(item, dict) else None
        if kind is None or not isinstance(item, dict):
            hint = "remove it from the list, or write it as a document of its own with a kind"
            findings.error(
                KIND, "not a body that is known without a kind", source=source, pointer=place.base, hint=hint
            )
            continue
        words = _name_words(kind)
        text = next((item[word] for word in words if isinstance(item.get(word), str) and item[word]), None)
        name = clean_name(text) if isinstance(text, str) else ""
        if not name:
            summary = f"a body in a list needs a name ({' or '.join(words)}) to be called by"
            findings.error(NAME, summary, source=source, pointer=place.base)
            continue
        drafts.append(RawManifest(Address(kind.name, name), kind, item, place))
    return drafts


def _name_words(kind: KindSpec) -> tuple[str, ...]:
    row = next(row for row in kind.fields if row.path == kind.name_field)
    return (kind.name_field[1:], *row.wire_names.values(), *row.aliases)
