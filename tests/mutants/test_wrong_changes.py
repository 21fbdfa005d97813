"""The wrong changes themselves: which there are, and that tests beside a module can notice one."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.try_change import ROOT
from tests.mutants.wrong_changes import wrong_changes

SOURCE = '''\
LIMIT = 3

def missing(names: list[str], seen: int = 0) -> str | None:
    """What 3 names lack."""
    if len(names) >= LIMIT and not seen:
        return f"{len(names)} names"
    print("fewer")
    return None
'''


def test_each_change_is_of_one_place_and_of_what_a_function_does() -> None:
    changes = list(wrong_changes(SOURCE))
    assert [str(change) for change in changes] == [
        "5: len(names) >= LIMIT -> (len(names) > LIMIT)",
        "5: len(names) >= LIMIT and not seen -> (not seen)",
        "5: len(names) >= LIMIT and not seen -> (len(names) >= LIMIT)",
        "5: not seen -> (seen)",
        '6: return f"{len(names)} names" -> return None',
        '7: print("fewer") -> pass',
    ]
    for change in changes:
        ast.parse(change.source)
        assert change.source != SOURCE


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a change is tried in a forked process")
def test_what_tests_notice_is_told_from_what_they_do_not(tmp_path: Path) -> None:
    """A test that looks at one of two functions: every change of the other is missed."""
    module, test = ROOT / "reconciler/pair.py", tmp_path / "test_pair.py"
    test.write_text("from reconciler.pair import seen\n\ndef test_seen(): assert seen(1) and not seen(0)\n")
    text = "def seen(n): return n > 0\ndef unseen(n): return n > 0\n"
    ways = (
        "from pathlib import Path; from tests.mutants.try_change import is_noticed as noticed;"
        f"print(*(noticed(Path({str(module)!r}), c, [Path({str(test)!r})]) for c in {{}}))"
    )
    changes = [
        text,
        text.replace("seen(n): return n > 0", "seen(n): return n > 1", 1),
        text[::-1].replace("0", "1", 1)[::-1],
    ]
    told = subprocess.run(
        [sys.executable, "-c", ways.format(changes)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["False", "True", "False"]
