"""M22: inline tools of one name, compared over all personas; and lists that hold nothing or something twice."""

from __future__ import annotations

import json
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
from reconciler.platforms.tavus.migrations.inline_tool import PLACES, Inline
from reconciler.platforms.tavus.migrations.tool_index import DEDUPE, tool_book
from reconciler.platforms.tavus.migrations.tool_names import Decision
from reconciler.types.json import Json, lookup
from reconciler.types.manifest_edit import Edit, RemoveValue, SetValue

WHY = "a registry tool's name is unique in the account, so one name can stand for one body only"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    for place in PLACES:
        value = lookup(subject.spec, place)
        if value == []:
            why = "it says nothing"
            yield Finding((place,), "an empty list of inline tools goes", why, (RemoveValue(place, prune=True),))
        elif isinstance(value, str) and value.strip():
            yield from _parsed(subject, context, place, value)
    book = tool_book(context)
    seen: dict[tuple[str, str], Inline] = {}
    double: list[Edit] = []
    asked: set[str] = set()
    for one in book.of(subject):
        first = seen.setdefault((one.place, one.name), one)
        if first is not one and first.digest == one.digest:
            double.insert(0, RemoveValue(one.pointer))
        elif first is not one:
            why = "which of the two runs is not known"
            yield Finding((first.pointer, one.pointer), f"{one.name} stands twice in one list, differently", why)
        elif one.name not in asked and book.target(one) is None:
            asked.add(one.name)
            yield from _decided(one, book.decision(one.name))
    if kept := book.kept(subject):
        names = ", ".join(dict.fromkeys(one.name for one in kept))
        yield Finding(tuple(one.pointer for one in kept), f"{names}: inline", "a comment keeps it", kept=True)
    if double:
        where = tuple(edit.pointer for edit in double if isinstance(edit, RemoveValue))
        yield Finding(where, "the same inline tool stands twice in one list", "once is enough", tuple(double))


def _decided(one: Inline, decision: Decision) -> Iterator[Finding]:
    if decision.problem:
        yield Finding((one.pointer,), f"{one.name} stays inline: {decision.problem}", WHY)
    elif decision.question is not None:
        notes = (decision.note,) if decision.note else ()
        yield Finding((one.pointer,), f"{one.name} needs a decision", WHY, question=decision.question, notes=notes)


def _parsed(subject: Subject, context: Context, place: str, text: str) -> Iterator[Finding]:
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(value, list):
        return
    edits: dict[str, tuple[Edit, ...]] = {"parse": (SetValue(place, value),)}
    question = Question(f"{subject.address}:{place}", "read the text as a list?", (Choice("parse", "as JSON"),))
    finding = Finding((place,), "inline tools as one text", "the API wants a list")
    yield from ask(subject, context, DEDUPE, question, finding, edits.get)


MIGRATION = Migration(
    id="M22",
    name=DEDUPE,
    safety=Safety.AUTO,
    find=find,
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
