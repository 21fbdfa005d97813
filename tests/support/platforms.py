"""The platforms that the contract suites walk through: those of the table, and the one that proves the seam.

A platform of your own is one line more here.
"""

from __future__ import annotations

import inspect
from importlib import import_module

from reconciler.core.platform import Platform
from reconciler.platforms import PLATFORMS
from reconciler.types.ports import Provider
from tests.support.greetings import ENTRY


def load(entry: str) -> Platform:
    """The record that `module:name` names."""
    module, _, name = entry.partition(":")
    found: Platform = getattr(import_module(module), name)
    return found


EVERY: dict[str, Platform] = {**PLATFORMS.all(), "greetings": load(ENTRY)}


def port_gaps(provider: object) -> list[str]:
    """What an account lacks of the port, and its methods that take other parameters."""
    public = {name: wanted for name, wanted in vars(Provider).items() if not name.startswith("_")}
    gaps = [name for name in sorted({*public, *Provider.__annotations__}) if not hasattr(provider, name)]
    for name, wanted in public.items():
        if inspect.isfunction(wanted) and name not in gaps:
            given, expected = (inspect.signature(each).parameters for each in (getattr(provider, name), wanted))
            if list(given) != list(expected)[1:]:
                gaps.append(f"{name}{tuple(given)}")
    return gaps
