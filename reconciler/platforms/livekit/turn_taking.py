"""Turn taking of a LiveKit agent: how long it waits, how easily it is interrupted, whether it thinks ahead."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.export.conversion_report import Ledger
from reconciler.types.json import Json, Object

FLOW = "/layers/conversational_flow"
PATIENCE: Mapping[str, Object] = {
    "low": {"min_delay": 0.2, "max_delay": 1.5},
    "medium": {"min_delay": 0.5, "max_delay": 3.0},
    "high": {"min_delay": 1.0, "max_delay": 5.0},
}
"""Seconds of silence that end a turn. Judgement: neither side documents its levels in seconds; medium is LiveKit's
own default."""
INTERRUPTION: Mapping[str, Object] = {
    "low": {"min_duration": 1.0, "min_words": 3},
    "medium": {"min_duration": 0.5, "min_words": 0},
    "high": {"min_duration": 0.2, "min_words": 0},
}
"""Seconds and words of speech that count as an interruption. Judgement, medium is LiveKit's own default."""


def turn_settings(ledger: Ledger) -> Object:
    """The `turn_handling` of a session; empty for LiveKit's own defaults."""
    found: Object = {}
    for word, name, levels in (
        ("turn_taking_patience", "endpointing", PATIENCE),
        ("interruptibility", "interruption", INTERRUPTION),
    ):
        level = ledger.members(FLOW).get(word)
        if isinstance(level, str) and level in levels:
            found[name] = dict(levels[level])
            shown = ", ".join(f"{key} {value}" for key, value in levels[level].items())
            ledger.adjust(f"{FLOW}/{word}", f"{level} became {name} with {shown} (a judgement)")
    ahead: Json = ledger.take("/layers/llm/speculative_inference")
    if isinstance(ahead, bool):
        found["preemptive_generation"] = {"enabled": ahead}
    elif ahead is not None:
        ledger.lose("/layers/llm/speculative_inference", "neither true nor false")
    return found
