"""L20: a value of the wrong JSON type."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.kinds.base import Field, Type
from reconciler.rules.base import Rule, RuleContext, RuleDoc
from reconciler.rules.reading import TTS, declared, text
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import Json, is_marker, split
from reconciler.types.manifest import Manifest

BOOLEANS: dict[str, bool] = {"true": True, "false": False}
EMOTION = f"{TTS}/voice_settings/emotion"


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for pointer, value, row in declared(manifest.address.kind, manifest.spec):
        if value is None or is_marker(value) or row.server or _fits(row, value):
            continue
        fixed = _fixed(row, value)
        # The API is known to read "true" as true, so a text for a boolean or a number is no more than untidy.
        untidy = fixed is not None and not isinstance(fixed, (list, dict, str))
        yield RULE.found(
            manifest,
            pointer,
            f"{split(pointer)[-1]} must be {_article(row.type)}, not {_called(value)}",
            hint=f"write {json.dumps(fixed, ensure_ascii=False)[:200]}" if fixed is not None else None,
            severity=Severity.WARNING if untidy else Severity.ERROR,
            fix=Fix("write it in its type", fixed) if fixed is not None else None,
        )
    if emotion := text(manifest.spec, EMOTION):
        tags: list[Json] = [part.strip() for part in emotion.split(",") if part.strip()]
        yield RULE.found(
            manifest,
            EMOTION,
            "emotion must be a list, not a text",
            hint=f"write {json.dumps(tags, ensure_ascii=False)}",
            fix=Fix("write a list", tags),
        )


def _fits(row: Field, value: Json) -> bool:
    match row.type:
        case Type.STRING:
            # false where "off" is meant has a rule of its own (L27).
            return isinstance(value, str) or (value is False and "off" in row.enum)
        case Type.BOOLEAN:
            return isinstance(value, bool)
        case Type.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Type.NUMBER:
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case Type.STRINGS:
            return isinstance(value, list) and all(isinstance(item, str) or is_marker(item) for item in value)
        case Type.LIST:
            return isinstance(value, list)
        case Type.OBJECT:
            return isinstance(value, dict)
        case Type.ANY:
            return True


def _fixed(row: Field, value: Json) -> Json:
    """The value in its declared type where that is beyond doubt, else None."""
    if isinstance(value, str):
        return _from_text(row.type, value)
    if row.type is Type.STRING and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(str(item) for item in value)
    return None


def _from_text(kind: Type, value: str) -> Json:
    if kind is Type.BOOLEAN:
        return BOOLEANS.get(value.strip().lower())
    if kind is Type.STRINGS and value.strip() and not value.lstrip().startswith("["):
        return [value]
    if kind in (Type.INTEGER, Type.NUMBER, Type.STRINGS, Type.LIST, Type.OBJECT):
        try:
            parsed: Json = json.loads(value)
        except (ValueError, RecursionError):
            return None
        row = Field("/x", kind, "")
        return parsed if _fits(row, parsed) and parsed == parsed else None  # noqa: PLR0124 - NaN is not itself
    return None


def _article(kind: Type) -> str:
    words = {Type.BOOLEAN: "true or false", Type.STRING: "a text", Type.LIST: "a list", Type.OBJECT: "a mapping"}
    return words.get(kind, f"a {kind.value}")


def _called(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else "a number"


RULE = Rule(
    code="L20",
    name="type",
    severity=Severity.ERROR,
    kinds=(),
    source="the vendor's contract; met in public code",
    check=check,
    doc=RuleDoc(
        what="A field holds another JSON type than it takes: tools as a text, a boolean or number in quotes (a "
        "warning), hotwords as a list, emotion as a text.",
        why="The API refuses it, or worse, drops the layer it stands in.",
        bad="system_prompt: Hi\nlayers: {stt: {hotwords: [Northwind, FNOL]}}\n",
        good="system_prompt: Hi\nlayers: {stt: {hotwords: 'Northwind, FNOL'}}\n",
    ),
)
