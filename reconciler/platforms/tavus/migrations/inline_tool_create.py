"""M20: inline tools that have no registry tool yet become one each, attached in the same step."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import Context, Finding, Migration, MigrationDoc, Safety, Subject
from reconciler.platforms.tavus.migrations.created_documents import new_manifest
from reconciler.platforms.tavus.migrations.inline_tool import Inline
from reconciler.platforms.tavus.migrations.inline_tool_swap import attach
from reconciler.platforms.tavus.migrations.tool_index import ToolBook, hindrance, tool_book

WHY = "inline tools are legacy: they cannot be shared, have no delivery, no filler and no authentication"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    book = tool_book(context)
    new: dict[str, list[Inline]] = {}
    for one in book.of(subject):
        name = book.target(one)
        made = name is not None and not book.is_there(name) and name in book.decision(one.name).bodies
        if name is not None and made and not hindrance(one, book):
            new.setdefault(name, []).append(one)
    if not new:
        return
    ready = [(one, name) for name, tools in new.items() for one in tools]
    documents = [new_manifest("Tool", name, book.decision(tools[0].name).bodies[name]) for name, tools in new.items()]
    said = [f"{tools[0].name} becomes the registry tool {name} ({_count(name, book)})" for name, tools in new.items()]
    notes = tuple(dict.fromkeys(note for tools in new.values() for note in _notes(book, tools[0])))
    answers = [given for tools in new.values() if (given := book.decision(tools[0].name).answered)]
    edits, more, beside = attach(subject, ready)
    yield Finding(
        tuple(one.pointer for one, _ in ready),
        f"the inline tool{'s' if len(said) > 1 else ''} {', '.join(said)}, attached instead of held inline",
        WHY,
        edits,
        documents=tuple(documents),
        answer=", ".join(dict.fromkeys(answers)) or None,
        notes=(*notes, *more),
        beside=beside,
    )


def _count(name: str, book: ToolBook) -> str:
    users = book.users(name)
    return f"for {users[0]}" if len(users) == 1 else f"shared by {len(users)} personas"


def _notes(book: ToolBook, one: Inline) -> tuple[str, ...]:
    dropped = book.dropped(one.name)
    notes = [f"dropped, because a registry tool has no such member: {', '.join(dropped)}"] if dropped else []
    if one.origin == "llm":
        notes.append("on_call is silent: inline tools said nothing while they ran, the registry's default would")
    return tuple(notes)


MIGRATION = Migration(
    id="M20",
    name="inline-tool-create",
    safety=Safety.AUTO,
    find=find,
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
