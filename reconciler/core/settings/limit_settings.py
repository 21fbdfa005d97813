"""The caps on what servers send, from the settings of the project file and the environment of whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from reconciler.core.settings.environment_variables import CAPS
from reconciler.errors import UsageError
from reconciler.types.answer_limits import MB, Limits
from reconciler.types.json import Json

PROVIDER = ("max_answer_mb", "max_pages", "max_request_seconds")
"""Settings of a provider; the environment knows them as RECONCILER_MAX_ANSWER_MB and so on, and wins."""
STATE = ("max_state_mb", "max_request_seconds")
"""The same for a backend of the state."""
LARGEST = 1_000_000_000


def read_limits(settings: Mapping[str, Json], environ: Mapping[str, str]) -> Limits:
    """The caps that `settings` and `environ` set, the usual ones for the rest. Raises `UsageError`."""
    usual = Limits()

    def number(name: str, default: float) -> float:
        variable = f"{CAPS}{name.removeprefix('max_').upper()}"
        value: Json = settings.get(name)
        if text := environ.get(variable, "").strip():
            try:
                value = float(text)
            except ValueError:
                value = text
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
            raise UsageError(f"{name} (or {variable}) is no number above zero", hint=f"usual is {default:g}")
        return min(value, LARGEST)

    return Limits(
        answer=max(1, int(number("max_answer_mb", usual.answer / MB) * MB)),
        state=max(1, int(number("max_state_mb", usual.state / MB) * MB)),
        pages=max(1, int(number("max_pages", usual.pages))),
        whole=number("max_request_seconds", usual.whole),
    )
