"""Entry of `python -m reconciler` and of the console script."""

from __future__ import annotations

import sys

from reconciler.cli.main import run


def main() -> None:
    """Run the words of `sys.argv`. Raises `SystemExit` with the code of the run."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
