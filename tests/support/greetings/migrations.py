"""The one migration of the greetings platform."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migration import Context, Finding, Migration, MigrationDoc, Safety, Subject
from reconciler.types.manifest import RenameKey


def find_loudness(subject: Subject, context: Context) -> Iterator[Finding]:
    if "loudness" in subject.spec and "volume" not in subject.spec:
        yield Finding(
            ("/loudness",), "loudness is called volume now", "the old word goes", (RenameKey("/loudness", "volume"),)
        )


LOUDNESS = Migration(
    id="G1",
    name="loudness-to-volume",
    safety=Safety.AUTO,
    doc=MigrationDoc(
        what="Writes loudness under the name that it has had for years now: volume.",
        why="The account understands both words, and shows only the new one to those who ask.",
        before="label: Door\nloudness: 7\n",
        after="label: Door\nvolume: 7\n",
    ),
    find=find_loudness,
    kinds=("bot",),
    sources="invented",
)
