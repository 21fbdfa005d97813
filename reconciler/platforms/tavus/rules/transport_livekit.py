"""L30: LiveKit transport wants the echo pipeline and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import has, mode, nearest, text
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest

TRANSPORT = "/layers/transport/transport_type"
AGENT_LAYERS = ("llm", "stt", "tts", "perception", "conversational_flow")


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    if text(spec, TRANSPORT) != "livekit":
        return
    if mode(spec) != "echo":
        yield RULE.found(
            manifest,
            nearest(spec, "/pipeline_mode") or TRANSPORT,
            f"transport livekit goes with pipeline_mode echo, not {mode(spec) or 'this one'}",
            hint="set pipeline_mode: echo; prompt, model, voice and tools then belong to your agent",
        )
        return
    for layer in AGENT_LAYERS:
        if has(spec, f"/layers/{layer}"):
            yield RULE.found(
                manifest,
                f"/layers/{layer}",
                f"layers.{layer} has no effect: with livekit your agent does this",
                hint="move it to the agent",
            )


RULE = Rule(
    code="L30",
    name="transport-livekit",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="pipeline modes page, LiveKit's plugin",
    check=check,
    doc=RuleDoc(
        what="transport_type livekit with another pipeline_mode than echo, or with layers that the agent replaces.",
        why="The platform only renders the face then; the other layers are ignored or do not go together with it.",
        bad="pal_name: Face\nsystem_prompt: Hi\nlayers: {transport: {transport_type: livekit}}\n",
        good="pal_name: Face\npipeline_mode: echo\nlayers: {transport: {transport_type: livekit}}\n",
    ),
)
