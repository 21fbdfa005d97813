"""Rules of every value of the tables: of the right type, a known one, and within its limits (L17, L20, L39)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.fields.field_check import WRONG_TYPE, bound_violations, check_fields
from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.rules.body_reader import TTS, text
from reconciler.types.address import is_reference
from reconciler.types.catalogue import Catalogue
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import Json, lookup, split
from reconciler.types.kind import Field, Type
from reconciler.types.manifest import Manifest

CATALOGUE_TABLES = {
    "turn_detection_model": "turn_detection",
    "perception_model": "perception",
    "stt_engine": "stt_engine",
    "tts_engine": "tts_engine",
}
"""Fields whose values are a table of the catalogue."""


def known_values(row: Field, catalogue: Catalogue) -> tuple[tuple[str, ...], bool]:
    """The known values of a field, from its row and the catalogue, and whether there are no others."""
    word = split(row.path)[-1]
    table = CATALOGUE_TABLES.get(word)
    if table is not None:
        return tuple(dict.fromkeys((*catalogue.known(table), *row.enum))), table in catalogue.complete or row.closed
    values = catalogue.values.get(word)
    if values is not None:
        return tuple(dict.fromkeys((*values.known, *values.reported, *row.enum))), values.complete or row.closed
    return row.enum, row.closed


def check_known_values(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for pointer, value, row in context.declared(manifest):
        if row.type is not Type.STRING or not isinstance(value, str) or row.server_owned or not (value or row.closed):
            continue
        known, complete = known_values(row, context.catalogue)
        if not known or value in known:
            continue
        close = get_close_matches(value.lower(), known, n=1)
        yield KNOWN_VALUES.found(
            manifest,
            pointer,
            f"{value!r} is not a known value of {split(pointer)[-1]}",
            hint=(f"did you mean {close[0]!r}? " if close else "") + f"known: {', '.join(known)}",
            severity=Severity.ERROR if complete and value not in row.observed_values else Severity.WARNING,
        )


KNOWN_VALUES = Rule(
    code="L17",
    name="enum",
    severity=Severity.WARNING,
    kinds=(),
    source="the vendor's contract, observation",
    check=check_known_values,
    doc=RuleDoc(
        what="A field with a list of known values holds another one: perception_model, turn_detection_model, "
        "turn_taking_patience, interruptibility, voice_isolation, idle_engagement, stt_engine, tts_engine, "
        "pipeline_mode and others.",
        why="It may be a typo. The platform adds values now and then, so it is a warning, unless the vendor's "
        "contract or client closes the list (pipeline_mode, turn_taking_patience, interruptibility, modality, "
        "channel and others; a wrong stt_engine is known to be refused) or the catalogue says that it is complete: "
        "then the API refuses the value, and it is an error.",
        bad="system_prompt: Hi\nlayers: {stt: {stt_engine: tavus-wisper}}\n",
        good="system_prompt: Hi\nlayers: {stt: {stt_engine: tavus-whisper}}\n",
    ),
)


EMOTION = f"{TTS}/voice_settings/emotion"


def check_value_type(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    kind = manifest.address.kind
    if kind in KINDS:
        spec = KINDS.get(kind)
        for finding in check_fields(spec, manifest.spec, address=manifest.address, source=manifest.source):
            if finding.code == WRONG_TYPE:
                yield _with_fix(
                    finding, field_at(spec, finding.pointer or ""), lookup(manifest.spec, finding.pointer or "")
                )
    if emotion := text(manifest.spec, EMOTION):
        tags: list[Json] = [part.strip() for part in emotion.split(",") if part.strip()]
        yield VALUE_TYPE.found(
            manifest,
            EMOTION,
            "emotion must be a list of name:level, not a text",
            hint=f"write {json.dumps(tags, ensure_ascii=False)}",
            fix=Fix("write a list", tags),
        )


def _with_fix(diagnostic: Diagnostic, row: Field | None, value: Json) -> Diagnostic:
    if diagnostic.fix is not None or row is None:
        return diagnostic
    fixed = meant(row.type, value)
    if fixed is None:
        return diagnostic
    shown = json.dumps(fixed, ensure_ascii=False)
    short = shown if len(shown) <= 80 else shown[:77] + "..."
    return replace(diagnostic, fix=Fix("write it in its type", fixed), hint=diagnostic.hint or f"write {short}")


def meant(wanted: Type, value: Json) -> Json:
    """`value` in the declared type where that is beyond doubt: JSON out of a text, one text out of a list of texts, a
    list out of one text. None where it is not."""
    if isinstance(value, list):
        texts = [item for item in value if isinstance(item, str)]
        return ", ".join(texts) if wanted is Type.STRING and texts and len(texts) == len(value) else None
    if not isinstance(value, str) or not value.strip():
        return None
    if wanted in (Type.LIST, Type.OBJECT, Type.STRINGS) and value.lstrip()[:1] in ("[", "{"):
        try:
            parsed: Json = json.loads(value, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return None
        return parsed if isinstance(parsed, dict if wanted is Type.OBJECT else list) else None
    return [value] if wanted is Type.STRINGS else None


def _refuse(word: str) -> Json:
    raise ValueError(f"{word} is no JSON")


VALUE_TYPE = Rule(
    code="L20",
    name="type",
    severity=Severity.ERROR,
    kinds=(),
    source="the vendor's contract; met in public code",
    check=check_value_type,
    taken=True,
    doc=RuleDoc(
        what="A field holds another JSON type than it takes: tools as a text, a boolean or number in quotes (a "
        "warning), hotwords as a list, emotion as a text.",
        why="The API refuses it, or worse, drops the layer it stands in.",
        bad="system_prompt: Hi\nlayers: {stt: {hotwords: [Northwind, FNOL]}}\n",
        good="system_prompt: Hi\nlayers: {stt: {hotwords: 'Northwind, FNOL'}}\n",
    ),
)


def out_of_bounds(rule: Rule, manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    """What exceeds the bounds of its field, as findings of `rule`. What an absent value means is no affair of it."""
    for pointer, value, row in context.declared(manifest):
        if row.bounds is None or row.server_owned or is_reference(value):
            continue
        for below, problem in bound_violations(row.bounds, value, _name(pointer)):
            # What a new object cannot do without and is empty, L35 says, of all but its name.
            if row.path == manifest.kind.name_field or not (row.required and value in ("", [])):
                yield rule.found(manifest, pointer + below, problem)


def _name(pointer: str) -> str:
    return split(pointer)[-1]


def check_bounds(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if manifest.address.kind not in TOLD_ELSEWHERE:
        told = TOLD_ELSEWHERE_AT
        yield from (finding for finding in out_of_bounds(BOUNDS, manifest, context) if finding.pointer not in told)


TOLD_ELSEWHERE = frozenset({"tool", "guardrail", "guardrail_set", "objectives"})
TOLD_ELSEWHERE_AT = frozenset({"/tools", "/guardrail_ids", "/guardrail_tags"})
"""Kinds, and places of a persona, whose limits the rules of their subject tell (L22, L24, L34)."""


BOUNDS = Rule(
    code="L39",
    name="limits",
    severity=Severity.ERROR,
    kinds=(),
    source="the vendor's contract of June 2026 and its client 0.11.0; each field's own source stands in `explain`",
    check=check_bounds,
    doc=RuleDoc(
        what="A value that is longer, larger or of another look than the API takes: rules of a pronunciation "
        "dictionary (texts of 1 to 200 characters, each once), crawl depth (1 to 10) and pages (1 to 100) of a "
        "document, limits of a deployment (at least 1). `explain` names the limits of each field; those of tools, "
        "guardrails and objectives are told by L22, L24 and L34.",
        why="The API refuses such an object, and everything that depends on it waits.",
        bad="layers: {llm: {model: tavus-gpt-oss}}\nsystem_prompt: Hi\nskills: {presentation: {document_ids: []}}\n",
        good="layers: {llm: {model: tavus-gpt-oss}}\nsystem_prompt: Hi\n"
        "skills: {presentation: {document_ids: [d1-0a1b2c3d4e5f]}}\n",
    ),
)
