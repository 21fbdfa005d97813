"""The one rule of the greetings platform."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest


def check_volume(manifest: Manifest, context: RuleContext) -> Iterable[Diagnostic]:
    volume = manifest.spec.get("volume")
    if isinstance(volume, int) and not 1 <= volume <= 10:
        yield VOLUME_RANGE.found(manifest, "/volume", f"{volume} is no volume", hint="write 1 to 10")


VOLUME_RANGE = Rule(
    code="G01",
    name="volume-range",
    severity=Severity.ERROR,
    kinds=("bot",),
    doc=RuleDoc(
        what="A volume that no loudspeaker of a bot has, below 1 or above 10.",
        why="The bot would be created, and would then neither be heard nor be borne.",
        bad="label: Door\nvolume: 11\n",
        good="label: Door\nvolume: 10\n",
    ),
    check=check_volume,
    source="invented",
)
