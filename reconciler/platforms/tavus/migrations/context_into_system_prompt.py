"""M04: the deprecated context field moves into the system prompt."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import (
    Choice,
    Context,
    Finding,
    Migration,
    MigrationDoc,
    Question,
    Safety,
    Subject,
    ask,
)
from reconciler.types.json import is_filled
from reconciler.types.manifest_edit import Edit, RemoveValue, RenameKey, SetValue

WHY = "context is deprecated since 2026-02-12; the server merges it into the system prompt"
PASSIVE = ("echo", "speech-to-speech")


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    if "context" not in subject.spec or subject.spec["context"] is None:
        return
    said, prompt = subject.spec["context"], subject.spec.get("system_prompt")
    drop: tuple[Edit, ...] = (RemoveValue("/context"),)
    if isinstance(said, str) and not said.strip():
        yield Finding(("/context",), "an empty context goes", WHY, drop)
    elif isinstance(said, str) and isinstance(prompt, str) and said.strip() in prompt:
        beside = ("/system_prompt",)
        yield Finding(("/context",), "the system prompt holds the context already", WHY, drop, beside=beside)
    elif subject.spec.get("pipeline_mode") in PASSIVE:
        question = Question("passive", "context has no place in this mode", (Choice("remove", "nothing reads it"),))
        said = f"context in mode {subject.spec['pipeline_mode']}"
        finding = Finding(("/context",), said, WHY, beside=("/pipeline_mode",))
        yield from ask(subject, context, MIGRATION.name, question, finding, {"remove": drop}.get)
    else:
        yield from _merge(subject, context, drop)


def _merge(subject: Subject, context: Context, drop: tuple[Edit, ...]) -> Iterator[Finding]:
    said, prompt = subject.spec["context"], subject.spec.get("system_prompt")
    edits: dict[str, tuple[Edit, ...]] = {}
    if not is_filled(prompt):
        empty: tuple[Edit, ...] = (RemoveValue("/system_prompt"),) if "system_prompt" in subject.spec else ()
        edits["append"] = (*empty, RenameKey("/context", "system_prompt"))
    elif isinstance(said, str) and isinstance(prompt, str):
        end = prompt[len(prompt.rstrip("\n")) :]
        edits["append"] = (SetValue("/system_prompt", f"{prompt.rstrip()}\n\n{said.strip()}{end}"), *drop)
        edits["prepend"] = (SetValue("/system_prompt", f"{said.strip()}\n\n{prompt}"), *drop)
    finding = Finding(("/context", "/system_prompt"), "context belongs into the system prompt", WHY)
    if not edits:
        note = "the prompt or the context lies in a file of its own: move the text there by hand, then remove context"
        yield Finding(finding.pointers, finding.summary, WHY, notes=(note,))
        return
    length = len(said) if isinstance(said, str) else 0
    tokens = context.catalogue.tokens(f"{prompt or ''}\n\n{'x' * length}") if isinstance(prompt, str) else 0
    question = Question(
        "context",
        "where does the context go? Order and separator of the server's own merge are not documented",
        tuple(
            choice
            for choice in (
                Choice("append", "behind the prompt, after a blank line", "judgement"),
                Choice("prepend", "before the prompt", "judgement"),
            )
            if choice.value in edits
        ),
    )
    notes = (f"the prompt then has about {tokens:,} tokens",) if tokens else ()
    finding = Finding(finding.pointers, finding.summary, WHY, notes=notes, beside=("/pipeline_mode",))
    yield from ask(subject, context, MIGRATION.name, question, finding, edits.get)


MIGRATION = Migration(
    id="M04",
    name="context-into-system-prompt",
    safety=Safety.ASK,
    find=find,
    overlays=False,
    sources="the vendor's changelog of 2026-02-12, vendor client",
    doc=MigrationDoc(
        what="A filled context is put behind (or before) the system prompt, with a blank line between; an empty one, "
        "or one that the prompt holds already, goes.",
        why="The field is deprecated. The server has merged the existing values into the prompts, so a manifest that "
        "still has it fights with the live persona or says everything twice.",
        before="system_prompt: You are a life coach.\ncontext: You have helped many people.\n",
        after="system_prompt: |-\n  You are a life coach.\n\n  You have helped many people.\n",
        answers={"*": "append"},
    ),
)
