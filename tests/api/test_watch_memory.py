"""A watcher that runs for long: no memory, no file, no thread is left behind by a round."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from pathlib import Path

from reconciler.api.session import Session, SystemClock
from reconciler.api.watch import Fleet, Watched
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS
from reconciler.types.watch import Mode, Status, Watch
from tests.cli.conftest import PERSONA
from tests.support.nightly import tried

WARM = 15
ROUNDS = tried(60, 1000)
MOST = 60
"""Bytes that may stay behind per round: what Python's own tables grow by."""
ONCE = 50_000
"""Bytes that are kept once, by caches of the libraries; they grow ever more slowly, and some versions keep more."""
NAMES = 200_000
"""More strings than Python's table of interned ones has room for (1.9 MB for 87,381, in a program of this size)."""


def let_python_make_its_table_anew() -> None:
    """pathlib interns every name it meets; Python makes the table of them anew when so many came and went. The first
    time that happens under tracemalloc the whole table counts as growth; later ones replace one that is counted."""
    for number in range(NAMES):
        sys.intern(f"of no use {number}")


def test_rounds_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "desk.yaml").write_text(PERSONA)
    project = load_project(tmp_path, PLATFORMS)
    session = Session(
        project=project, workspace=project.workspaces["sandbox"], clock=SystemClock(), emit=lambda event: None,
        environ={},
    )  # fmt: skip
    one = Watched(session, Watch(mode=Mode.AUTO, drift_interval=0.0))
    fleet = Fleet([one], lambda one, done, before: None, print)

    def rounds(count: int) -> int:
        for _ in range(count):
            done, _ = fleet.one_round(one, called=True)
            assert done.status is Status.SYNCED
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    def handles() -> int:
        open_ones = Path("/proc/self/fd")
        return sum(1 for _ in open_ones.iterdir()) if open_ones.is_dir() else 0

    tracemalloc.start()
    try:
        rounds(WARM)
        let_python_make_its_table_anew()
        before, open_before, threads = rounds(5), handles(), threading.active_count()
        growth = rounds(ROUNDS) - before
    finally:
        tracemalloc.stop()
    assert growth < ONCE + MOST * ROUNDS, growth
    assert (handles(), threading.active_count()) == (open_before, threads)
