"""L20: a value of the wrong JSON type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.fields.field_check import WRONG_TYPE, check_fields
from reconciler.core.kind_table import KINDS
from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import TTS, text
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import Json, lookup
from reconciler.types.kind import Field, Type
from reconciler.types.manifest import Manifest

EMOTION = f"{TTS}/voice_settings/emotion"


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    kind = manifest.address.kind
    if kind in KINDS:
        spec = KINDS.get(kind)
        for one in check_fields(spec, manifest.spec, address=manifest.address, source=manifest.source):
            if one.code == WRONG_TYPE:
                yield _with_fix(one, field_at(spec, one.pointer or ""), lookup(manifest.spec, one.pointer or ""))
    if emotion := text(manifest.spec, EMOTION):
        tags: list[Json] = [part.strip() for part in emotion.split(",") if part.strip()]
        yield RULE.found(
            manifest,
            EMOTION,
            "emotion must be a list of name:level, not a text",
            hint=f"write {json.dumps(tags, ensure_ascii=False)}",
            fix=Fix("write a list", tags),
        )


def _with_fix(one: Diagnostic, row: Field | None, value: Json) -> Diagnostic:
    if one.fix is not None or row is None:
        return one
    fixed = meant(row.type, value)
    if fixed is None:
        return one
    shown = json.dumps(fixed, ensure_ascii=False)
    short = shown if len(shown) <= 80 else shown[:77] + "..."
    return replace(one, fix=Fix("write it in its type", fixed), hint=one.hint or f"write {short}")


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


RULE = Rule(
    code="L20",
    name="type",
    severity=Severity.ERROR,
    kinds=(),
    source="the vendor's contract; met in public code",
    check=check,
    taken=True,
    doc=RuleDoc(
        what="A field holds another JSON type than it takes: tools as a text, a boolean or number in quotes (a "
        "warning), hotwords as a list, emotion as a text.",
        why="The API refuses it, or worse, drops the layer it stands in.",
        bad="system_prompt: Hi\nlayers: {stt: {hotwords: [Northwind, FNOL]}}\n",
        good="system_prompt: Hi\nlayers: {stt: {hotwords: 'Northwind, FNOL'}}\n",
    ),
)
