"""`python -m tests.mutants PATH... [--each N] [--seed S] [--allowed PERCENT]`: wrong changes that no test notices."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.try_change import ROOT
from tests.mutants.try_many import missed as missed_of
from tests.mutants.wrong_changes import wrong_changes


def main(arguments: Sequence[str] | None = None) -> int:
    """What tests beside their modules miss, printed; 1 where that is more than the share that is allowed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--each", type=int, default=12, help="changes of a module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--allowed", type=share, default=0, help="how many of a hundred may be missed: 15%%")
    given = parser.parse_args(arguments)
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
    line, failed = verdict(missed, tried, given.allowed)
    print(line)
    return failed


def share(text: str) -> float:
    """`15%` or `15` -> 15.0."""
    percent = float(text.removesuffix("%"))
    if not 0 <= percent <= 100:
        raise ValueError(text)
    return percent


def verdict(missed: int, tried: int, allowed: float) -> tuple[str, bool]:
    """The last line, and whether the run fails at `allowed` percent. No test can notice what makes no difference."""
    failed = 100 * missed > allowed * tried
    part = 100 * missed / tried if tried else 0
    word = "FAILED: more than" if failed else "ok: within"
    return f"{missed} of {tried} changes missed ({part:.1f} %), {word} the {allowed:g} % allowed", failed


if __name__ == "__main__":
    sys.exit(main())
