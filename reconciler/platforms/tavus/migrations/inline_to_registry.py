"""Inline tools become registry tools that personas attach (M20 to M23)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

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
from reconciler.platforms.tavus.migrations.taken_names import new_manifest
from reconciler.platforms.tavus.migrations.tool_index import (
    DEDUPE,
    ToolIndex,
    attached_after,
    hindrance,
    tool_index_of,
)
from reconciler.platforms.tavus.migrations.tool_names import (
    FIT_MODEL,
    MOST,
    PERCEPTION_MODEL,
    PLACES,
    Decision,
    Inline,
)
from reconciler.types.json import Json, lookup
from reconciler.types.manifest import Edit, RemoveValue, SetValue

DEDUPE_WHY = "a registry tool's name is unique in the account, so one name can stand for one body only"


def find_inline_tool_dedupe(subject: Subject, context: Context) -> Iterator[Finding]:
    for place in PLACES:
        value = lookup(subject.spec, place)
        if value == []:
            why = "it says nothing"
            yield Finding((place,), "an empty list of inline tools goes", why, (RemoveValue(place, prune=True),))
        elif isinstance(value, str) and value.strip():
            yield from _parsed(subject, context, place, value)
    book = tool_index_of(context)
    seen: dict[tuple[str, str], Inline] = {}
    double: list[Edit] = []
    asked: set[str] = set()
    for inline in book.of(subject):
        first = seen.setdefault((inline.place, inline.name), inline)
        if first is not inline and first.digest == inline.digest:
            double.insert(0, RemoveValue(inline.pointer))
        elif first is not inline:
            why = "which of the two runs is not known"
            yield Finding(
                (first.pointer, inline.pointer), f"{inline.name} stands twice in one list, differently", why
            )
        elif inline.name not in asked and book.target(inline) is None:
            asked.add(inline.name)
            yield from _decided(inline, book.decision(inline.name))
    if kept := book.kept(subject):
        names = ", ".join(dict.fromkeys(inline.name for inline in kept))
        yield Finding(
            tuple(inline.pointer for inline in kept), f"{names}: inline", "somebody said that it stays", kept=True
        )
    if double:
        where = tuple(edit.pointer for edit in double if isinstance(edit, RemoveValue))
        yield Finding(where, "the same inline tool stands twice in one list", "once is enough", tuple(double))


def _decided(inline: Inline, decision: Decision) -> Iterator[Finding]:
    if decision.problem:
        yield Finding((inline.pointer,), f"{inline.name} stays inline: {decision.problem}", DEDUPE_WHY)
    elif decision.question is not None:
        notes = (decision.note,) if decision.note else ()
        yield Finding(
            (inline.pointer,), f"{inline.name} needs a decision", DEDUPE_WHY, question=decision.question, notes=notes
        )


def _parsed(subject: Subject, context: Context, place: str, text: str) -> Iterator[Finding]:
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(value, list):
        return
    edits: dict[str, tuple[Edit, ...]] = {"parse": (SetValue(place, value),)}
    question = Question(place, "read the text as a list?", (Choice("parse", "as JSON"),))
    finding = Finding((place,), "inline tools as one text", "the API wants a list")
    yield from ask(subject, context, DEDUPE, question, finding, edits.get)


INLINE_TOOL_DEDUPE = Migration(
    id="M22",
    name=DEDUPE,
    safety=Safety.AUTO,
    kinds=("persona",),
    find=find_inline_tool_dedupe,
    overlays=False,
    sources="tools page in PAL words, vendor client",
    doc=MigrationDoc(
        what="Inline tools of all personas are grouped by name. Equal bodies (members and `required` in any order) "
        "are one tool. Different bodies under one name, another body in the registry, one name for two origins, and "
        "names that the registry does not take are asked about; until then they stay inline. Empty lists and exact "
        "doubles go.",
        why="The registry has one tool of a name for the whole account. Which body it gets, and what a renamed tool "
        "is called in prompts and frontends, is a decision about behaviour.",
        before="layers: {llm: {model: tavus-gpt-oss, tools: []}}\n",
        after="layers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)


CREATE_WHY = "inline tools are legacy: they cannot be shared, have no delivery, no filler and no authentication"


def find_inline_tool_create(subject: Subject, context: Context) -> Iterator[Finding]:
    book = tool_index_of(context)
    new: dict[str, list[Inline]] = {}
    for inline in book.of(subject):
        name = book.target(inline)
        made = name is not None and not book.is_there(name) and name in book.decision(inline.name).bodies
        if name is not None and made and not hindrance(inline, book):
            new.setdefault(name, []).append(inline)
    if not new:
        return
    ready = [(tool, name) for name, tools in new.items() for tool in tools]
    documents = [new_manifest("Tool", name, book.decision(tools[0].name).bodies[name]) for name, tools in new.items()]
    said = [f"{tools[0].name} becomes the registry tool {name} ({_count(name, book)})" for name, tools in new.items()]
    notes = tuple(dict.fromkeys(note for tools in new.values() for note in _notes(book, tools[0])))
    answers = [given for tools in new.values() if (given := book.decision(tools[0].name).answered)]
    edits, more, beside = attach(subject, ready)
    yield Finding(
        tuple(inline.pointer for inline, _ in ready),
        f"the inline tool{'s' if len(said) > 1 else ''} {', '.join(said)}, attached instead of held inline",
        CREATE_WHY,
        edits,
        documents=tuple(documents),
        answer=", ".join(dict.fromkeys(answers)) or None,
        notes=(*notes, *more),
        beside=beside,
    )


def _count(name: str, book: ToolIndex) -> str:
    users = book.users(name)
    return f"for {users[0]}" if len(users) == 1 else f"shared by {len(users)} personas"


def _notes(book: ToolIndex, inline: Inline) -> tuple[str, ...]:
    dropped = book.dropped(inline.name)
    notes = [f"dropped, because a registry tool has no such member: {', '.join(dropped)}"] if dropped else []
    if inline.origin == "llm":
        notes.append("on_call is silent: inline tools said nothing while they ran, the registry's default would")
    return tuple(notes)


INLINE_TOOL_CREATE = Migration(
    id="M20",
    name="inline-tool-create",
    safety=Safety.AUTO,
    kinds=("persona",),
    find=find_inline_tool_create,
    overlays=False,
    sources="LLM page in PAL words, vendor client",
    doc=MigrationDoc(
        what="Every inline tool (layers.llm.tools, layers.perception.visual_tools, perception_tools and audio_tools) "
        "gets a Tool manifest of the same name, description and parameters, one for all personas that have the same. "
        "on_call is silent, on_resolve fire_and_forget, delivery a message to the app: what inline tools did. The "
        "personas attach it in the same step.",
        why="A tool that nothing attaches is of no use, and a persona must not lose its tool in between: both happen "
        "together, or not at all.",
        before="layers: {llm: {model: tavus-gpt-oss, tools: [{type: function, function: {name: get_weather, "
        "description: Weather for a city}}]}}\n",
        after="layers: {llm: {model: tavus-gpt-oss}}\ntools: [get_weather]\n",
    ),
)


def find_tool_count(subject: Subject, context: Context) -> Iterator[Finding]:
    count = attached_after(subject, context)
    if count > MOST:
        yield Finding(
            tuple(sorted({inline.place for inline in tool_index_of(context).of(subject)})),
            f"{count} tools would be attached, and {MOST} is the most; its inline tools stay",
            "inline tools had no documented limit, the registry's attachments have: drop or merge some",
        )


TOOL_COUNT = Migration(
    id="M23",
    name="tool-count",
    safety=Safety.NEVER,
    kinds=("persona",),
    find=find_tool_count,
    overlays=False,
    sources="tools page in PAL words, vendor client",
    doc=MigrationDoc(
        what="A persona whose inline tools and attached tools together are more than 50.",
        why="The API takes 50 attachments; which tools to drop or to merge only a person can say.",
        before="layers: {llm: {model: tavus-gpt-oss}}\n",
        after="layers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)


SWAP_WHY = "inline tools are legacy; a registry tool is defined once and attached to any number of personas"


def find_inline_tool_swap(subject: Subject, context: Context) -> Iterator[Finding]:
    book = tool_index_of(context)
    known = [inline for inline in book.of(subject) if book.target(inline) is not None]
    blocked: dict[str, list[Inline]] = {}
    ready: list[Inline] = []
    for inline in known:
        reason = hindrance(inline, book)
        if reason:
            blocked.setdefault(reason, []).append(inline)
        elif book.is_there(str(book.target(inline))):
            ready.append(inline)
    for reason, tools in blocked.items():
        names = ", ".join(dict.fromkeys(tool.name for tool in tools))
        yield Finding(tuple(tool.pointer for tool in tools), f"{names}: inline for now", SWAP_WHY, notes=(reason,))
    if ready:
        pairs = [(inline, str(book.target(inline))) for inline in ready]
        edits, notes, beside = attach(subject, pairs)
        names = ", ".join(dict.fromkeys(name for _, name in pairs))
        what = f"{names} is" if len(ready) == 1 else f"{names} are"
        yield Finding(
            tuple(inline.pointer for inline in ready),
            f"{what} attached from the registry instead of inline",
            SWAP_WHY,
            edits,
            notes=notes,
            beside=beside,
        )


def attach(
    subject: Subject, ready: Sequence[tuple[Inline, str]]
) -> tuple[tuple[Edit, ...], tuple[str, ...], tuple[str, ...]]:
    """The edits that attach registry tools (by name) in the place of inline ones, notes, and what they rest on."""
    word = "tool_ids" if "tool_ids" in subject.spec and "tools" not in subject.spec else "tools"
    held = subject.spec.get(word)
    present = held if isinstance(held, list) else []
    new: list[Json] = []
    for name in dict.fromkeys(name for _, name in ready):
        reference: Json = {"ref": f"tool.{name}"}
        if name not in present and reference not in present:
            new.append(name if word == "tools" else reference)
    edits: list[Edit] = []
    if present:
        edits += [SetValue(f"/{word}/-", item) for item in new]
    elif new:
        edits.append(SetValue(f"/{word}", new))
    for place in PLACES:
        items = lookup(subject.spec, place)
        gone = [inline for inline, _ in ready if inline.place == place]
        if isinstance(items, list) and gone and len(gone) == len(items):
            edits.append(RemoveValue(place, prune=True))
        else:
            edits += [RemoveValue(inline.pointer) for inline in sorted(gone, key=lambda one: -one.index)]
    notes: tuple[str, ...] = ()
    perceives = any(inline.origin != "llm" for inline, _ in ready)
    if perceives and lookup(subject.spec, PERCEPTION_MODEL) is None:
        edits.insert(0, SetValue(PERCEPTION_MODEL, FIT_MODEL))
        notes = (f"perception_model is {FIT_MODEL} in so many words: what sees or hears fires with no older one",)
    notes += ("tools is the whole set from now on: one attached by hand shows up as drift",) if held is None else ()
    return tuple(edits), notes, (f"/{word}", PERCEPTION_MODEL) if perceives else (f"/{word}",)


INLINE_TOOL_SWAP = Migration(
    id="M21",
    name="inline-tool-swap",
    safety=Safety.AUTO,
    kinds=("persona",),
    find=find_inline_tool_swap,
    overlays=False,
    sources="tools page in PAL words, vendor client",
    doc=MigrationDoc(
        what="Where a Tool manifest with the same name, body and origin exists, the inline copy goes and "
        "`tools` names "
        "the tool. Tools that are fired by what is seen or heard wait for raven-1.",
        why="The file says what is wanted; that the live persona never lacks a tool in between is the plan's affair. "
        "In the account the model may for a moment see the tool twice.",
        before="layers: {llm: {model: tavus-gpt-oss, tools: [{type: function, function: {name: known_tool, "
        "description: Knows.}}]}}\n",
        after="layers: {llm: {model: tavus-gpt-oss}}\ntools: [known_tool]\n",
    ),
)
