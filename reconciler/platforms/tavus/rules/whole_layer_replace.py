"""L31: a manifest that takes a whole layer away, and inline tools with it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import exists
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import lookup
from reconciler.types.manifest import Manifest

PLACES = ("/layers", "/layers/llm", "/layers/perception")


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    # Bodies copied from an answer of the API carry nulls for layers that were never set, so what a file alone can
    # show is a warning; whether live tools would go is known only when a plan reads the account.
    for pointer in PLACES:
        if exists(manifest.spec, pointer) and lookup(manifest.spec, pointer) is None:
            yield RULE.found(
                manifest,
                pointer,
                "null removes the whole layer, with any inline tools that the live persona has in it",
                hint="leave the key out to keep what is there",
                severity=Severity.WARNING,
            )


RULE = Rule(
    code="L31",
    name="whole-layer-replace",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="met in public code",
    check=check,
    doc=RuleDoc(
        what="layers, layers.llm or layers.perception is null. Plans only ever write single fields, so this is the "
        "one way in which a manifest replaces a layer as a whole.",
        why="null means ours and absent: the layer is removed, and inline tools that were made by hand go with it. "
        "Seen from the file it is a warning; losing live tools is the error.",
        bad="system_prompt: Hi\nlayers: {llm: null}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)
