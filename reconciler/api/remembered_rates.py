"""The rates that earlier runs found, kept in the user's cache folder: where learning begins, and nothing more.

The file may be deleted, torn or of anybody's making: what is no rate is passed over, and a wrong one is soon left
behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

FORMAT = 1
LARGEST = 64 * 1024
"""Bytes that are read."""
MOST = 100
"""Accounts that are kept; those that were used last."""
SENSIBLE = (0.01, 10_000.0)
"""Requests a second."""


def rates_file(environ: Mapping[str, str]) -> Path:
    """Where it is: `reconciler/rates.json` in the user's cache folder (absolute)."""
    given = environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME", "")
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises without one
    folder = Path(given) if os.path.isabs(given) else Path(home) / ".cache"  # noqa: PTH117
    return folder / "reconciler" / "rates.json"


def read_rates(environ: Mapping[str, str]) -> dict[str, float]:
    """Requests a second by account; empty where nothing is known."""
    try:
        with rates_file(environ).open("rb") as file:
            document = json.loads(file.read(LARGEST))
        rates = document["rates"] if document["format"] == FORMAT else {}
        return {str(account): float(rate) for account, rate in rates.items() if _is_rate(rate)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def keep_rates(environ: Mapping[str, str], found: Mapping[str, float]) -> None:
    """Remember the rates that a run found, beside those of other accounts. Where that fails the next run learns."""
    from reconciler.fsio import replace_file

    known = read_rates(environ)
    found = {account: float(f"{rate:.3g}") for account, rate in found.items() if _is_rate(rate)}
    if all(known.get(account) == rate for account, rate in found.items()):
        return
    rates = {account: rate for account, rate in known.items() if account not in found} | found
    document = {"format": FORMAT, "rates": dict(list(rates.items())[-MOST:])}
    path = rates_file(environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, (json.dumps(document, indent=2) + "\n").encode(), 0o600)
    except OSError:
        return


def _is_rate(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and SENSIBLE[0] <= value <= SENSIBLE[1]
