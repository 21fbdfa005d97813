"""Platforms: a wing for each, one line here. The rest of the package knows none of them by name.

A platform of your own is added by one line, here or from your program:

    from reconciler.platforms import PLATFORMS

    PLATFORMS.add("acme", "acme_reconciler.platform:PLATFORM")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.platform import Platform, Platforms
from reconciler.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.core.export.target import Target
    from reconciler.platforms.base import OpenProvider, Serve, Starter

PLATFORMS = Platforms(
    "platform",
    "",
    {
        "tavus": "reconciler.platforms.tavus.platform:PLATFORM",
    },
)

TARGETS: Registry[Target] = Registry(
    "export target",
    "",
    {
        "livekit": "reconciler.platforms.livekit.livekit_target:TARGET",
    },
)
"""What objects can be written as besides manifests."""


def providers() -> Registry[OpenProvider]:
    """Who speaks to an account, by `provider.type`: those of all platforms."""
    entries = {
        name: f"{platform.package}.{entry}"
        for platform in PLATFORMS.all().values()
        for name, entry in platform.providers.items()
    }
    return Registry("provider", "", entries)


def simulators() -> Registry[Serve]:
    """The simulated APIs that can be served, by the name of their platform."""
    return Registry("simulated API", "", _entries(lambda platform: platform.simulator))


def starters() -> Registry[Starter]:
    """What newcomers are given, by the name of their platform."""
    return Registry("starter", "", _entries(lambda platform: platform.starter))


def _entries(part: Callable[[Platform], str]) -> dict[str, str]:
    """Where each platform that has the part keeps it, by the name of the platform."""
    return {name: f"{one.package}.{part(one)}" for name, one in PLATFORMS.all().items() if part(one)}
