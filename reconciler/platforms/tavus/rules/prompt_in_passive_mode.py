"""L02: a prompt in a pipeline that never asks the LLM."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import has, mode
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest

# The public contract only says that echo needs no prompt, it does not forbid one; speech-to-speech is known from the
# vendor's client alone, and that refuses.
SEVERITY = {"echo": Severity.WARNING, "speech-to-speech": Severity.ERROR}


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    passive = mode(manifest.spec)
    if passive not in SEVERITY:
        return
    for word in ("system_prompt", "context"):
        if has(manifest.spec, f"/{word}"):
            yield RULE.found(
                manifest,
                f"/{word}",
                f"{word} has no effect with pipeline_mode {passive}",
                hint=f"remove {word}, or use pipeline_mode: full",
                severity=SEVERITY[passive],
            )


RULE = Rule(
    code="L02",
    name="prompt-in-passive-mode",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="vendor client 0.11.0; Create Persona contract",
    check=check,
    taken=True,
    doc=RuleDoc(
        what="pipeline_mode is echo or speech-to-speech and there is a system_prompt or a context.",
        why="No hosted LLM reads it in these modes. The vendor's client refuses such a body; for echo the public "
        "contract does not, so there it is a warning.",
        bad="pal_name: Voice\npipeline_mode: speech-to-speech\nsystem_prompt: Be kind.\n",
        good="pal_name: Voice\npipeline_mode: echo\n",
    ),
)
