"""`python -m reconciler.platforms.tavus.simulator`: serves without the command line; prints the base URL first."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.simulator.http_server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments and serve; the exit code."""
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--world", type=Path)
    parser.add_argument("--seed", type=Path)
    parser.add_argument("--faults", type=Path)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args(arguments)
    try:
        serve(
            given.host,
            given.port,
            world=given.world,
            seed=given.seed,
            faults=given.faults,
            verbose=given.verbose,
            ready=_say,
        )
    except ReconcilerError as error:
        sys.stderr.write(f"error: {error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return error.exit_code
    return 0


def _say(url: str) -> None:
    sys.stdout.write(url + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
