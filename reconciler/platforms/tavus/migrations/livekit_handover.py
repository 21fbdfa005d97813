"""M30: a persona whose thinking moves to a LiveKit agent; only the face stays."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.field_tree import build_field_tree
from reconciler.core.migration import (
    Choice,
    Context,
    Finding,
    Migration,
    MigrationDoc,
    Question,
    Safety,
    Subject,
    ask,
    text_at,
)
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.json import Object, join
from reconciler.types.manifest import Edit, RemoveValue, SetValue

FACE = frozenset(
    {
        "pal_id", "pal_name", "pal_description", "default_face_id", "pipeline_mode", "layers", "is_template",
        "disclosure_type", "verbal_disclosure", "visual_disclosure",
    }
)  # fmt: skip
"""What stays with Tavus: who it is, what it looks like, and what the law wants to be shown."""
TRANSPORT = "transport"
MODE = "/pipeline_mode"
TYPE = f"/layers/{TRANSPORT}/transport_type"
WANTED = {MODE: "echo", TYPE: "livekit"}


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    if MIGRATION.name not in context.requested:
        return
    gone = _inert(subject.spec)
    edits: list[Edit] = []
    said = {at: text_at(subject.spec, at) for at in WANTED}
    if not subject.overlay:
        edits = [SetValue(at, word) for at, word in WANTED.items() if said[at] != word]
    elif not _is_handed_over(subject, context):
        return
    else:
        gone += [at for at, word in WANTED.items() if said[at] not in ("", word)]
    edits += [RemoveValue(pointer, prune=subject.overlay) for pointer in gone]
    if not edits:
        return
    shown = ", ".join(pointer[1:].replace("/", ".") for pointer in gone)
    notes = [f"into the agent's code go: {shown}"] if gone else []
    if subject.overlay:
        notes.append("an agent has these values only when it is written for a workspace with this overlay (-w NAME)")
    model = text_at(subject.spec, "/layers/llm/model")
    if model:
        near = context.catalogue.livekit_for(model)
        notes.append(
            f"nearest model of LiveKit Inference for {model}: {near.id or 'none'} ({near.confidence} confidence"
            + (f"; {near.why})" if near.why else ")")
        )
    prompt = subject.spec.get("system_prompt")
    if isinstance(prompt, dict) and isinstance(prompt.get("file"), str):
        notes.append(f"{prompt['file']} is not used by this manifest any more")
    question = Question(
        "handover",
        "hand over to a LiveKit agent? Prompt, model, voice and tools leave the file",
        (Choice("handover", "Tavus keeps the face only; the agent does the rest"),),
    )
    why = "with LiveKit as transport only echo mode works; language model, voice and turn taking are the agent's"
    finding = Finding(tuple(gone), "moves to a LiveKit agent", why, notes=tuple(notes), elsewhere=True)
    found = {"handover": tuple(edits)}
    yield from ask(subject, context, MIGRATION.name, question, finding, found.get)


def _inert(spec: Object) -> list[str]:
    """Pointers of the known fields that mean nothing once the agent speaks; unknown ones stay where they are."""
    root = build_field_tree(KINDS.get("persona"))
    layers = spec.get("layers")
    known = root.child("layers").children
    inner = [word for word in layers if word in known and word != TRANSPORT] if isinstance(layers, dict) else []
    names = {word: root.renames.get(word, word) for word in spec}
    top = [word for word, name in names.items() if name in root.children and name not in FACE]
    return [*(join("layers", word) for word in inner), *(join(word) for word in top)]


def _is_handed_over(subject: Subject, context: Context) -> bool:
    """Whether the manifest that this overlay belongs to is a LiveKit agent's face already."""
    base = context.base(str(subject.address))
    return base is not None and text_at(base.spec, MODE) == "echo" and text_at(base.spec, TYPE) == "livekit"


MIGRATION = Migration(
    id="M30",
    name="livekit-handover",
    safety=Safety.NEVER,
    kinds=("persona",),
    find=find,
    sources="LiveKit page of June 2026, LiveKit's plug-in",
    doc=MigrationDoc(
        what="Only on request (`--only livekit-handover PERSONA`): pipeline_mode echo, transport livekit, and "
        "everything that the agent does from then on leaves the manifest and its overlays. The command line writes "
        "the agent in the same step.",
        why="Language model, voice, recognition, turn taking and tools are the agent's code there. What leaves the "
        "file has to be written in that code first, so it never happens by itself.",
        before="pal_name: Support\npipeline_mode: full\nlayers: {llm: {model: tavus-gpt-4.1}}\n",
        after="pal_name: Support\npipeline_mode: echo\nlayers: {transport: {transport_type: livekit}}\n",
        answers={"*": "handover"},
    ),
)
