"""Guardrail set: the legacy form, several guardrails in one object that a persona names by guardrails_id."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds.guardrail import guardrail_fields
from reconciler.types.kind import Bounds, Field, KindSpec, Type

DOCS = "legacy-guardrail-sets"

KIND = KindSpec(
    name="guardrail_set",
    manifest_kinds=("GuardrailSet",),
    folder="guardrails",
    doc="A legacy set of guardrails. New projects write Guardrail manifests, one each.",
    id_members=("guardrails_id", "guardrail_set_id"),
    name_field="/name",
    level=1,
    item_name_member="guardrail_name",
    shared=True,
    mirrored_lists=(("/data", "guardrail"),),
    fields=(
        Field("/guardrails_id", Type.STRING, "The id, g followed by letters and digits.", DOCS, server_owned=True),
        Field(
            "/name",
            Type.STRING,
            "The name people see. Not unique.",
            DOCS,
            aliases=("guardrails_name",),
            example="Compliance",
        ),
        Field(
            "/data",
            Type.LIST,
            "The guardrails. Each is known by its guardrail_name: field edits keep its id, a new name is a new one.",
            DOCS,
            required=True,
            bounds=Bounds(min_items=1),
            item_key="guardrail_name",
        ),
        # Sets with names like "No legal advice" were taken by the API.
        *guardrail_fields("/data/*", Bounds(min_length=1, max_length=100)),
        *(
            Field(path, Type.ANY, doc, DOCS, server_owned=True)
            for path, doc in (
                ("/status", "active."),
                ("/owner_id", "The account."),
                ("/guardrail_type", "user or system, shown with verbose."),
                ("/persona_refs", "The personas that use it, shown with verbose."),
                ("/uuid", "The id once more."),
                ("/created_at", "When it was created."),
                ("/updated_at", "When it was last changed."),
            )
        ),
    ),
)
