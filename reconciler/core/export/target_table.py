"""The export targets: what personas can be written as besides manifests. One package each, one line here."""

from __future__ import annotations

from reconciler.core.export.target import Target
from reconciler.registry import Registry

TARGETS: Registry[Target] = Registry(
    "export target",
    "reconciler.platforms.livekit",
    {
        "livekit": "livekit_target:TARGET",
    },
)
