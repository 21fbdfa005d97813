"""Pronunciation dictionary: how a voice says certain words; personas name one in their tts layer."""

from __future__ import annotations

from reconciler.types.kind import Field, KindSpec, Type

DOCS = "create-pronunciation-dictionary"

KIND = KindSpec(
    name="pronunciation_dictionary",
    manifest_kinds=("PronunciationDictionary",),
    folder="dictionaries",
    doc="Words and how they are to be spoken. Deleting it takes it from every persona.",
    id_words=("pronunciation_dictionary_id", "uuid"),
    name_field="/name",
    level=1,
    shared=True,
    goes_along=(
        "who used it beyond what is managed here, and what the API edited in the voice settings of all who did"
    ),
    fields=(
        Field("/pronunciation_dictionary_id", Type.STRING, "The id, starting with pd_.", DOCS, server=True),
        Field(
            "/name",
            Type.STRING,
            "The name people see. Not unique.",
            DOCS,
            required=True,
            limits="at most 255 characters",
            example="Brand terms",
        ),
        Field(
            "/rules",
            Type.LIST,
            "text, pronunciation, type (alias or ipa), case_sensitive and word_boundaries of each word. "
            "Always written as a whole.",
            DOCS,
            default=[],
            unlisted=True,
            item_needs=("text", "pronunciation", "type"),
            fill={"/case_sensitive": False, "/word_boundaries": True},
            limits="at most 10,000, each text once; text at most 200 characters, pronunciation at most 500",
            example=[{"text": "Tavus", "pronunciation": "TAH-vus", "type": "alias"}],
        ),
        *(
            Field(path, Type.ANY, doc, DOCS, server=True)
            for path, doc in (
                ("/owner_id", "The account."),
                ("/rules_count", "How many rules there are."),
                ("/created_at", "When it was created."),
                ("/updated_at", "When it was last changed."),
            )
        ),
    ),
)
