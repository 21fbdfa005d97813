"""Entry of `python -m reconciler` and of the console script."""

from __future__ import annotations

import os
import sys

from reconciler.cli.exit_codes import INTERRUPTED


def main() -> None:
    """Run the words of `sys.argv`. Raises `SystemExit` with the code of the run."""
    try:
        from reconciler.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the program begins or ends: everything in between hears it itself
        code = INTERRUPTED
    if code == INTERRUPTED or "temporalio.bridge" in sys.modules:
        # Threads that still wait for an answer would hold up an ordinary exit, and those of Temporal's client abort
        # it (1.35: "PyGILState_Release: thread state must be current"); everything is flushed and closed.
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
