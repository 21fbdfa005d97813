"""What a field is: the text and the record behind `reconciler explain`, from the field tables of the kinds."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from textwrap import wrap

from reconciler.core.canonical.field_tree import Node, build_field_tree
from reconciler.core.fields.field_hints import when_needed
from reconciler.core.fields.json_schema import ENVELOPE
from reconciler.errors import UsageError
from reconciler.types.catalogue import Catalogue
from reconciler.types.json import Json, Object
from reconciler.types.kind import Field, Kinds, KindSpec, Type


@dataclass(frozen=True, slots=True)
class Explanation:
    """One field, or a kind (`pointer` empty)."""

    path: str
    """As to be typed: `tool.delivery.api.url`."""
    kind: str
    pointer: str
    type: str
    doc: str
    default: Json = None
    values: tuple[str, ...] = ()
    """Known values; others are a warning."""
    limits: str = ""
    spellings: tuple[str, ...] = ()
    """Further words for the same field."""
    secret: bool = False
    server: bool = False
    required: bool = False
    is_name: bool = False
    """`metadata.name` is sent where it is left out."""
    needed: tuple[str, ...] = ()
    """When a new object needs it, or what in it: sentences."""
    deprecated: str | None = None
    ref: str | None = None
    """The kind whose id stands here."""
    source: str = ""
    example: Json = None
    children: tuple[tuple[str, str, str], ...] = ()
    """Name, type and first sentence of each member, `*` for members of any name."""


def explain(path: str, kinds: Kinds, catalogue: Catalogue | None = None, others: Collection[str] = ()) -> Explanation:
    """What `kind`, `kind.field.field` or `/field/field` (of the first kind) is; every vocabulary is understood.
    `manifest`, `manifest.metadata.id` or `tool.lifecycle` are the fields around the spec.

    `[0]` and numbers are skipped, so that a path out of a plan can be pasted. With a catalogue the known models are
    listed. Raises `UsageError` with the nearest field for an unknown one; `others` are what else has a page.
    """
    tokens = _tokens(path, kinds)
    if not tokens:
        known = ", ".join(sorted(kinds))
        nested = next(
            (row.path for row in kinds.default.fields if row.path.count("/") == 2), kinds.default.name_field
        )
        field = f"{kinds.default.name}{nested.replace('/', '.')}"
        raise UsageError("explain what?", hint=f"give a kind ({known}) or a field, for example {field}")
    spec, rest = _kind(tokens, kinds, others)
    if rest and rest[0] in build_field_tree(ENVELOPE).children and rest[0] not in build_field_tree(spec).children:
        spec = ENVELOPE
    node = build_field_tree(spec)
    walked: list[str] = []
    for token in rest:
        if token.isdigit() and token not in node.children:
            continue
        word = node.renames.get(token, token)
        if node.row is not None and node.row.type is Type.LIST and node.star is not None:
            node = node.star  # the items of a list need not be spelled out
            walked.append("*")
            if token == "*":
                continue
            word = token
        child = node.children.get(word)
        if child is None and word != "*" and node.star is not None:
            word, child = "*", node.star
        elif child is None and word == "*":
            child = node.star
        if child is None:
            raise _unknown(spec, node, walked, token)
        node = child
        walked.append(word)
    return _record(spec, node, walked, catalogue)


def _tokens(path: str, kinds: Kinds) -> list[str]:
    text = re.sub(r"\[[^\]]*\]", "", path.strip())
    if text.startswith("/"):
        return [kinds.default.name, *(part for part in text.split("/") if part)]
    return [part for part in re.split(r"[./]", text) if part and part != "spec"]


def _kind(tokens: list[str], kinds: Kinds, others: Collection[str]) -> tuple[KindSpec, list[str]]:
    if tokens[0].lower() == ENVELOPE.name or tokens[0] in build_field_tree(ENVELOPE).children:
        return ENVELOPE, tokens[1:] if tokens[0].lower() == ENVELOPE.name else tokens
    head = tokens[0].lower().replace("-", "_")
    words = {word.lower(): name for name, spec in kinds.all().items() for word in (name, *spec.manifest_kinds)}
    found = words.get(head) or words.get(head.replace("_", ""))
    if found is not None:
        return kinds.get(found), tokens[1:]
    # `layers.llm` without a kind means the field of the first one.
    root = build_field_tree(kinds.default)
    if root.renames.get(tokens[0], tokens[0]) in root.children:
        return kinds.default, tokens
    pages = {other.lower().replace("-", "_"): other for other in others}
    words |= {
        name: name for name in (*root.children, *root.renames, *build_field_tree(ENVELOPE).children, ENVELOPE.name)
    }
    whole = ".".join([head, *(token.lower() for token in tokens[1:])])
    near = get_close_matches(whole, pages, n=1, cutoff=0.8) or get_close_matches(head, [*words, *pages], n=1)
    close = [(pages | words)[one] for one in near]
    raise UsageError(
        f"nothing is called {'.'.join(tokens)!r}",
        hint=f"did you mean {close[0]!r}?" if close else f"kinds: {', '.join(sorted(kinds))}",
    )


def _unknown(spec: KindSpec, node: Node, walked: list[str], token: str) -> UsageError:
    where = ".".join([spec.name, *walked])
    if not node.children and node.star is None:
        inside = "holds data of your own" if walked else "has no fields"
        return UsageError(f"{where} has no field {token!r}", hint=f"{where} {inside}")
    if node.row is not None and node.row.open_ended:
        return UsageError(
            f"{where} has no declared field {token!r}",
            hint=f"it takes members of any name; described are {', '.join(node.children)}",
        )
    elsewhere = _find(build_field_tree(spec), token, [])
    close = get_close_matches(token, [*node.children, *node.renames], n=1)
    if elsewhere is not None:
        hint = f"did you mean {'.'.join([spec.name, *elsewhere])}?"
    elif close:
        hint = f"did you mean {where}.{close[0]}?"
    else:
        hint = f"known: {', '.join(node.children)}"
    return UsageError(f"{where} has no field {token!r}", hint=hint)


def _find(node: Node, token: str, walked: list[str]) -> list[str] | None:
    """The first place in the tree where a member is called `token`."""
    word = node.renames.get(token, token)
    if word in node.children:
        return [*walked, word]
    for name, child in node.children.items():
        found = _find(child, token, [*walked, name])
        if found is not None:
            return found
    return None


def _record(spec: KindSpec, node: Node, walked: list[str], catalogue: Catalogue | None) -> Explanation:
    row = node.row
    pointer = "".join(f"/{word}" for word in walked)
    members = {**node.children, **({"*": node.star} if node.star is not None else {})}
    children = tuple((name, _type(child.row), _first(child.row)) for name, child in members.items())
    path = ".".join([spec.name, *walked])
    if row is None:
        doc = spec.doc if not walked else ""
        return Explanation(path, spec.name, pointer, "object", doc, children=children)
    values = row.enum
    if catalogue is not None and (table := spec.catalogue_tables.get(pointer)) is not None:
        current = [id for id in catalogue.known(table) if catalogue.status(id, table).is_current]
        values = tuple(dict.fromkeys((*current, *row.enum)))
    limits = [row.describe_limits] if row.describe_limits else []
    if catalogue is not None and pointer in spec.setting_tables:
        limits += _settings(catalogue, spec.setting_tables[pointer])
    return Explanation(
        path=path,
        kind=spec.name,
        pointer=pointer,
        type=_type(row),
        doc=row.doc,
        default=row.default,
        values=values,
        limits=". ".join(limits),
        spellings=tuple(
            dict.fromkeys(word for word in (*row.wire_names.values(), *row.aliases) if word != walked[-1])
        ),
        secret=row.secret,
        server=row.server_owned,
        required=row.required,
        is_name=pointer == spec.name_field,
        needed=when_needed(spec, pointer),
        deprecated=row.deprecated,
        ref=row.ref,
        source=row.source,
        example=row.example,
        children=children,
    )


def _settings(catalogue: Catalogue, table: str) -> list[str]:
    """What each entry of the table takes: `sonic (cartesia): speed -1 to 1; volume a number`."""
    found: list[str] = []
    for id, entry in catalogue.tables.get(table, {}).items():
        name = f"any model of {entry.engine}" if id.endswith(":*") else f"{id} ({entry.engine})"
        taken = "; ".join(f"{word} {setting.in_words()}" for word, setting in entry.settings.items())
        found.append(f"{name}: {taken or 'none'}")
    return found


def _type(row: Field | None) -> str:
    return row.type.value if row is not None else "object"


def _first(row: Field | None) -> str:
    """The first sentence of a field's doc, with what makes it special."""
    if row is None:
        return ""
    sentence = re.split(r"(?<=[.!?])\s", row.doc, maxsplit=1)[0]
    marks = [
        word
        for word, holds in (
            ("required", row.required),
            ("secret", row.secret),
            ("read only", row.server_owned),
            ("deprecated", row.deprecated is not None),
        )
        if holds
    ]
    return f"{sentence} [{', '.join(marks)}]" if marks else sentence


def as_json(found: Explanation) -> Object:
    """The record as JSON; children as `[{name, type, doc}]`."""
    children: list[Json] = [{"name": name, "type": kind, "doc": doc} for name, kind, doc in found.children]
    return {
        "format_version": "1.0",
        "path": found.path,
        "kind": found.kind,
        "pointer": found.pointer,
        "type": found.type,
        "doc": found.doc,
        "default": found.default,
        "values": list(found.values),
        "limits": found.limits,
        "spellings": list(found.spellings),
        "secret": found.secret,
        "server": found.server,
        "required": found.required,
        "needed": list(found.needed),
        "deprecated": found.deprecated,
        "ref": found.ref,
        "source": found.source,
        "example": found.example,
        "children": children,
    }


def render(found: Explanation, *, width: int = 100) -> str:
    """The record as text, in the shape kubectl users know."""
    lines = [f"PATH:     {found.path}", f"TYPE:     {found.type}"]
    facts = (
        ("DEFAULT", json.dumps(found.default, ensure_ascii=False) if found.default is not None else ""),
        ("VALUES", ", ".join(found.values)),
        ("LIMITS", found.limits),
        ("ALSO", ", ".join(found.spellings)),
        ("REFERS TO", f"{found.ref}: an id, or {{ref: {found.ref}.name}}" if found.ref else ""),
        ("SOURCE", found.source),
    )
    for title, text in facts:
        if text:
            first, *more = wrap(text, max(width - 10, 20))
            lines.append(f"{title + ':':<10}{first}")
            lines.extend(" " * 10 + part for part in more)
    notes = [found.doc]
    if found.deprecated:
        notes.append(f"Deprecated: {found.deprecated}.")
    if found.secret:
        notes.append("Secret: give {env: NAME} or {file: path}; it is never shown and never stored.")
    elif found.type == "object" and not found.server:
        notes.append("Data that looks like a reference, such as {env: prod}, is written as {literal: {env: prod}}.")
    if found.server:
        notes.append("Assigned by the server: never sent.")
    if found.required:
        notes.append(
            f"Required. {'Without it metadata.name is sent.' if found.is_name else 'A new object needs it.'}"
        )
    notes += found.needed
    lines += ["", "DESCRIPTION:"]
    for note in notes:
        lines += [f"  {part}" for part in wrap(note, max(width - 2, 20))]
    if found.example is not None:
        lines += ["", "EXAMPLE:", f"  {json.dumps(found.example, ensure_ascii=False)}"]
    if found.children:
        lines += ["", "FIELDS:", *_children(found, width)]
    return "\n".join(lines) + "\n"


def _children(found: Explanation, width: int) -> list[str]:
    name_width = max(len(name) for name, _, _ in found.children)
    type_width = max(len(kind) for _, kind, _ in found.children)
    indent = name_width + type_width + 6
    lines: list[str] = []
    for name, kind, doc in found.children:
        first, *more = wrap(doc, max(width - indent, 20)) or [""]
        lines.append(f"  {name:<{name_width}}  {kind:<{type_width}}  {first}".rstrip())
        lines.extend(" " * indent + part for part in more)
    return lines
