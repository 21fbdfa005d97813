"""L27: false where "off" is meant."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import split
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for pointer, value, row in context.declared(manifest):
        if value is False and "off" in row.enum:
            yield RULE.found(
                manifest,
                pointer,
                f'{split(pointer)[-1]} is false, but the value is called "off"',
                hint='write "off" in quotes: many YAML readers take a plain off for false',
                fix=Fix('write "off"', "off"),
            )


RULE = Rule(
    code="L27",
    name="yaml-off",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="YAML 1.1; the vendor's contract quotes the word",
    check=check,
    doc=RuleDoc(
        what="perception_model, voice_isolation or idle_engagement is the boolean false.",
        why='YAML 1.1 reads a plain off as false. The API knows only the text "off".',
        bad="system_prompt: Hi\nlayers: {perception: {perception_model: false}}\n",
        good='system_prompt: Hi\nlayers: {perception: {perception_model: "off"}}\n',
    ),
)
