"""Where individual guardrails live in the API: the collection of the legacy sets, told apart by `legacy=false`."""

from __future__ import annotations

from reconciler.platforms.tavus.client.endpoint import Endpoint, everywhere

# Sources: guardrails page; without `legacy=false` the list is that of the sets.
ENDPOINT = Endpoint(
    kind="guardrail",
    paths=everywhere("/guardrails"),
    list_query=everywhere({"legacy": "false", "type": "user"}),
    list_words=("guardrails",),
    type_words=("guardrail_type", "type"),
)
