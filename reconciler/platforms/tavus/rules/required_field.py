"""L35: what the API wants in a new object."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.fields.required_fields import missing
from reconciler.core.kind_table import KINDS
from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import exists
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, split
from reconciler.types.manifest import Manifest

ELSEWHERE = {"persona": ("/system_prompt",)}
"""Told by a rule of its own (L01), with a way out of its own."""


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    kind = manifest.address.kind
    if kind not in KINDS or not context.is_new(manifest):
        return
    spec = KINDS.get(kind)
    for pointer, condition in missing(spec, manifest.spec):
        if pointer in ELSEWHERE.get(kind, ()):
            continue
        *above, word = split(pointer)
        row = field_at(spec, _starred(pointer))
        where = "" if not above else f" in {'.'.join(above)}"
        whole = spec.manifest_kinds[0]
        yield RULE.found(
            manifest,
            pointer if exists(manifest.spec, pointer) else pointer.rpartition("/")[0],
            f"{word} is missing{where}: a new {whole} needs it{f' {condition}' if condition else ''}",
            detail=row.doc if row is not None else "",
            hint=_hint(word, row.example if row is not None else None, row.enum if row is not None else ()),
        )


def _starred(pointer: str) -> str:
    """`/data/0/x` as the table has it."""
    return "".join(f"/{'*' if token.isdigit() else token}" for token in split(pointer))


def _hint(word: str, example: Json, known: tuple[str, ...]) -> str:
    shown = f", for example {example}" if isinstance(example, str) else ""
    choices = f" ({', '.join(known)})" if known else ""
    return f"write {word}{choices}{shown}; if the object is in the account already, name it with metadata.id"


RULE = Rule(
    code="L35",
    name="required-field",
    severity=Severity.ERROR,
    kinds=(),
    source="the vendor's contract of June 2026 and its client; each field's own source stands in `explain`",
    check=check,
    doc=RuleDoc(
        what="A field is absent, null or empty that the API wants in a new object: document_url, a tool's "
        "description, the pal_id and channel of a deployment, the steps of objectives and what goes with each. Not "
        "said where the manifest names an object that exists (metadata.id) or only observes it, and in a plan only "
        "of what would be created.",
        why="The API refuses to create such an object, and everything that depends on it waits.",
        bad="pal_name: Desk\nsystem_prompt: Hi\nlayers: {conferencing: {username: desk}}\n",
        good="pal_name: Desk\nsystem_prompt: Hi\ndefault_face_id: r90bbd427f71\n"
        "layers: {conferencing: {username: desk}}\n",
    ),
)
