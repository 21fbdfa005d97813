"""Rules of every field of the tables: known, documented, alive and present (L18, L19, L32, L35)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.fields.field_check import UNKNOWN_FIELD, check_fields
from reconciler.core.fields.field_hints import (
    Outdated,
    missing_members,
    outdated_field,
    outdated_name,
    outdated_place,
)
from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.rules.body_reader import (
    DEAD_TURN_FIELDS,
    FLOW,
    LLM,
    exists,
    has,
    has_dead_turn_settings,
)
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, lookup, split
from reconciler.types.manifest import Manifest


def check_unknown_key(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if manifest.address.kind not in KINDS:
        return
    severity = Severity.ERROR if context.strict else Severity.WARNING
    kind = KINDS.get(manifest.address.kind)
    for finding in check_fields(kind, manifest.spec, address=manifest.address, source=manifest.source):
        if finding.code == UNKNOWN_FIELD:
            yield replace(finding, severity=severity)


UNKNOWN_KEY = Rule(
    code="L18",
    name="unknown-key",
    severity=Severity.WARNING,
    kinds=(),
    source="public code",
    check=check_unknown_key,
    doc=RuleDoc(
        what="A key that the kind does not declare, at a place whose keys are known. An error with --strict.",
        why="Most are typos, and a typo has no effect: the setting stays at its default without a word. Real "
        "fields that are newer than this version are passed on untouched.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, speculative_inferense: true}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, speculative_inference: true}}\n",
    ),
)


DOCUMENTED_PLACES = {
    f"{FLOW}/turn_commitment": "an example of the Create Persona page",
    f"{FLOW}/active_listening": "an example of the Create Persona page",
    f"{FLOW}/noise_cancellation": "the vendor's client",
    f"{LLM}/disable_vision": "the vendor's client",
    f"{LLM}/enable_llm_proxy": "the vendor's client",
    "/layers/sts": "the vendor's client",
    "/layers/capabilities": "the vendor's client",
    "/layers/knowledge_base": "the vendor's client",
}


def check_documented_nowhere(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for pointer, place in DOCUMENTED_PLACES.items():
        if has(manifest.spec, pointer):
            yield DOCUMENTED_NOWHERE.found(manifest, pointer, f"{split(pointer)[-1]} is known from {place} only")


DOCUMENTED_NOWHERE = Rule(
    code="L19",
    name="documented-nowhere",
    severity=Severity.INFO,
    kinds=("persona",),
    source="vendor client, Create Persona example",
    check=check_documented_nowhere,
    doc=RuleDoc(
        what="A field that no page describes: turn_commitment, active_listening, noise_cancellation, "
        "disable_vision, enable_llm_proxy, sts, capabilities or knowledge_base.",
        why="What it does, and whether it still does it, cannot be told from the documentation.",
        bad="system_prompt: Hi\nlayers: {conversational_flow: {turn_commitment: medium}}\n",
        good="system_prompt: Hi\nlayers: {conversational_flow: {turn_taking_patience: medium}}\n",
    ),
)


def check_deprecated_but_alive(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec, kind = manifest.spec, manifest.kind
    for pointer in kind.catalogue_tables:
        yield from _outdated(manifest, outdated_name(kind, pointer, lookup(spec, pointer), context.catalogue))
    for pointer in kind.removed_fields:
        yield from _outdated(manifest, outdated_place(kind, pointer, lookup(spec, pointer)))
    # Fields that a newer layer overrides are dead, not only old: L28 says so.
    silent = DEAD_TURN_FIELDS if has_dead_turn_settings(spec) else ()
    for pointer, value, row in context.declared(manifest):
        if pointer not in silent:
            yield from _outdated(manifest, outdated_field(pointer, value, row))


def _outdated(manifest: Manifest, outdated: Outdated | None) -> Iterator[Diagnostic]:
    if outdated is not None:
        yield DEPRECATED_BUT_ALIVE.found(
            manifest,
            outdated.pointer,
            outdated.summary,
            detail=outdated.detail,
            hint=outdated.advice or _keep(manifest),
        )


def _keep(manifest: Manifest) -> str | None:
    """How to keep it on purpose; JSON has no comments to say it in."""
    if manifest.source.path.endswith(".json"):
        return None
    return "if it stays on purpose, say so: # reconciler: keep L32 and the reason"


DEPRECATED_BUT_ALIVE = Rule(
    code="L32",
    name="deprecated-but-alive",
    severity=Severity.WARNING,
    kinds=(),
    source="the catalogue and the field tables",
    check=check_deprecated_but_alive,
    doc=RuleDoc(
        what="A model, engine or field that is legacy, deprecated, no longer listed or removed in the configured "
        "generation.",
        why="It may still work, and stop any day. A comment `# reconciler: keep L32` with a reason on its line or "
        "above it says that it stays on purpose.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-4o}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)


ELSEWHERE = {"persona": ("/system_prompt",)}
"""Told by a rule of its own (L01), with a way out of its own."""


def check_required_field(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    kind = manifest.address.kind
    if kind not in KINDS or not context.is_new(manifest):
        return
    spec = KINDS.get(kind)
    for pointer, condition in missing_members(spec, manifest.spec):
        if pointer in ELSEWHERE.get(kind, ()):
            continue
        *above, word = split(pointer)
        row = field_at(spec, _starred(pointer))
        where = "" if not above else f" in {'.'.join(above)}"
        whole = spec.manifest_kinds[0]
        yield REQUIRED_FIELD.found(
            manifest,
            pointer if exists(manifest.spec, pointer) else pointer.rpartition("/")[0],
            f"{word} is missing{where}: a new {whole} needs it{f' {condition}' if condition else ''}",
            detail=row.doc if row is not None else "",
            hint=_required_hint(word, row.example if row is not None else None, row.enum if row is not None else ()),
        )


def _starred(pointer: str) -> str:
    """`/data/0/x` as the table has it."""
    return "".join(f"/{'*' if token.isdigit() else token}" for token in split(pointer))


def _required_hint(word: str, example: Json, known: tuple[str, ...]) -> str:
    shown = f", for example {example}" if isinstance(example, str) else ""
    choices = f" ({', '.join(known)})" if known else ""
    return f"write {word}{choices}{shown}; if the object is in the account already, name it with metadata.id"


REQUIRED_FIELD = Rule(
    code="L35",
    name="required-field",
    severity=Severity.ERROR,
    kinds=(),
    source="the vendor's contract of June 2026 and its client; each field's own source stands in `explain`",
    check=check_required_field,
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
