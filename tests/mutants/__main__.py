"""`python -m tests.mutants PATH... [--each N] [--seed S]`: wrong changes that a module's own tests do not notice."""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from tests.mutants.try_change import ROOT
from tests.mutants.try_many import missed as missed_of
from tests.mutants.wrong_changes import wrong_changes


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--each", type=int, default=12, help="changes of a module")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    modules = [path for top in given.paths for path in (sorted(top.rglob("*.py")) if top.is_dir() else [top])]
    tried = missed = 0
    for module in modules:
        inside = module.resolve().relative_to(ROOT / "reconciler")
        test = ROOT / "tests" / inside.with_name(f"test_{inside.name}")
        changes = list(wrong_changes(module.read_text()))
        if not test.exists():
            if changes:
                print(f"- {inside}: no test of its own ({len(changes)} changes)", flush=True)
            continue
        if not changes:
            continue
        started = time.monotonic()
        random.Random(f"{given.seed} {inside}").shuffle(changes)
        left = missed_of(module, changes[: given.each], [test])
        tried, missed = tried + min(given.each, len(changes)), missed + len(left)
        print(
            f"{inside}: {len(left)} of {min(given.each, len(changes))} missed, {time.monotonic() - started:.0f} s",
            flush=True,
        )
        for change in sorted(left, key=lambda one: one.line):
            print(f"    {change}", flush=True)
    print(f"{missed} of {tried} missed")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
