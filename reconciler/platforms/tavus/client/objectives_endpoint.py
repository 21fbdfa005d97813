"""Where sets of objectives live in the API."""

from __future__ import annotations

from reconciler.platforms.tavus.client.endpoint import Endpoint, everywhere

# Sources: pages get-objectives, patch-objectives; whether list items are whole sets is told differently.
ENDPOINT = Endpoint(
    kind="objectives",
    paths=everywhere("/objectives"),
    list_query=everywhere({"type": "user"}),
    list_words=("objectives",),
    type_words=("objectives_type", "objective_type", "type"),
    nameless_lists=True,
)
