"""The page of what is pluggable: output formats, state backends and providers, with their settings."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TypeVar

from reconciler.backends import BACKENDS
from reconciler.manifests.project.plugin_settings import BACKEND_SETTINGS, provider_settings
from reconciler.platforms import PLATFORMS, providers
from reconciler.registry import Registry
from reconciler.reporters import REPORTERS
from reconciler.types.project import SettingDoc
from reference import code, table

T = TypeVar("T")


def page() -> str:
    """Three tables."""
    formats = "`--format NAME` for standard output, `--report NAME=FILE` for a file, any number of times."
    states = "Under `state:` of a workspace, chosen by `backend:`."
    accounts = "Under `provider:` of a workspace, chosen by `type:`."
    return "\n\n".join(
        [
            "## Output formats\n\n" + formats,
            table(("format", "what it is"), [(code(name), first_line(one)) for name, one in REPORTERS.all().items()]),
            "## State backends\n\n" + states,
            settings(BACKENDS, BACKEND_SETTINGS),
            "## Providers\n\n" + accounts,
            settings(providers(), provider_settings(PLATFORMS)),
        ]
    )


def settings(registry: Registry[T], known: Mapping[str, Mapping[str, SettingDoc]]) -> str:
    """The plug-ins of one table, and below them the settings that each knows."""
    plugins = table(("name", "what it is"), [(code(name), first_line(one)) for name, one in registry.all().items()])
    rows = [
        (code(name), code(key), doc.kind, "" if doc.default == "null" else code(doc.default), doc.meaning)
        for name in registry
        for key, doc in known.get(name, {}).items()
    ]
    return f"{plugins}\n\n{table(('of', 'setting', 'type', 'default', 'meaning'), rows)}"


def first_line(plugin: object) -> str:
    """What the module of a plug-in says about itself; of several in one module, what the plug-in says."""
    module = sys.modules[str(getattr(plugin, "__module__", ""))]
    usual = getattr(plugin, "__name__", "render") in {"render", "open_backend", "open_provider"}
    return str((module if usual else plugin).__doc__ or "").strip().splitlines()[0]
