"""The fields of a manifest around its spec, as a table like those of the kinds: what `explain` says about them."""

from __future__ import annotations

from reconciler.types.kind import Field, KindSpec, Type

SOURCE = "manifest format"

ENVELOPE = KindSpec(
    name="manifest",
    manifest_kinds=("Manifest",),
    doc="What stands around the API body of every kind: its address, how it is treated, and the body as spec.",
    id_words=(),
    name_field="/metadata/name",
    level=0,
    fields=(
        Field(
            "/apiVersion", Type.STRING, "The version of this format.", SOURCE, required=True, enum=("personas/v1",)
        ),
        Field("/kind", Type.STRING, "Persona (or PAL), Tool and so on; Moved and Removed.", SOURCE, required=True),
        Field("/metadata", Type.OBJECT, "Who it is for us; never sent.", SOURCE, required=True),
        Field(
            "/metadata/name",
            Type.STRING,
            "The second half of the address (persona.claims-desk). Unique per kind; a rename needs a Moved document.",
            SOURCE,
            required=True,
            limits="letters, digits, _ . -, at most 128",
            example="claims-desk",
        ),
        Field(
            "/metadata/id",
            Type.ANY,
            "Take over exactly this live object: its id, or a map of workspace to id where there are several "
            "workspaces. Without it an object of the same unique name is taken over, else one is created.",
            SOURCE,
            example={"sandbox": "p7c1e0a9b42d"},
        ),
        Field("/metadata/labels", Type.OBJECT, "For --selector; never sent.", SOURCE, example={"team": "claims"}),
        Field("/metadata/labels/*", Type.STRING, "One label.", SOURCE),
        Field("/lifecycle", Type.OBJECT, "How changes are treated; remembered when the manifest is gone.", SOURCE),
        Field("/lifecycle/protect", Type.BOOLEAN, "Refuse deletion.", SOURCE, default=False),
        Field(
            "/lifecycle/ignore",
            Type.STRINGS,
            "JSON pointers that are written on create, then neither compared nor written.",
            SOURCE,
            default=[],
            set_like=True,
            example=["/layers/tts/voice_settings"],
        ),
        Field(
            "/lifecycle/manage",
            Type.STRING,
            "full: compare and write. observe: compare and report, never write.",
            SOURCE,
            default="full",
            enum=("full", "observe"),
        ),
        Field(
            "/lifecycle/adopt",
            Type.STRING,
            "Which live object of its name is taken over. any: the only one of that name. same: only if its content "
            "is the same, else the change is blocked as name_taken. Manifests that migrations write say same.",
            SOURCE,
            default="any",
            enum=("any", "same"),
        ),
        Field(
            "/spec",
            Type.OBJECT,
            "The API body in either vocabulary. A member that is left out is not ours; null means ours and absent.",
            SOURCE,
            required=True,
        ),
    ),
)
"""Facts: the manifest format of this tool (README, section manifests)."""
