"""A second process for the tests of backends: `python -m tests.support.backend_worker TYPE FOLDER COMMAND [ARG]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from reconciler.api.session import SystemClock
from reconciler.engine.state.lock_owner import describe_run
from reconciler.errors import StateLocked
from tests.support.stores import open_store, settings_of


def tell(text: str) -> None:
    """One line to the test."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(type: str, folder: str, command: str, argument: str = "") -> None:
    """write: documents for ever; journal: lines for ever; hold: the lock until a line comes; try: the lock once."""
    backend = open_store(Path(folder), type, settings_of(os.environ))
    if command == "write":
        number = 0
        while True:
            number += 1
            backend.write(f"{number}\n".encode() * 20_000)
            tell(str(number))
    if command == "journal":
        assert backend.journal is not None
        number = 0
        while True:
            number += 1
            backend.journal.append(f"line {number} {'x' * 300}".encode())
            tell(str(number))
    info = describe_run(command, SystemClock().now())
    clock = SystemClock()
    if command == "try":
        sys.stdin.readline()
    try:
        with backend.lock(info, timeout=0, clock=clock, emit=lambda event: None):
            tell(f"held {os.getpid()} {info.id}")
            sys.stdin.readline()
    except StateLocked as locked:
        tell(f"locked by {locked.holder.get('Process')}")


if __name__ == "__main__":
    main(*sys.argv[1:])
