"""The wrong changes themselves: which there are, and that tests beside a module can notice one."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.__main__ import share, verdict
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a change is tried in a forked process")
def test_many_changes_at_once_are_told_as_one_by_one(tmp_path: Path) -> None:
    """What a test sees while it is collected is noticed like what it sees while it runs; the rest is not."""
    module, test = tmp_path / "three.py", tmp_path / "test_three.py"
    module.write_text("".join(f"def {name}(n): return n > 0\n" for name in ("collected", "seen", "unseen")))
    test.write_text(
        "from three import collected, seen, unseen\nTHERE = collected(1) and not collected(0)\n\n"
        "def test_three(): assert THERE and seen(1) and not seen(0)\n"
    )
    ways = (
        "import sys; from pathlib import Path; from tests.mutants import try_change, try_many;"
        "from tests.mutants.wrong_changes import wrong_changes;"
        f"module, test = Path({str(module)!r}), Path({str(test)!r}); try_change.ROOT = module.parent;"
        "sys.path.insert(0, str(module.parent)); changes = list(wrong_changes(module.read_text()));"
        "print(*(change.line for change in changes), '-', *(change.line for change in "
        "try_many.missed(module, changes, [test])))"
    )
    told = subprocess.run([sys.executable, "-c", ways], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "1 1 1 2 2 2 3 3 3 - 3 3 3\n"


@pytest.mark.parametrize(
    "missed, tried, allowed, failed",
    [
        (0, 0, "0", False),
        (0, 9, "0%", False),
        (1, 9, "0", True),
        (3, 20, "15%", False),
        (4, 20, "15", True),
        (29, 100, "29", False),
    ],
)
def test_a_run_fails_when_more_is_missed_than_allowed(missed: int, tried: int, allowed: str, failed: bool) -> None:
    line, told = verdict(missed, tried, share(allowed))
    assert told is failed
    assert line.startswith(f"{missed} of {tried} changes missed")
    assert ("FAILED" in line) is failed


@pytest.mark.parametrize("text", ["-1", "101%", "many", "nan"])
def test_a_share_is_a_part_of_a_hundred(text: str) -> None:
    with pytest.raises(ValueError):
        share(text)
