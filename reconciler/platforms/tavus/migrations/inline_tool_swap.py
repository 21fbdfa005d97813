"""M21: a persona refers to the registry tool instead of holding a copy of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.migrating.migration import Context, Finding, Migration, MigrationDoc, Safety, Subject
from reconciler.platforms.tavus.migrations.inline_tool import FIT_MODEL, PERCEPTION_MODEL, PLACES, Inline
from reconciler.platforms.tavus.migrations.tool_index import hindrance, tool_book
from reconciler.types.json import Json, lookup
from reconciler.types.manifest_edit import Edit, RemoveValue, SetValue

WHY = "inline tools are legacy; a registry tool is defined once and attached to any number of personas"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    book = tool_book(context)
    known = [one for one in book.of(subject) if book.target(one) is not None]
    blocked: dict[str, list[Inline]] = {}
    ready: list[Inline] = []
    for one in known:
        reason = hindrance(one, book)
        if reason:
            blocked.setdefault(reason, []).append(one)
        elif book.is_there(str(book.target(one))):
            ready.append(one)
    for reason, tools in blocked.items():
        names = ", ".join(dict.fromkeys(one.name for one in tools))
        yield Finding(tuple(one.pointer for one in tools), f"{names}: inline for now", WHY, notes=(reason,))
    if ready:
        pairs = [(one, str(book.target(one))) for one in ready]
        edits, notes, beside = attach(subject, pairs)
        names = ", ".join(dict.fromkeys(name for _, name in pairs))
        what = f"{names} is" if len(ready) == 1 else f"{names} are"
        yield Finding(
            tuple(one.pointer for one in ready),
            f"{what} attached from the registry instead of inline",
            WHY,
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
        gone = [one for one, _ in ready if one.place == place]
        if isinstance(items, list) and gone and len(gone) == len(items):
            edits.append(RemoveValue(place, prune=True))
        else:
            edits += [RemoveValue(one.pointer) for one in sorted(gone, key=lambda one: -one.index)]
    notes: tuple[str, ...] = ()
    perceives = any(one.origin != "llm" for one, _ in ready)
    if perceives and lookup(subject.spec, PERCEPTION_MODEL) is None:
        edits.insert(0, SetValue(PERCEPTION_MODEL, FIT_MODEL))
        notes = (f"perception_model is {FIT_MODEL} in so many words: what sees or hears fires with no older one",)
    notes += ("tools is the whole set from now on: one attached by hand shows up as drift",) if held is None else ()
    return tuple(edits), notes, (f"/{word}", PERCEPTION_MODEL) if perceives else (f"/{word}",)


MIGRATION = Migration(
    id="M21",
    name="inline-tool-swap",
    safety=Safety.AUTO,
    find=find,
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
