"""M30: a persona whose thinking moves to a LiveKit agent; only the face stays."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.migrations.base import (
    Choice,
    Context,
    Finding,
    Migration,
    MigrationDoc,
    Question,
    Safety,
    Subject,
    ask,
    mapping_at,
    text_at,
)
from reconciler.types.edit import Edit, RemoveValue, SetValue

TO_AGENT = ("llm", "tts", "stt", "perception", "conversational_flow")
TOP = ("system_prompt", "context", "greeting", "tools", "tool_ids")


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    if MIGRATION.name not in context.requested:
        return
    layers = mapping_at(subject.spec, "/layers")
    transport = mapping_at(subject.spec, "/layers/transport")
    gone = [f"/layers/{name}" for name in TO_AGENT if name in layers]
    gone += [f"/{name}" for name in TOP if name in subject.spec]
    is_echo = subject.spec.get("pipeline_mode") == "echo"
    if is_echo and transport.get("transport_type") == "livekit" and not gone:
        return
    edits: list[Edit] = [
        SetValue("/pipeline_mode", "echo"),
        SetValue("/layers/transport/transport_type", "livekit"),
        *(RemoveValue(pointer) for pointer in gone),
    ]
    model = text_at(subject.spec, "/layers/llm/model")
    notes = (
        [f"into the agent's code go: {', '.join(pointer[1:].replace('/', '.') for pointer in gone)}"] if gone else []
    )
    if model:
        near = context.catalogue.livekit_for(model)
        notes.append(
            f"nearest model of LiveKit Inference for {model}: {near.id or 'none'} ({near.confidence} confidence"
            + (f"; {near.why})" if near.why else ")")
        )
    question = Question(
        str(subject.address),
        f"hand {subject.address} over to a LiveKit agent? Its prompt, model, voice and tools leave this file",
        (Choice("handover", "Tavus keeps the face only; the agent does the rest"),),
    )
    why = "with LiveKit as transport only echo mode works; language model, voice and turn taking are the agent's"
    finding = Finding(tuple(gone), "moves to a LiveKit agent", why, notes=tuple(notes))
    found = {"handover": tuple(edits)}
    yield from ask(subject, context, MIGRATION.name, question, finding, found.get)


MIGRATION = Migration(
    id="M30",
    name="livekit-handover",
    safety=Safety.NEVER,
    find=find,
    overlays=False,
    sources="LiveKit page of June 2026, LiveKit's plug-in",
    doc=MigrationDoc(
        what="Only on request (`--only livekit-handover PATH`): pipeline_mode echo, transport livekit, and "
        "everything "
        "that the agent does from then on leaves the manifest.",
        why="Language model, voice, recognition, turn taking and tools are the agent's code there. What leaves the "
        "file has to be written in that code first, so it never happens by itself.",
        before="pal_name: Support\npipeline_mode: full\nlayers: {llm: {model: tavus-gpt-4.1}}\n",
        after="pal_name: Support\npipeline_mode: echo\nlayers: {transport: {transport_type: livekit}}\n",
        answers={"*": "handover"},
    ),
)
