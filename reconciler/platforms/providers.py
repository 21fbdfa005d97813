"""Who speaks to an API: one file a provider, one line here."""

from __future__ import annotations

from reconciler.platforms.base import OpenProvider
from reconciler.registry import Registry

PROVIDERS: Registry[OpenProvider] = Registry(
    "provider",
    "reconciler.platforms",
    {
        "tavus": "tavus.client.open_provider:open_provider",
        "simulator": "tavus.simulator.embedded_provider:open_provider",
    },
)
