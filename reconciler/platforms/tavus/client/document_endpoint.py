"""Where documents live in the API: pages from 0, and a plain object to change name and tags."""

from __future__ import annotations

from reconciler.platforms.tavus.client.endpoint import Endpoint, PatchStyle, everywhere

# Sources: pages create-document, list-documents, update-document.
ENDPOINT = Endpoint(
    kind="document",
    paths=everywhere("/documents"),
    page_base=0,
    list_words=("documents",),
    patch_style=PatchStyle.MERGE,
)
