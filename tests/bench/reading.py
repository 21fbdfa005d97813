"""What reading runs cost beside stand-ins that do the least: python tests/bench/reading.py [N ...].

Everything is measured in one run and told as ratios, for times on a shared machine drift. Rows: a plan that finds
nothing to do, with the cache of the run before (against `floor_reading.py`) and without it (against `floor.py`); the
first import; with that cache, a plan after an edit of one file (against `floor_reading.py`) and of one percent of
them. Memory is the peak of the process, growth that between two sizes.
Ends with 1 where a ratio is more than a quarter above the one in `reading.json`; `--keep` writes that file anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from re import sub
from statistics import median
from urllib.request import urlopen

from noop_plan import HERE, ROOT, write_project

STORED = HERE / "reading.json"
SIZES = (1000, 3000, 10000)
ROUNDS = int(os.environ.get("ROUNDS", "3"))
ALLOWED = 1.25
"""How far a ratio may be above the stored one."""


@dataclass(frozen=True)
class Cost:
    """Of one process: CPU and wall in seconds, the peak of its memory in MB, and the requests that it sent."""

    cpu: float
    wall: float
    memory: float
    requests: int


class Bench:
    """One account and one project of `count` personas."""

    def __init__(self, folder: Path, count: int, url: str) -> None:
        self.folder, self.count, self.url = folder, count, url
        self.edits = 0
        self.environ = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(folder.parent / "bytecode"),
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder.parent / "config"),  # a key among the files would be nobody's
            "XDG_CACHE_HOME": str(folder.parent / "cache"),
            "TAVUS_API_KEY": "bench",
            "TAVUS_PUBLIC_API_BASE_URL": url,
        }

    def run(self, *command: str) -> Cost:
        """The cost of one process."""
        self.asked()
        started = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, *command], cwd=self.folder, env=self.environ, stdout=subprocess.DEVNULL
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
        return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, self.asked())

    def asked(self) -> int:
        """Requests since the last question."""
        with urlopen(self.url.removesuffix("/v2") + "/count") as answer:
            return int(answer.read())

    def tool(self, *words: str) -> Cost:
        return self.run("-m", "reconciler", "-w", "tavus", "--quiet", *words)

    def floor(self, name: str, *more: str) -> Cost:
        return self.run(str(HERE / name), str(self.folder / "manifests"), self.url, *more)

    def edit(self, every: int) -> None:
        """The first of so many manifests says something new, each time something else."""
        self.edits += 1
        for path in sorted((self.folder / "manifests").glob("p*.yaml"))[::every]:
            path.write_text(sub("top_p: [0-9.]*", f"top_p: 0.{self.edits}", path.read_text()))

    def plan_edited(self) -> Cost:
        """A plan while one file says something new, which no run saw before."""
        (path,) = (self.folder / "manifests").glob("p00000.yaml")
        before = path.read_text()
        self.edit(self.count)
        cost = self.tool("plan")
        path.write_text(before)
        return cost


@contextmanager
def opened(count: int) -> Iterator[Bench]:
    """A project and an account that holds the same."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "project"
        folder.mkdir()
        manifests = write_project(folder, count)
        account = [sys.executable, str(HERE / "listing_account.py"), str(manifests), "0"]
        with subprocess.Popen(account, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                yield Bench(folder, count, server.stdout.readline().strip())
            finally:
                server.kill()


def measure(count: int) -> dict[str, Cost]:
    """The costs of every row, medians of several rounds taken in turns."""
    with opened(count) as bench:
        kept = str(bench.folder / "kept.json")
        bench.tool("plan", "--no-cache")  # compiles the program
        found = {"first import": bench.tool("apply", "--auto-approve")}
        bench.tool("plan")
        bench.floor("floor_reading.py", kept)
        rows = {
            "floor, known": lambda: bench.floor("floor_reading.py", kept),
            "plan, known": lambda: bench.tool("plan"),
            "floor": lambda: bench.floor("floor.py"),
            "plan": lambda: bench.tool("plan", "--no-cache"),
            "plan, one edited": bench.plan_edited,
        }
        rounds = [{name: row() for name, row in rows.items()} for _ in range(ROUNDS)]
        for name in rows:
            costs = [one[name] for one in rounds]
            cpu, wall, memory = (median(getattr(cost, what) for cost in costs) for what in ("cpu", "wall", "memory"))
            found[name] = Cost(cpu, wall, memory, costs[-1].requests)
        bench.edit(100)
        found["plan, 1 % edited"] = bench.tool("plan")
    return found


def ratios(found: dict[int, dict[str, Cost]]) -> dict[str, float]:
    """What is compared with the stored table: costs by their floors, and how memory grows (MB for each 1,000)."""
    told: dict[str, float] = {}
    for count, rows in found.items():
        told[f"{count} known"] = rows["plan, known"].cpu / rows["floor, known"].cpu
        told[f"{count} anew"] = rows["plan"].cpu / rows["floor"].cpu
        told[f"{count} one edited"] = rows["plan, one edited"].cpu / rows["floor, known"].cpu
        told[f"{count} 1 % edited"] = rows["plan, 1 % edited"].cpu / rows["floor"].cpu
        told[f"{count} requests"] = rows["plan, known"].requests / -(-count // 100)
    sizes = sorted(found)
    for small, large in pairwise(sizes):
        for name in ("plan, known", "plan", "first import"):
            grown = (found[large][name].memory - found[small][name].memory) / (large - small) * 1000
            told[f"{small}-{large} MB, {name}"] = grown
    return {name: round(value, 2) for name, value in told.items()}


def fallen_behind(now: dict[str, float], stored: dict[str, float]) -> list[str]:
    """What is more than a quarter above the stored table; a row that is not in it is compared with nothing."""
    return [name for name, value in now.items() if value > stored.get(name, value) * ALLOWED]


def table(now: dict[str, float], stored: dict[str, float]) -> list[str]:
    """A line for each ratio, beside the stored one."""
    known = {name: format(stored[name], ".2f") if name in stored else "-" for name in now}
    return [f"{name:32} {value:7.2f}   stored {known[name]:>7}" for name, value in now.items()]


def main(*words: str) -> None:
    sizes = [int(word) for word in words if word.isdigit()] or list(SIZES)
    found = {}
    for count in sizes:
        found[count] = measure(count)
        for name, cost in found[count].items():
            print(
                f"{count:6} {name:18} cpu {cost.cpu:7.2f} s  wall {cost.wall:7.2f} s  {cost.memory:6.0f} MB"
                f"  {cost.requests:5} requests",
                flush=True,
            )
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    now = ratios(found)
    print("\n".join(table(now, stored)))
    if "--keep" in words:
        STORED.write_text(json.dumps(stored | now, indent=1) + "\n")
    elif worse := fallen_behind(now, stored):
        raise SystemExit(f"worse than stored: {', '.join(worse)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
