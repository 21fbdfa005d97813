"""Which documents are ours: by kind, apiVersion or keys; a word about those, and the files, that are not."""

from __future__ import annotations

import re
from difflib import SequenceMatcher, get_close_matches

from reconciler.core.canonical.field_tree import build_field_tree
from reconciler.manifests.read.raw_manifest import STATEMENTS, PassedOver
from reconciler.manifests.tree.decode import readable
from reconciler.manifests.tree.file_search import LINES, MARKDOWN
from reconciler.manifests.tree.file_tree import SUFFIXES
from reconciler.manifests.tree.problems import FIELD, FOREIGN, Findings
from reconciler.types.diagnostic import Source, Span
from reconciler.types.json import Json, Object
from reconciler.types.kind import Kinds, KindSpec

PROJECT = "Project"
SHARED_WORDS = frozenset({"Deployment"})
"""Kinds that other tools' files have too: only our apiVersion makes them ours."""
API_VERSION = "personas/v1"
NOTHING = f"a manifest starts with apiVersion: {API_VERSION} and a kind; else list the file under sources.exclude"
COMMON = frozenset(
    {"name", "description", "type", "tags", "status", "data", "rules", "limits", "channel", "url", "uuid", "id"}
    | {"owner_id", "created_at", "updated_at", "callback_url", "password", "properties", "parameters", "origin"}
)
"""Words that say nothing about whose body it is."""


def bare_kind(value: Object, kinds: Kinds) -> KindSpec | None:
    """The kind that a document without `kind` is a body of."""
    for kind in kinds.bare:
        found = kind.bare_keys.intersection(value)
        # `layers` alone also stands in container manifests, as a list; `parameters` in pipelines and templates.
        lists = found <= {"layers", "parameters"} and any(not isinstance(value[key], dict) for key in found)
        if found and not lists and kind.bare_required_keys <= value.keys():
            return kind
    return None


def has_bodies(items: list[Json], kinds: Kinds) -> bool:
    return any(isinstance(item, dict) and bare_kind(item, kinds) is not None for item in items)


def is_near_ours(value: Object, word: Json, kinds: Kinds) -> bool:
    """Whether a document without our apiVersion is probably meant for us all the same."""
    if bare_kind(value, kinds) is not None:
        return True
    shaped = "spec" in value or "metadata" in value
    return (
        shaped
        and isinstance(word, str)
        and bool(get_close_matches(word, [*kinds.by_manifest_kind, *STATEMENTS], n=1, cutoff=0.75))
    )


def looks_like_ours(version: Json, kinds: Kinds) -> bool:
    """Whether an apiVersion was meant to be ours: our group misspelt, or the kind that it is called after."""
    if not isinstance(version, str):
        return False
    plain = version.lower()
    names = tuple(f"{word.lower()}/" for word in kinds.default.manifest_kinds)
    return (
        plain.startswith((API_VERSION.partition("s/")[0], *names))
        or SequenceMatcher(None, plain, API_VERSION).ratio() >= 0.75
    )


def read_foreign(value: Json, source: Source, findings: Findings, kinds: Kinds, *, given: bool) -> list[PassedOver]:
    """A document that is no manifest: passed over, or an error where it was `given` by name or surely is ours."""
    span = Span(source.path, 1, 1)
    keys: Object = value if isinstance(value, dict) else {}
    cased = next((word for key in keys for word in ("apiVersion", "kind") if key.lower() == word.lower()), None)
    if cased and cased not in keys:
        findings.error(FIELD, f"not read as a manifest: {cased} is misspelt", span=span, hint=f"write {cased}")
        return []
    return pass_over(source, *looks_like(value, kinds), findings, given=given)


def pass_over(source: Source, looks: str, hint: str, findings: Findings, *, given: bool) -> list[PassedOver]:
    """What is no manifest, with what it looks like: an error where it was `given` by name."""
    if given:
        span = Span(source.path, 1, 1)
        findings.error(FOREIGN, f"the document is not a manifest: {looks}", span=span, hint=hint)
        return []
    return [PassedOver(source, looks, hint)]


def looks_like(value: Json, kinds: Kinds) -> tuple[str, str]:
    """(what it looks like, what to do), for people."""
    if isinstance(value, list):
        return _list(value, kinds)
    if not isinstance(value, dict):
        return "it holds a single value", NOTHING
    kind = _set_kind(value, kinds) or body_kind(value, kinds)
    if kind is not None:
        return f"it looks like the bare body of a {kind.name}", _envelope(kind)
    function = value.get("function")
    if isinstance(function, dict) and body_kind(function, kinds) is not None:
        return "it looks like an inline tool", f"put the members of `function` under spec, with kind: Tool{_HEAD}"
    for key, member in value.items():
        kind = body_kind(member, kinds) if isinstance(member, dict) else None
        if kind is not None:
            return (
                f"it looks like the body of a {kind.name} inside `{key}`",
                f"put what stands under `{key}` under spec instead, with kind: {kind.manifest_kinds[0]}{_HEAD}",
            )
        if isinstance(member, list) and (kind := _kind_of_items(member, kinds)) is not None:
            return f"it looks like a list answer of the API, with bodies of a {kind.name} in `{key}`", _each(kind)
    word = value.get("kind")
    if isinstance(word, str):
        version = value.get("apiVersion")
        return f"it is a {word} of {version or 'no apiVersion'}, which is not ours", NOTHING
    near = _near(value, kinds)
    if near is not None:
        return "it has no kind, and no key of a known body", f"did you mean {near!r}?"
    return "it has no kind, and no key of a known body", NOTHING


def body_kind(value: Object, kinds: Kinds) -> KindSpec | None:
    """The kind whose fields a body has, where its words tell."""
    found: tuple[int, KindSpec | None] = (0, None)
    for kind in kinds.all().values():
        node = build_field_tree(kind)
        words = {*node.children, *node.renames} & value.keys()
        told = words - COMMON or (kind.bare_required_keys and kind.bare_required_keys < words)
        if told and 2 * len(words) >= len(value) and len(words) > found[0]:
            found = (len(words), kind)
    return found[1]


def _set_kind(value: Object, kinds: Kinds) -> KindSpec | None:
    """The kind of a body that is told by its items alone; an answer of the API says how many there are."""
    items = value.get("data")
    if not isinstance(items, list) or "total_count" in value:
        return None
    keys = {key for item in items if isinstance(item, dict) for key in item}
    return next((kind for kind in kinds.all().values() if kind.item_name_member in keys), None)


def _list(items: list[Json], kinds: Kinds) -> tuple[str, str]:
    if items and all(isinstance(item, dict) and {"op", "path"} <= item.keys() for item in items):
        return "it looks like a JSON Patch (RFC 6902)", "a manifest says how an object should be, not what changes"
    kind = _kind_of_items(items, kinds)
    if kind is not None:
        return f"it looks like a list with bodies of a {kind.name}", _each(kind)
    return "it holds a list", NOTHING


def _kind_of_items(items: list[Json], kinds: Kinds) -> KindSpec | None:
    return next(
        (kind for item in items if isinstance(item, dict) and (kind := body_kind(item, kinds)) is not None), None
    )


_HEAD = f", apiVersion: {API_VERSION} and metadata.name"


def _envelope(kind: KindSpec) -> str:
    return f"put it under spec, with kind: {kind.manifest_kinds[0]}{_HEAD}"


def _each(kind: KindSpec) -> str:
    return f"write a document for each: its body under spec, with kind: {kind.manifest_kinds[0]}{_HEAD}"


def _near(value: Object, kinds: Kinds) -> str | None:
    """A key of a known body that one of the keys is a slip of."""
    known = sorted(
        {key for kind in kinds.all().values() if not kind.bare_required_keys for key in kind.bare_keys} - COMMON
    )
    return next((match for key in value for match in get_close_matches(key, known, n=1, cutoff=0.85)), None)


LARGEST = 64 * 1024
"""So many bytes of a file are looked at."""
BEGINNING = 10
"""Front matter is expected within so many lines."""

_KEY = re.compile(r"""(?:^|[{,\[])[ \t]*(?:-[ \t]+)?["']?(\w+)["']?[ \t]*[:=][ \t]*["']?([\w./-]*)""", re.MULTILINE)
_FENCE = re.compile(r"[ \t\ufeff]*(-{3,}|\+{3,}|;{3,})[ \t]*([A-Za-z]*)[ \t]*")
_CODE = re.compile(r"[ \t]*(```|~~~)")
_COMMENT = re.compile(r"[ \t\ufeff]*(?:#|//|/\*|\*|<!--|\{[{%#]|%|$)")
_STRUCTURE = re.compile(r"""[ \t\ufeff]*(?:-{3}|\+{3}|[\[{]|(?:-[ \t]+)?["']?\w+["']?[ \t]*[:=])""")


def by_name(name: str, data: bytes, kinds: Kinds) -> tuple[str, str] | None:
    """(what it looks like, what to do) for a file whose name is none of a manifest; None where it is not like one."""
    plain = name.lower()
    if plain.endswith(LINES):
        return "it looks like JSON Lines", "write a document for each line"
    text = readable(data[:LARGEST])
    parts = plain.split(".")[1:]
    if not MARKDOWN.isdisjoint(parts):
        inner = _front_matter(text, kinds)
        found = _ours(inner[1], kinds) if inner is not None else None
    else:
        first = next((line for line in text.splitlines() if not _COMMENT.match(line)), "")
        found = _ours(text, kinds) if _STRUCTURE.match(first) else None
    if found is None:
        return None
    usual = next((one for one in SUFFIXES if one[1:] in parts), ".md" if not MARKDOWN.isdisjoint(parts) else ".yaml")
    hint = f"write it to a file that ends in {usual}, or list it under sources.exclude"
    return f"it looks like {found}, and manifests end in {', '.join(SUFFIXES)}", hint


def by_beginning(text: str, kinds: Kinds) -> tuple[str, str] | None:
    """The same for Markdown that has no front matter in its first line, and a manifest's words near it."""
    inner = _front_matter(text[:LARGEST], kinds)
    found = _ours(inner[1], kinds) if inner is not None else None
    if inner is None or found is None:
        return None
    return (
        f"it looks like {found}, but {inner[0]}",
        "write it as YAML between two lines of three dashes, the first of the file",
    )


def _front_matter(text: str, kinds: Kinds) -> tuple[str, str] | None:
    """(how it begins, the text) of what was meant as front matter."""
    lines = text.replace("\r\n", "\n").split("\n")
    for index, line in enumerate(lines[:BEGINNING]):
        if _CODE.match(line):
            return None
        fence = _FENCE.fullmatch(line)
        if fence is None:
            continue
        before = _bare(lines[:index])
        if _ours(before[1], kinds) is not None:
            return before
        sign = fence[1]
        end = next((at for at in range(index + 1, len(lines)) if lines[at].strip() in (sign, "...")), len(lines))
        inner = "\n".join(lines[index + 1 : end])
        if sign != "---" or fence[2]:
            return "its front matter is not fenced as YAML", inner
        if index or line != sign:
            return "its front matter does not begin with the first character of the file", inner
        return "its front matter is not one mapping that a single line of three dashes ends", inner
    return _bare(lines)


def _bare(lines: list[str]) -> tuple[str, str]:
    first = next((index for index, line in enumerate(lines) if not _COMMENT.match(line)), len(lines))
    end = next((at for at in range(first, len(lines)) if lines[at].strip() in ("---", "")), len(lines))
    return "no line of three dashes stands before it", "\n".join(lines[first:end])


def _ours(text: str, kinds: Kinds) -> str | None:
    """What a text speaks of by its keys: a manifest, or the body of an object."""
    body = None
    words = {*kinds.by_manifest_kind, *STATEMENTS} - SHARED_WORDS
    bodies = {key: kind.name for kind in kinds.bare for key in kind.bare_keys if "_" in key}
    for key, value in _KEY.findall(text):
        if (key == "apiVersion" and value == API_VERSION) or (key == "kind" and value in words):
            return "a manifest"
        body = body or bodies.get(key)
    return f"the body of a {body}" if body is not None else None
