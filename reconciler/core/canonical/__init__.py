"""The one comparable form of documents: field trees, vocabularies, keyed lists, and edits of it."""
