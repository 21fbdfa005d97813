"""Rules of turn-taking and transport: settings that have no effect beside others (L28 to L30)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import (
    DEAD_TURN_FIELDS,
    FLOW,
    exists,
    has,
    has_dead_turn_settings,
    mode,
    nearest,
    text,
)
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import split
from reconciler.types.manifest import Manifest


def check_legacy_and_new_turn(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if not has_dead_turn_settings(manifest.spec):
        return
    for pointer in DEAD_TURN_FIELDS:
        if exists(manifest.spec, pointer) and has(manifest.spec, pointer):
            name = split(pointer)[-1]
            yield LEGACY_AND_NEW_TURN.found(
                manifest,
                pointer,
                f"{name} has no effect: conversational_flow overrides it",
                hint=f"remove {name}",
                fix=Fix(f"remove {name}", remove=True),
            )


LEGACY_AND_NEW_TURN = Rule(
    code="L28",
    name="legacy-and-new-turn",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="turn-taking page, June 2026",
    check=check_legacy_and_new_turn,
    doc=RuleDoc(
        what="stt.participant_pause_sensitivity, participant_interrupt_sensitivity or smart_turn_detection beside a "
        "conversational_flow of sparrow-1 or newer.",
        why="The flow wins; the old fields are dead and misleading.",
        bad="system_prompt: Hi\nlayers:\n  stt: {participant_pause_sensitivity: high}\n"
        "  conversational_flow: {turn_detection_model: sparrow-1}\n",
        good="system_prompt: Hi\nlayers:\n  conversational_flow: {turn_detection_model: sparrow-1, "
        "turn_taking_patience: low}\n",
    ),
)


def check_voice_isolation_inert(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    if text(spec, f"{FLOW}/turn_detection_model") == "sparrow-2" and has(spec, f"{FLOW}/voice_isolation"):
        yield VOICE_ISOLATION_INERT.found(
            manifest, f"{FLOW}/voice_isolation", "voice_isolation is reported to have no effect under sparrow-2"
        )


VOICE_ISOLATION_INERT = Rule(
    code="L29",
    name="voice-isolation-inert",
    severity=Severity.INFO,
    kinds=("persona",),
    source="public code, two reports",
    check=check_voice_isolation_inert,
    doc=RuleDoc(
        what="voice_isolation together with turn_detection_model sparrow-2.",
        why="Two reports say that it has no effect there.",
        bad="system_prompt: Hi\nlayers: {conversational_flow: {turn_detection_model: sparrow-2, "
        "voice_isolation: near}}\n",
        good="system_prompt: Hi\nlayers: {conversational_flow: {turn_detection_model: sparrow-2}}\n",
    ),
)


TRANSPORT = "/layers/transport/transport_type"
AGENT_LAYERS = ("llm", "stt", "tts", "perception", "conversational_flow")


def check_transport_livekit(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    if text(spec, TRANSPORT) != "livekit":
        return
    if mode(spec) != "echo":
        yield TRANSPORT_LIVEKIT.found(
            manifest,
            nearest(spec, "/pipeline_mode") or TRANSPORT,
            f"transport livekit goes with pipeline_mode echo, not {mode(spec) or 'this one'}",
            hint="set pipeline_mode: echo; prompt, model, voice and tools then belong to your agent",
        )
        return
    for layer in AGENT_LAYERS:
        if has(spec, f"/layers/{layer}"):
            yield TRANSPORT_LIVEKIT.found(
                manifest,
                f"/layers/{layer}",
                f"layers.{layer} has no effect: with livekit your agent does this",
                hint="move it to the agent",
            )


TRANSPORT_LIVEKIT = Rule(
    code="L30",
    name="transport-livekit",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="pipeline modes page, LiveKit's plugin",
    check=check_transport_livekit,
    doc=RuleDoc(
        what="transport_type livekit with another pipeline_mode than echo, or with layers that the agent replaces.",
        why="The platform only renders the face then; the other layers are ignored or do not go together with it.",
        bad="pal_name: Face\nsystem_prompt: Hi\nlayers: {transport: {transport_type: livekit}}\n",
        good="pal_name: Face\npipeline_mode: echo\nlayers: {transport: {transport_type: livekit}}\n",
    ),
)
