"""A bell: wakes a bot. Not in the table: a test adds it, as a kind of one's own would be."""

from __future__ import annotations

from reconciler.types.kind import Field, KindSpec, Type

SOURCE = "invented"

KIND = KindSpec(
    name="bell",
    manifest_kinds=("Bell",),
    doc="Wakes a bot.",
    fields=(
        Field("/id", Type.STRING, "The id.", SOURCE, server_owned=True),
        Field("/label", Type.STRING, "What people call it.", SOURCE, required=True, example="Front"),
        Field("/bot", Type.STRING, "Whom it wakes.", SOURCE, ref="bot", example="b1"),
    ),
    id_members=("id",),
    name_field="/label",
    level=2,
)
