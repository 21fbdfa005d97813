"""M26: prompts that call a tool by a name it no longer has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.migrating.migration import Context, Finding, Migration, MigrationDoc, Safety, Subject
from reconciler.platforms.tavus.migrations.inline_tool import NAME, PLACES
from reconciler.platforms.tavus.migrations.tool_index import DEDUPE
from reconciler.types.json import Json, escape, within

SUFFIXED = re.compile(r"(?P<old>\w+)_[0-9a-f]{8}")


def find(subject: Subject, context: Context) -> Iterator[Finding]:
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


MIGRATION = Migration(
    id="M26",
    name="legacy-in-prompts",
    safety=Safety.NEVER,
    find=find,
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
