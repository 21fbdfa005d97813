"""The page of what is pluggable: output formats, state backends and providers, with their settings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from reconciler.backends import BACKENDS
from reconciler.manifests.project.project_model import BACKEND_SETTINGS
from reconciler.platforms import PLATFORMS, providers
from reconciler.registry import Registry
from reconciler.reporters import REPORTERS
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
            settings(BACKENDS, lambda name: BACKEND_SETTINGS.get(name, ())),
            "## Providers\n\n" + accounts,
            settings(providers(), provider_keys),
        ]
    )


def provider_keys(name: str) -> Sequence[str]:
    """What may stand beside this `type`."""
    platform = PLATFORMS.of(name)
    return (*(["vocabulary"] if platform.vocabularies else ()), *platform.settings.get(name, ()))


def settings(registry: Registry[T], known: Callable[[str], Sequence[str]]) -> str:
    """The plug-ins of one table with the settings that each knows."""
    rows = []
    for name, one in registry.all().items():
        keys = [key for key in known(name) if key not in {"backend", "type"}]
        rows.append((code(name), first_line(one), ", ".join(code(key) for key in keys)))
    return table(("name", "what it is", "settings"), rows)


def first_line(plugin: object) -> str:
    """What the module of a plug-in says about itself; of several in one module, what the plug-in says."""
    module = sys.modules[str(getattr(plugin, "__module__", ""))]
    usual = getattr(plugin, "__name__", "render") in {"render", "open_backend", "open_provider"}
    return str((module if usual else plugin).__doc__ or "").strip().splitlines()[0]
