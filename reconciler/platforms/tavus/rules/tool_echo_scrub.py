"""L23: the mask of a secret written back as the secret."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import is_masked
from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import split
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for pointer, value, row in context.declared(manifest):
        if row.secret and is_masked(value):
            name = split(pointer)[-1]
            yield RULE.found(
                manifest,
                pointer,
                f"{name} is the mask that the API shows, not the secret",
                hint=f"write {name}: {{env: NAME}}, or leave it out to keep the stored one",
            )


RULE = Rule(
    code="L23",
    name="tool-echo-scrub",
    severity=Severity.ERROR,
    kinds=(),
    source="vendor client 0.11.0, tool pages",
    check=check,
    doc=RuleDoc(
        what="A secret field holds asterisks, as the API shows secrets when they are read.",
        why="Written back, the asterisks would be stored as the secret, or the API refuses them.",
        bad="name: lookup\ndescription: Finds\ndelivery:\n  api:\n    url: https://api.example.com/x\n"
        "    auth: {type: bearer, token: '********'}\n",
        good="name: lookup\ndescription: Finds\ndelivery:\n  api:\n    url: https://api.example.com/x\n"
        "    auth: {type: bearer, token: {env: API_TOKEN}}\n",
    ),
)
