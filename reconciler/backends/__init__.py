"""Where the bytes of the state live: one file a place, one line here."""

from __future__ import annotations

from dataclasses import replace

from reconciler.backends.context import BackendContext, BackendFactory
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


PLACES = {"s3": "key", "postgres": "name"}
"""Backends whose default place is named after the project and the workspace (`default_place`), and the setting that
names another one. Before, it was named after the workspace alone."""


def open_state(settings: BackendSettings, context: BackendContext) -> Backend:
    """The backend that `settings` name, sealed where they say `encryption`. Raises `UsageError`."""
    backend = _open(settings, context)
    if context.beside:
        return backend  # newer than the names that a state may have had before
    place = PLACES.get(settings.type)
    if context.owner is None or place is None or settings.settings.get(place) is not None:
        return backend
    from reconciler.backends.relocated import Relocated

    before = replace(context, owner=None)
    plain = {key: value for key, value in settings.settings.items() if key != "encryption"}
    old = _open(settings, before)
    unsealed = _open(replace(settings, settings=plain), before) if "encryption" in settings.settings else old
    return Relocated(backend, old, unsealed, context.owner)


def _open(settings: BackendSettings, context: BackendContext) -> Backend:
    own = {key: value for key, value in settings.settings.items() if key != "encryption"}
    backend = BACKENDS.get(settings.type)(replace(settings, settings=own), context)
    if "encryption" not in settings.settings:
        return backend
    from reconciler.backends.encrypted import encrypt_backend

    return encrypt_backend(backend, settings.settings["encryption"], context, own=settings.own)
