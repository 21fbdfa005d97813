"""Who speaks to an API: one file a provider, one line here."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.core.kind_table import KINDS
from reconciler.platforms.base import OpenProvider, Serve
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

SIMULATORS: Registry[Serve] = Registry(
    "simulated API", "reconciler.platforms", {"tavus": "tavus.simulator.http_server:serve"}
)
INSTALLED_MODELS: Registry[Callable[[str], frozenset[str] | None]] = Registry(
    "export target with a package", "reconciler.platforms", {"livekit": "livekit.installed_models:installed_models"}
)
"""By export target: the models that its installed package lists, None where it is not installed."""


def kinds_of(provider: str) -> Kinds:
    """The kinds that an account of this provider type can hold."""
    return KINDS
