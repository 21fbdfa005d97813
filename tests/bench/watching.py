"""What rounds of a watcher cost: rounds a second, CPU and requests a round, memory over all of them.

    .venv/bin/python -m tests.bench.watching [PERSONAS] [WORKSPACES] [ROUNDS]

Embedded simulated accounts in which nothing differs, each workspace in a thread of its own.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.api.session import Session, SystemClock
from reconciler.api.watch import Fleet, Watched
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS, providers
from reconciler.types.watch import Mode, Watch

PERSONA = """\
apiVersion: personas/v1
kind: PAL
metadata: {{name: p{number}}}
spec: {{pal_name: P{number}, system_prompt: You help., default_face_id: r90bbd427f71}}
"""
READS = ("list", "get", "attached_tools", "part", "check_library", "reserved")


class Counting:
    """A provider whose reads are counted."""

    def __init__(self, inner: Any, counts: Counter[str]) -> None:
        self._inner = inner
        self._counts = counts

    def __getattr__(self, name: str) -> Any:
        if name in READS:
            self._counts[name] += 1
        return getattr(self._inner, name)


def peak() -> int:
    """The most memory that this process had, in KB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(personas: int = 20, workspaces: int = 4, rounds: int = 250) -> None:
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "manifests").mkdir()
        for number in range(personas):
            (Path(folder) / "manifests" / f"p{number}.yaml").write_text(PERSONA.format(number=number))
        names = [f"w{number}" for number in range(workspaces)]
        lines = "".join(f"  {name}: {{provider: {{type: simulator}}}}\n" for name in names)
        head = "apiVersion: personas/v1\nkind: Project\nmetadata: {name: bench}\ndefault_workspace: w0\nworkspaces:\n"
        (Path(folder) / "manifests" / "reconciler.yaml").write_text(head + lines)
        project = load_project(Path(folder) / "manifests" / "reconciler.yaml", PLATFORMS, root=Path(folder))

        def connect(settings: Any, context: Any) -> Any:
            return Counting(providers().get(settings.type)(settings, context), counts)

        session = Session(
            project=project, workspace=project.workspaces["w0"], clock=SystemClock(), emit=lambda event: None,
            environ={}, connect=connect,
        )  # fmt: skip
        watched = [Watched(session.in_workspace(name), Watch(mode=Mode.AUTO, drift_interval=0.0)) for name in names]
        watched = [replace(one, session=replace(one.session, cached=False)) for one in watched]
        fleet = Fleet(watched, lambda one, done, before: None, print)
        fleet.once()
        counts.clear()
        began, cpu, before = (
            time.perf_counter(),
            time.process_time(),
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        )
        with ThreadPoolExecutor(workspaces) as pool:
            list(pool.map(lambda one: [fleet.one_round(one, called=True) for _ in range(rounds)], watched))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        after = peak()
    whole = rounds * workspaces
    print(f"{personas} personas, {workspaces} workspaces, {whole} rounds")
    print(f"{whole / seconds:.1f} rounds/s, {1000 * cpu / whole:.1f} ms CPU a round")
    print(f"{sum(counts.values()) / whole:.2f} reads a round: {dict(counts)}")
    print(f"{(after - before) / 1024:.1f} MB more memory after all rounds than after the first")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
