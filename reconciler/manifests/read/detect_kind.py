"""Which documents are ours: by kind, apiVersion or the keys of a bare body; and a word about those that are not."""

from __future__ import annotations

from difflib import SequenceMatcher, get_close_matches
from functools import cache

from reconciler.core.kind_table import KINDS, manifest_kinds
from reconciler.manifests.read.moved_removed import STATEMENTS
from reconciler.manifests.read.raw_manifest import Passed
from reconciler.manifests.read.unknown_documents import API_VERSION, looks_like
from reconciler.manifests.tree.problems import FIELD, FOREIGN, Findings
from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec
from reconciler.types.source import Source, Span

PROJECT = "Project"
SHARED_WORDS = frozenset({"Deployment"})
"""Kinds that other tools' files have too: only our apiVersion makes them ours."""


@cache
def manifest_words() -> dict[str, KindSpec]:
    return manifest_kinds()


@cache
def bare_kinds() -> tuple[KindSpec, ...]:
    return tuple(spec for spec in KINDS.all().values() if spec.bare_keys)


def bare_kind(value: Object) -> KindSpec | None:
    """The kind that a document without `kind` is a body of."""
    for kind in bare_kinds():
        found = kind.bare_keys.intersection(value)
        # `layers` alone also stands in container manifests, as a list; `parameters` in pipelines and templates.
        lists = found <= {"layers", "parameters"} and any(not isinstance(value[key], dict) for key in found)
        if found and not lists and kind.bare_with <= value.keys():
            return kind
    return None


def has_bodies(items: list[Json]) -> bool:
    return any(isinstance(item, dict) and bare_kind(item) is not None for item in items)


def is_near_ours(value: Object, word: Json) -> bool:
    """Whether a document without our apiVersion is probably meant for us all the same."""
    if bare_kind(value) is not None:
        return True
    shaped = "spec" in value or "metadata" in value
    return (
        shaped
        and isinstance(word, str)
        and bool(get_close_matches(word, [*manifest_words(), *STATEMENTS], n=1, cutoff=0.75))
    )


def looks_like_ours(version: Json) -> bool:
    if not isinstance(version, str):
        return False
    plain = version.lower()
    return plain.startswith(("persona", "pal/")) or SequenceMatcher(None, plain, API_VERSION).ratio() >= 0.75


def read_foreign(value: Json, source: Source, findings: Findings, *, given: bool) -> list[Passed]:
    """A document that is no manifest: passed over, or an error where it was `given` by name or surely is ours."""
    span = Span(source.path, 1, 1)
    keys: Object = value if isinstance(value, dict) else {}
    cased = next((word for key in keys for word in ("apiVersion", "kind") if key.lower() == word.lower()), None)
    if cased and cased not in keys:
        findings.error(FIELD, f"not read as a manifest: {cased} is misspelt", span=span, hint=f"write {cased}")
        return []
    return pass_over(source, *looks_like(value), findings, given=given)


def pass_over(source: Source, looks: str, hint: str, findings: Findings, *, given: bool) -> list[Passed]:
    """What is no manifest, with what it looks like: an error where it was `given` by name."""
    if given:
        span = Span(source.path, 1, 1)
        findings.error(FOREIGN, f"the document is not a manifest: {looks}", span=span, hint=hint)
        return []
    return [Passed(source, looks, hint)]
