"""Pronunciation dictionary: how a voice says certain words; personas name one in their tts layer."""

from __future__ import annotations

from reconciler.types.kind import Bounds, Field, KindSpec, Type

DOCS = "create-pronunciation-dictionary"

KIND = KindSpec(
    name="pronunciation_dictionary",
    manifest_kinds=("PronunciationDictionary",),
    folder="dictionaries",
    doc="Words and how they are to be spoken. Deleting it takes it from every persona.",
    id_members=("pronunciation_dictionary_id", "uuid"),
    name_field="/name",
    level=1,
    shared=True,
    lost_with_object=(
        "who used it beyond what is managed here, and what the API edited in the voice settings of all who did"
    ),
    fields=(
        Field("/pronunciation_dictionary_id", Type.STRING, "The id, starting with pd_.", DOCS, server_owned=True),
        Field(
            "/name",
            Type.STRING,
            "The name people see. Not unique.",
            DOCS,
            required=True,
            bounds=Bounds(min_length=1, max_length=255),
            example="Brand terms",
        ),
        Field(
            "/rules",
            Type.LIST,
            "The words, each with how it is spoken. Always written as a whole.",
            DOCS,
            default=[],
            absent_from_lists=True,
            server_defaults={"/case_sensitive": False, "/word_boundaries": True, "/alphabet": "ipa"},
            server_default_conditions={"/alphabet": ("/type", ("ipa",))},
            bounds=Bounds(max_items=10_000, unique_member="text"),
            example=[{"text": "Tavus", "pronunciation": "TAH-vus", "type": "alias"}],
        ),
        Field(
            "/rules/*/text",
            Type.STRING,
            "The word as it is written.",
            DOCS,
            required=True,
            bounds=Bounds(min_length=1, max_length=200),
        ),
        Field(
            "/rules/*/pronunciation",
            Type.STRING,
            "How it is spoken: another spelling, or IPA.",
            DOCS,
            required=True,
            bounds=Bounds(min_length=1, max_length=500),
        ),
        Field(
            "/rules/*/type",
            Type.STRING,
            "What pronunciation holds: alias, another spelling; ipa, phonetic symbols.",
            DOCS,
            required=True,
            enum=("alias", "ipa"),
            closed=True,
        ),
        Field(
            "/rules/*/alphabet",
            Type.STRING,
            "The phonetic alphabet of a rule of type ipa.",
            "vendor client",
            enum=("ipa",),
            closed=True,
        ),
        Field("/rules/*/case_sensitive", Type.BOOLEAN, "Whether case counts.", DOCS, default=False),
        Field("/rules/*/word_boundaries", Type.BOOLEAN, "Whether only whole words count.", DOCS, default=True),
        *(
            Field(path, Type.ANY, doc, DOCS, server_owned=True)
            for path, doc in (
                ("/owner_id", "The account."),
                ("/rules_count", "How many rules there are."),
                ("/created_at", "When it was created."),
                ("/updated_at", "When it was last changed."),
            )
        ),
    ),
)
