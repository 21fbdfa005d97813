"""The state as bytes: the document, the journal beside it, and the record of one object."""
