"""The Tavus API: one file a kind with its endpoint, one line here."""

from __future__ import annotations

from reconciler.platforms.tavus.client.endpoint import Endpoint
from reconciler.registry import Registry

ENDPOINTS: Registry[Endpoint] = Registry(
    "kind of object in the Tavus API",
    "reconciler.platforms.tavus.client",
    {
        "persona": "persona_endpoint:ENDPOINT",
        "tool": "tool_endpoint:ENDPOINT",
        "guardrail": "guardrail_endpoint:ENDPOINT",
        "guardrail_set": "guardrail_set_endpoint:ENDPOINT",
        "objectives": "objectives_endpoint:ENDPOINT",
        "document": "document_endpoint:ENDPOINT",
        "pronunciation_dictionary": "dictionary_endpoint:ENDPOINT",
        "deployment": "deployment_endpoint:ENDPOINT",
    },
)
