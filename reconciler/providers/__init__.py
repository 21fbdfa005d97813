"""Who speaks to an API: one file a provider, one line here."""

from __future__ import annotations

from reconciler.providers.base import OpenProvider
from reconciler.registry import Registry

PROVIDERS: Registry[OpenProvider] = Registry(
    "provider",
    "reconciler.providers",
    {
        "tavus": "tavus.workspace:open_provider",
        "simulator": "embedded:open_provider",
    },
)
