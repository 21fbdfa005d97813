"""Where the bytes of the state live: one file a place, one line here."""

from __future__ import annotations

from reconciler.backends.base import BackendFactory
from reconciler.registry import Registry

BACKENDS: Registry[BackendFactory] = Registry(
    "state backend",
    "reconciler.backends",
    {
        "local": "local:open_backend",
        "http": "http:open_backend",
        "postgres": "postgres:open_backend",
        "s3": "s3:open_backend",
    },
)
