"""L17: a value that no list knows."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.types.catalogue import Catalogue
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import split
from reconciler.types.kind import Field, Type
from reconciler.types.manifest import Manifest

TABLES = {
    "turn_detection_model": "turn_detection",
    "perception_model": "perception",
    "stt_engine": "stt_engine",
    "tts_engine": "tts_engine",
}
"""Fields whose values are a table of the catalogue."""


def known_values(row: Field, catalogue: Catalogue) -> tuple[tuple[str, ...], bool]:
    """The known values of a field, from its row and the catalogue, and whether there are no others."""
    word = split(row.path)[-1]
    table = TABLES.get(word)
    if table is not None:
        return tuple(dict.fromkeys((*catalogue.known(table), *row.enum))), table in catalogue.complete
    values = catalogue.values.get(word)
    if values is not None:
        return tuple(dict.fromkeys((*values.known, *values.reported, *row.enum))), values.complete
    return row.enum, False


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for pointer, value, row in context.declared(manifest):
        if row.type is not Type.STRING or not isinstance(value, str) or not value or row.server:
            continue
        known, complete = known_values(row, context.catalogue)
        if not known or value in known:
            continue
        close = get_close_matches(value.lower(), known, n=1)
        yield RULE.found(
            manifest,
            pointer,
            f"{value!r} is no known value of {split(pointer)[-1]}",
            hint=(f"did you mean {close[0]!r}? " if close else "") + f"known: {', '.join(known)}",
            severity=Severity.ERROR if complete else Severity.WARNING,
        )


RULE = Rule(
    code="L17",
    name="enum",
    severity=Severity.WARNING,
    kinds=(),
    source="the vendor's contract, observation",
    check=check,
    doc=RuleDoc(
        what="A field with a list of known values holds another one: perception_model, turn_detection_model, "
        "turn_taking_patience, interruptibility, voice_isolation, idle_engagement, stt_engine, tts_engine, "
        "pipeline_mode and others.",
        why="It may be a typo. The platform adds values now and then, so it is a warning unless the catalogue says "
        "that its list is complete; a wrong stt_engine is known to be refused.",
        bad="system_prompt: Hi\nlayers: {stt: {stt_engine: tavus-wisper}}\n",
        good="system_prompt: Hi\nlayers: {stt: {stt_engine: tavus-whisper}}\n",
    ),
)
