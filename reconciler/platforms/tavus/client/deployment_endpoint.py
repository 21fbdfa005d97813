"""Where deployments live in the API: pages from 0, rows under `deployments` as well as under `data`."""

from __future__ import annotations

from reconciler.platforms.tavus.client.endpoint import Endpoint, everywhere

# Source: the vendor's client, which asks for 200 at once.
ENDPOINT = Endpoint(
    kind="deployment",
    paths=everywhere("/deployments"),
    page_base=0,
    page_limit=200,
    list_words=("deployments",),
)
