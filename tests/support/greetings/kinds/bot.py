"""A bot: greets people with a phrase."""

from __future__ import annotations

from reconciler.types.kind import Field, KindSpec, Type

SOURCE = "invented"

KIND = KindSpec(
    name="bot",
    manifest_kinds=("Bot",),
    doc="Greets people.",
    fields=(
        Field("/id", Type.STRING, "The id.", SOURCE, server_owned=True),
        Field("/label", Type.STRING, "What people call it.", SOURCE, required=True, example="Door"),
        Field("/phrase", Type.STRING, "What it says.", SOURCE, ref="phrase", example="p1"),
        Field("/volume", Type.INTEGER, "How loud it speaks, from 1 to 10.", SOURCE, default=5, example=7),
        Field("/loudness", Type.INTEGER, "The former volume.", SOURCE, deprecated="it is called volume now"),
        Field("/rooms", Type.STRINGS, "Where it stands.", SOURCE, set_like=True, example=["hall"]),
        Field("/key", Type.STRING, "Opens its door.", SOURCE, secret=True),
    ),
    id_members=("id",),
    name_field="/label",
    level=1,
    exported=True,
    renamed_fields={"/loudness": "/volume"},
)
