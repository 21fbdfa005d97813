"""M23: more tools than a persona may have attached."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import Context, Finding, Migration, MigrationDoc, Safety, Subject
from reconciler.platforms.tavus.migrations.inline_tool import MOST
from reconciler.platforms.tavus.migrations.tool_index import attached_after, tool_book


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    count = attached_after(subject, context)
    if count > MOST:
        yield Finding(
            tuple(sorted({one.place for one in tool_book(context).of(subject)})),
            f"{count} tools would be attached, and {MOST} is the most; its inline tools stay",
            "inline tools had no documented limit, the registry's attachments have: drop or merge some",
        )


MIGRATION = Migration(
    id="M23",
    name="tool-count",
    safety=Safety.NEVER,
    find=find,
    overlays=False,
    sources="tools page in PAL words, vendor client",
    doc=MigrationDoc(
        what="A persona whose inline tools and attached tools together are more than 50.",
        why="The API takes 50 attachments; which tools to drop or to merge only a person can say.",
        before="layers: {llm: {model: tavus-gpt-oss}}\n",
        after="layers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)
