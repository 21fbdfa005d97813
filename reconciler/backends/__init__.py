"""Where the bytes of the state live: one file a place, one line here."""

from __future__ import annotations

from reconciler.backends.base import BackendContext, BackendFactory
from reconciler.registry import Registry
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings

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


def open_state(settings: BackendSettings, context: BackendContext) -> Backend:
    """The backend that `settings` name, sealed where they say `encryption`. Raises `UsageError`."""
    own = {key: value for key, value in settings.settings.items() if key != "encryption"}
    backend = BACKENDS.get(settings.type)(BackendSettings(settings.type, own), context)
    if "encryption" not in settings.settings:
        return backend
    from reconciler.backends.sealed import seal_backend

    return seal_backend(backend, settings.settings["encryption"], context)
