"""Where legacy guardrail sets live in the API: the collection of the guardrails, told apart by `legacy=true`."""

from __future__ import annotations

from reconciler.platforms.tavus.client.endpoint import Endpoint, everywhere

# Sources: page legacy-guardrail-sets; the list gives ids and dates, so each set is read by a GET.
ENDPOINT = Endpoint(
    kind="guardrail_set",
    paths=everywhere("/guardrails"),
    list_query=everywhere({"legacy": "true", "type": "user"}),
    list_words=("guardrails",),
    type_words=("guardrail_type", "type"),
    nameless_lists=True,
)
