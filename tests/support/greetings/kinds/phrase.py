"""A phrase: what bots say; several may say the same one."""

from __future__ import annotations

from reconciler.types.kind import Field, KindSpec, Type

SOURCE = "invented"

KIND = KindSpec(
    name="phrase",
    manifest_kinds=("Phrase",),
    doc="What bots say.",
    fields=(
        Field("/id", Type.STRING, "The id.", SOURCE, server_owned=True),
        Field("/title", Type.STRING, "What people call it.", SOURCE, required=True, example="hello"),
        Field("/text", Type.STRING, "The words.", SOURCE, required=True, example="Hello there."),
        Field("/language", Type.STRING, "Whose words they are.", SOURCE, default="en", enum=("en", "de", "fr")),
    ),
    id_members=("id",),
    name_field="/title",
    level=0,
    shared=True,
    exported=True,
    merge_patch=True,
    bare_keys=frozenset({"text"}),
    bare_required_keys=frozenset({"title"}),
)
