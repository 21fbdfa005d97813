"""Guardrail: one boundary that any number of personas may have to keep to."""

from __future__ import annotations

from reconciler.types.kind import Bounds, Field, KindSpec, Type

DOCS = "create-guardrails"

ITEM = (
    (
        "guardrail_prompt",
        Type.STRING,
        "What to watch for, short and direct; names the violation rather than giving an order.",
        {
            "required": True,
            "bounds": Bounds(min_length=1, max_length=1000),
            "example": "The user asks for legal advice.",
        },
    ),
    (
        "modality",
        Type.STRING,
        "verbal: judged on what is said. visual: judged on what the camera shows.",
        {"default": "verbal", "enum": ("verbal", "visual", "audio"), "closed": True},
    ),
    (
        "callback_url",
        Type.STRING,
        "Told whenever the guardrail is triggered.",
        {"default": "", "bounds": Bounds(max_length=2048)},
    ),
    (
        "tags",
        Type.STRINGS,
        "Labels; a persona takes in all guardrails of a tag with guardrail_tags.",
        {"default": [], "set_like": True, "bounds": Bounds(max_items=32, each=Bounds(min_length=1, max_length=64))},
    ),
    (
        "app_message",
        Type.BOOLEAN,
        "Whether triggering it is also told to the app during the conversation.",
        {"default": True},
    ),
    (
        "tool_call",
        Type.OBJECT,
        "A tool called when it is triggered; left out by the server when empty.",
        {"default": {}, "atomic": True, "verbatim": True},
    ),
)
"""Member, type, meaning and properties of what a single guardrail and an item of a legacy set have in common."""


NAME = Bounds(
    min_length=1, max_length=100, pattern=r"[A-Za-z0-9_]*", pattern_description="letters, digits or underscores"
)


def guardrail_fields(base: str, name: Bounds = NAME) -> tuple[Field, ...]:
    """The rows of one guardrail whose members stand below `base`."""
    return (
        Field(
            f"{base}/guardrail_name",
            Type.STRING,
            "The name, also told to callbacks. Not unique in the account.",
            DOCS,
            required=True,
            bounds=name,
            example="no_legal_advice",
        ),
        *(Field(f"{base}/{name}", kind, doc, DOCS, **more) for name, kind, doc, more in ITEM),
        Field(f"{base}/uuid", Type.STRING, "The id, g followed by letters and digits.", DOCS, server_owned=True),
        *(
            Field(f"{base}/{name}", Type.ANY, doc, DOCS, server_owned=True)
            for name, doc in (
                ("owner_id", "The account."),
                ("guardrail_type", "user or system, shown with verbose."),
                ("persona_refs", "The personas that use it, shown with verbose."),
                ("created_at", "When it was created."),
                ("updated_at", "When it was last changed."),
            )
        ),
    )


KIND = KindSpec(
    name="guardrail",
    manifest_kinds=("Guardrail",),
    doc="A boundary that personas must keep to; shared by id or by tag.",
    fields=guardrail_fields(""),
    id_members=("uuid", "guardrail_id"),
    name_field="/guardrail_name",
    level=1,
    shared=True,
    lost_with_object="who used it beyond what is managed here",
)
