"""What a prompt takes in, and what it still calls by an old name (M04, M26)."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
)
from reconciler.platforms.tavus.migrations.tool_index import DEDUPE
from reconciler.platforms.tavus.migrations.tool_names import NAME, PLACES
from reconciler.types.json import Json, escape, is_filled, within
from reconciler.types.manifest import Edit, RemoveValue, RenameKey, SetValue

CONTEXT_WHY = "context is deprecated since 2026-02-12; the server merges it into the system prompt"
PASSIVE = ("echo", "speech-to-speech")


def find_context_into_system_prompt(subject: Subject, context: Context) -> Iterator[Finding]:
    if "context" not in subject.spec or subject.spec["context"] is None:
        return
    said, prompt = subject.spec["context"], subject.spec.get("system_prompt")
    drop: tuple[Edit, ...] = (RemoveValue("/context"),)
    if isinstance(said, str) and not said.strip():
        yield Finding(("/context",), "an empty context goes", CONTEXT_WHY, drop)
    elif isinstance(said, str) and isinstance(prompt, str) and said.strip() in prompt:
        beside = ("/system_prompt",)
        yield Finding(("/context",), "the system prompt holds the context already", CONTEXT_WHY, drop, beside=beside)
    elif subject.spec.get("pipeline_mode") in PASSIVE:
        question = Question("passive", "context has no place in this mode", (Choice("remove", "nothing reads it"),))
        said = f"context in mode {subject.spec['pipeline_mode']}"
        finding = Finding(("/context",), said, CONTEXT_WHY, beside=("/pipeline_mode",))
        yield from ask(subject, context, CONTEXT_INTO_SYSTEM_PROMPT.name, question, finding, {"remove": drop}.get)
    else:
        yield from _merge_texts(subject, context, drop)


def _merge_texts(subject: Subject, context: Context, drop: tuple[Edit, ...]) -> Iterator[Finding]:
    said, prompt = subject.spec["context"], subject.spec.get("system_prompt")
    edits: dict[str, tuple[Edit, ...]] = {}
    if not is_filled(prompt):
        empty: tuple[Edit, ...] = (RemoveValue("/system_prompt"),) if "system_prompt" in subject.spec else ()
        edits["append"] = (*empty, RenameKey("/context", "system_prompt"))
    elif isinstance(said, str) and isinstance(prompt, str):
        end = prompt[len(prompt.rstrip("\n")) :]
        edits["append"] = (SetValue("/system_prompt", f"{prompt.rstrip()}\n\n{said.strip()}{end}"), *drop)
        edits["prepend"] = (SetValue("/system_prompt", f"{said.strip()}\n\n{prompt}"), *drop)
    finding = Finding(("/context", "/system_prompt"), "context belongs into the system prompt", CONTEXT_WHY)
    if not edits:
        note = "the prompt or the context lies in a file of its own: move the text there by hand, then remove context"
        yield Finding(finding.pointers, finding.summary, CONTEXT_WHY, notes=(note,))
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
    finding = Finding(finding.pointers, finding.summary, CONTEXT_WHY, notes=notes, beside=("/pipeline_mode",))
    yield from ask(subject, context, CONTEXT_INTO_SYSTEM_PROMPT.name, question, finding, edits.get)


CONTEXT_INTO_SYSTEM_PROMPT = Migration(
    id="M04",
    name="context-into-system-prompt",
    safety=Safety.ASK,
    kinds=("persona",),
    find=find_context_into_system_prompt,
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


SUFFIXED = re.compile(r"(?P<old>\w+)_[0-9a-f]{8}")


def find_legacy_in_prompts(subject: Subject, context: Context) -> Iterator[Finding]:
    renamed = dict(_renamed(subject, context))
    if not renamed:
        return
    for pointer, text in texts(subject.spec):
        if any(within(pointer, place) for place in PLACES) or within(pointer, "/tools"):
            continue
        for old, new in renamed.items():
            if re.search(rf"(?<![\w.-]){re.escape(old)}(?![\w-])", text):
                why = f"the tool is called {new} now; texts are never rewritten"
                yield Finding((pointer,), f"the text mentions {old}", why)


def _renamed(subject: Subject, context: Context) -> Iterator[tuple[str, str]]:
    """Old and new names: from answers, and from attached tools whose name carries a suffix of ours."""
    held = subject.spec.get("tools")
    names = {item for item in held if isinstance(item, str)} if isinstance(held, list) else set()
    for old, new in context.answers.get(DEDUPE, {}).items():
        if new in names and not NAME.fullmatch(old):
            yield old, new
    for name in sorted(names):
        match = SUFFIXED.fullmatch(name)
        if match is not None and match["old"] not in names:
            yield match["old"], name


def texts(value: Json, at: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a body with its pointer."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from texts(member, f"{at}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, f"{at}/{index}")


LEGACY_IN_PROMPTS = Migration(
    id="M26",
    name="legacy-in-prompts",
    safety=Safety.NEVER,
    kinds=("persona",),
    find=find_legacy_in_prompts,
    overlays=False,
    sources="judgement",
    doc=MigrationDoc(
        what="After a tool was renamed: prompts, queries and other texts that still mention the old name.",
        why="The model would be told to use a tool that it does not have. Texts belong to their authors, so they are "
        "only reported.",
        before="system_prompt: Use look_up.\ntools: [look_up_0badcafe]\n",
        after="system_prompt: Use look_up.\ntools: [look_up_0badcafe]\n",
    ),
)
