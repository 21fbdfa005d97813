"""The Tavus API: one file a kind with its endpoint, one line here."""

from __future__ import annotations

from reconciler.providers.tavus.endpoints import Endpoint
from reconciler.registry import Registry

ENDPOINTS: Registry[Endpoint] = Registry(
    "kind of object in the Tavus API",
    "reconciler.providers.tavus",
    {
        "persona": "personas:ENDPOINT",
        "tool": "tools:ENDPOINT",
        "guardrail": "guardrails:ENDPOINT",
        "guardrail_set": "guardrail_sets:ENDPOINT",
        "objectives": "objectives:ENDPOINT",
        "document": "documents:ENDPOINT",
        "pronunciation_dictionary": "dictionaries:ENDPOINT",
        "deployment": "deployments:ENDPOINT",
    },
)
