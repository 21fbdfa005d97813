"""The platforms that the contract suites walk through: those of the table, and the one that proves the seam.

A platform of your own is one line more here.
"""

from __future__ import annotations

from importlib import import_module

from reconciler.core.platform import Platform
from reconciler.platforms import PLATFORMS
from tests.support.greetings import ENTRY


def load(entry: str) -> Platform:
    """The record that `module:name` names."""
    module, _, name = entry.partition(":")
    found: Platform = getattr(import_module(module), name)
    return found


EVERY: dict[str, Platform] = {**PLATFORMS.all(), "greetings": load(ENTRY)}
