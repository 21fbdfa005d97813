"""The `lifecycle` and `metadata.id` of a manifest: checked as written, made into records."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.canonical.field_tree import shape
from reconciler.manifests.read.raw_manifest import Draft
from reconciler.manifests.tree.problems import FIELD, ID, Findings, suggest
from reconciler.types.json import Object, join, split
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Adopt, Lifecycle, Manage

WORDS = {"manage": tuple(one.value for one in Manage), "adopt": tuple(one.value for one in Adopt)}
KEYS = ("protect", "ignore", *WORDS)


def check_lifecycle(draft: Draft, findings: Findings) -> Object:
    """The valid part of `draft.lifecycle`, with canonical pointers; the rest becomes errors."""
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
    node = shape(kind)
    tokens: list[str] = []
    for token in split(pointer):
        name = node.renames.get(token, token)
        tokens.append(name)
        node = node.child(name)
    return join(*tokens)


def choose_id(
    draft: Draft, workspace: str, workspaces: Iterable[str], findings: Findings, *, several: bool
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
                hint=f"write a map where accounts differ: {{{workspace}: {value}}}",
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
