"""M20: a registry tool for every inline one."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.migrations.base import Context, Finding, Migration, MigrationDoc, Safety, Subject
from reconciler.migrations.inline_tool import Inline
from reconciler.migrations.toolbook import ToolBook, hindrance, tool_book
from reconciler.types.edit import NewDocument

API_VERSION = "personas/v1"
WHY = "inline tools are legacy: they cannot be shared, have no delivery, no filler and no authentication"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    book = tool_book(context)
    made = context.cache.setdefault("created", set())
    assert isinstance(made, set)
    for one in book.of(subject):
        name = book.target(one)
        if name is None or book.is_there(name) or name in made or hindrance(one, book):
            continue
        body = book.decision(one.name).bodies.get(name)
        if body is None:
            continue
        made.add(name)
        document = NewDocument(
            f"{name}.yaml",
            {
                "apiVersion": API_VERSION,
                "kind": "Tool",
                "metadata": {"name": name},
                "lifecycle": {"adopt": "same"},
                "spec": body,
            },
        )
        users = sorted({str(other.subject.address) for other in book.groups[one.name] if book.target(other) == name})
        yield Finding(
            (one.pointer,),
            f"the inline tool {one.name} becomes the registry tool {name} ({_count(users)})",
            WHY,
            documents=(document,),
            answer=book.decision(one.name).answered,
            notes=_notes(book, one),
        )


def _count(users: list[str]) -> str:
    return f"for {users[0]}" if len(users) == 1 else f"shared by {len(users)} personas"


def _notes(book: ToolBook, one: Inline) -> tuple[str, ...]:
    dropped = sorted({name for other in book.groups[one.name] for name in other.dropped})
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
        "on_call is silent, on_resolve fire_and_forget, delivery a message to the app: what inline tools did.",
        why="A new registry tool changes nothing until it is attached, and the next migration attaches it.",
        before="layers: {llm: {model: tavus-gpt-oss, tools: [{type: function, function: {name: get_weather, "
        "description: Weather for a city}}]}}\n",
        after="layers: {llm: {model: tavus-gpt-oss, tools: [{type: function, function: {name: get_weather, "
        "description: Weather for a city}}]}}\n",
    ),
)
