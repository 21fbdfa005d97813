"""Who speaks to an API: one file a provider, one line here."""

from __future__ import annotations

from reconciler.core.kind_table import KINDS
from reconciler.platforms.base import OpenProvider
from reconciler.registry import Registry
from reconciler.types.kind import Kinds

PROVIDERS: Registry[OpenProvider] = Registry(
    "provider",
    "reconciler.platforms",
    {
        "tavus": "tavus.client.open_provider:open_provider",
        "simulator": "tavus.simulator.embedded_provider:open_provider",
    },
)


def kinds_of(provider: str) -> Kinds:
    """The kinds that an account of this provider type can hold."""
    return KINDS
