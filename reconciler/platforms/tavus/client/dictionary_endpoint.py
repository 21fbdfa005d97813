"""Where pronunciation dictionaries live in the API: pages from 0, and a list that leaves the rules out."""

from __future__ import annotations

from reconciler.platforms.tavus.client.endpoint import Endpoint, everywhere

# Sources: pages list- and update-pronunciation-dictionary; JSON Patch of /name and /rules only.
ENDPOINT = Endpoint(
    kind="pronunciation_dictionary",
    paths=everywhere("/pronunciation-dictionaries"),
    page_base=0,
    list_words=("pronunciation_dictionaries", "dictionaries"),
)
