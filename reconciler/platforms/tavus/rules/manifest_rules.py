"""Rules of the whole manifest: one vocabulary, no off that YAML reads as false, unique names (L26, L27, L36)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import escape, split
from reconciler.types.manifest import Manifest


def check_vocabulary_mix(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    words = _words(manifest.address.kind)
    old = {word: canonical for word, canonical in words.items() if word in manifest.written}
    new = [canonical for canonical in words.values() if canonical in manifest.written]
    if old and new:
        word, canonical = next(iter(old.items()))
        # The pointer is canonical; an overlay may have taken the value away.
        place = f"/{escape(canonical)}" if canonical in manifest.spec else ""
        yield VOCABULARY_MIX.found(
            manifest,
            place,
            f"persona words ({', '.join(old)}) and PAL words ({', '.join(new)}) in one manifest",
            hint=f"write {canonical} instead of {word}, or the other way round",
        )


@cache
def _words(kind: str) -> dict[str, str]:
    """Persona word -> PAL word of the kind's top-level fields."""
    rows = [row for row in KINDS.get(kind).fields if "persona" in row.wire_names] if kind in KINDS else []
    return {row.wire_names["persona"]: split(row.path)[0] for row in rows if len(split(row.path)) == 1}


VOCABULARY_MIX = Rule(
    code="L26",
    name="vocabulary-mix",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="met in public code",
    check=check_vocabulary_mix,
    doc=RuleDoc(
        what="One manifest uses persona_name or default_replica_id and pal_name or default_face_id side by side.",
        why="Both mean the same; mixed, a reader has to know that, and two of them may one day disagree.",
        bad="persona_name: Coach\ndefault_face_id: r90bbd427f71\nsystem_prompt: Hi\n",
        good="pal_name: Coach\ndefault_face_id: r90bbd427f71\nsystem_prompt: Hi\n",
    ),
)


def check_yaml_off(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for pointer, value, row in context.declared(manifest):
        if value is False and "off" in row.enum:
            yield YAML_OFF.found(
                manifest,
                pointer,
                f'{split(pointer)[-1]} is false, but the value is called "off"',
                hint='write "off" in quotes: many YAML readers take a plain off for false',
                fix=Fix('write "off"', "off"),
            )


YAML_OFF = Rule(
    code="L27",
    name="yaml-off",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="YAML 1.1; the vendor's contract quotes the word",
    check=check_yaml_off,
    doc=RuleDoc(
        what="perception_model, voice_isolation or idle_engagement is the boolean false.",
        why='YAML 1.1 reads a plain off as false. The API knows only the text "off".',
        bad="system_prompt: Hi\nlayers: {perception: {perception_model: false}}\n",
        good='system_prompt: Hi\nlayers: {perception: {perception_model: "off"}}\n',
    ),
)


def check_name_taken(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    refused = context.name_refused(manifest)
    if refused is not None:
        pointer = manifest.kind.name_field
        given = pointer[1:] in manifest.spec
        yield NAME_TAKEN.found(manifest, pointer if given else "", refused[0], hint=refused[1])


NAME_TAKEN = Rule(
    code="L36",
    name="name-taken",
    severity=Severity.ERROR,
    kinds=("tool",),
    source="create-tool and get-tools pages",
    taken=True,  # a plan blocks what it would name so (`name_taken`), by the account as it is
    check=check_name_taken,
    doc=RuleDoc(
        what="Two tools that would bear one name, or a tool with the name of a system tool such as end_call.",
        why="The API takes a name of a tool once in an account (409), and system tools are there already; the plan "
        "blocks such a change.",
        bad="name: end_call\ndescription: Ends the call\n",
        good="name: hang_up\ndescription: Ends the call\n",
    ),
)
