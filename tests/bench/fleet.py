"""What a fleet costs: rounds a second, CPU a round of workers and of Temporal, memory, the time of a take-over.

    .venv/bin/python -m tests.bench.fleet [WORKSPACES] [SECONDS] [WORKERS]

Embedded simulated accounts in which nothing differs, one workflow each, on Temporal's own development server.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.conftest import PERSONA, ROOT
from tests.support import servers
from tests.support.postgres import missing_postgres, postgres

HEAD = """\
apiVersion: personas/v1
kind: Project
metadata: {{name: bench}}
fleet: {{heartbeat: 2s, lease: 15s}}
default_workspace: w0
workspaces:
"""
TICKS = os.sysconf("SC_CLK_TCK")


def cpu(process: subprocess.Popen[bytes]) -> float:
    """Seconds of CPU that it used so far."""
    words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def memory(process: subprocess.Popen[bytes]) -> float:
    """MB that it has in memory."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def started(*words: str, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def temporal() -> Iterator[subprocess.Popen[bytes]]:
    """Temporal's own server; its address goes to the environment."""
    with servers.temporal() as (address, server):
        os.environ.update(TEMPORAL_ADDRESS=address, PYTHONPATH=str(ROOT), KEY="any")
        yield server


def run(*words: str) -> bytes:
    return subprocess.run([sys.executable, "-m", "reconciler", *words], check=True, capture_output=True).stdout


def worker() -> tuple[str, ...]:
    return sys.executable, "-m", "reconciler", "fleet", "worker", "--parallel", "4", "--json-log"


def throughput(workspaces: int, seconds: float, workers: int) -> None:
    """Rounds a second while no account needs anything."""
    with tempfile.TemporaryDirectory() as name, temporal() as server:
        folder = Path(name)
        (folder / "manifests").mkdir()
        (folder / "manifests" / "p.yaml").write_text(PERSONA)
        watch = "watch: {mode: auto, interval: 1s, drift_interval: 1s, jitter: 0%}"
        lines = [f"  w{number}: {{provider: {{type: simulator}}, {watch}}}\n" for number in range(workspaces)]
        (folder / "manifests" / "reconciler.yaml").write_text(HEAD.format() + "".join(lines))
        os.chdir(folder)
        began = time.monotonic()
        run("fleet", "sync")
        print(f"{workspaces} workflows started in {time.monotonic() - began:.1f} s")
        processes = []
        for _ in range(workers):
            log = (folder / f"{len(processes)}.log").open("wb")
            processes.append(subprocess.Popen(worker(), stdout=log, stderr=subprocess.DEVNULL))
        try:
            began = time.monotonic()
            while len(list(folder.glob(".reconciler/*/state.json"))) < workspaces:
                time.sleep(0.2)
            first = time.monotonic() - began
            print(f"first rounds, with their creates: {first:.1f} s, {workspaces / first:.1f} rounds/s")
            before = [cpu(one) for one in (*processes, server)], [memory(one) for one in processes], rounds(folder)
            time.sleep(seconds)
            after = [cpu(one) for one in (*processes, server)], [memory(one) for one in processes], rounds(folder)
        finally:
            for process in processes:
                process.kill()
                process.wait()
    count, sent = max(1, after[2][0] - before[2][0]), after[2][1] - before[2][1]
    used = [late - early for late, early in zip(after[0], before[0], strict=True)]
    print(
        f"{count / seconds:.1f} rounds/s of {workers} workers ({count} rounds), {sent / count:.1f} requests a round"
    )
    print(
        f"{1000 * sum(used[:-1]) / count:.0f} ms CPU a round in workers, {1000 * used[-1] / count:.0f} ms in Temporal"
    )
    print(
        f"memory of the workers: {[round(one) for one in before[1]]} MB, later {[round(one) for one in after[1]]} MB"
    )
    print(f"10,000 workspaces looked at every 10 min: {10_000 / 600 / (count / seconds) * workers:.1f} such workers")


def rounds(folder: Path) -> tuple[int, int]:
    """Rounds so far, and the requests that they sent: a line each in the logs of the workers."""
    lines = [line for file in folder.glob("*.log") for line in file.read_bytes().splitlines() if line.endswith(b"}")]
    return len(lines), sum(json.loads(line)["requests"] for line in lines)


def takeover(fate: str) -> None:
    """How long until another worker writes, where one was killed or frozen in mid-apply on another host."""
    from reconciler.platforms.tavus.simulator.faults import Fault, Faults
    from reconciler.platforms.tavus.simulator.http_server import SimulatorServer
    from reconciler.platforms.tavus.simulator.service import Service
    from reconciler.platforms.tavus.simulator.world_store import Store

    service = Service(Store(None), faults=Faults(rules=(Fault(method=("POST",), latency=0.5),)))
    account = SimulatorServer("127.0.0.1", 0, service)
    threading.Thread(target=account.serve_forever, args=(0.05,), daemon=True).start()

    def creates() -> int:
        return sum(1 for seen in service.requests if seen.method == "POST")

    with tempfile.TemporaryDirectory() as name, temporal(), postgres() as database:
        folder = Path(name)
        (folder / "manifests").mkdir()
        for number in range(20):
            text = PERSONA.replace("name: desk", f"name: p{number}").replace("Desk", f"P{number}")
            (folder / "manifests" / f"p{number}.yaml").write_text(text)
        workspace = (
            f"  w0:\n    parallelism: 1\n"
            f"    provider: {{type: tavus, base_url: '{account.url}', api_key: {{env: KEY}}}}\n"
            f"    state: {{backend: postgres, dsn: '{database.dsn}'}}\n    watch: {{mode: auto, interval: 1h}}\n"
        )
        (folder / "manifests" / "reconciler.yaml").write_text(HEAD.format() + workspace)
        os.chdir(folder)
        elsewhere = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]
        first_worker = f"hostname elsewhere && exec {' '.join(worker())}"
        with started(*elsewhere, first_worker, stdout=subprocess.DEVNULL) as first:
            run("fleet", "sync")
            while creates() < 2:
                time.sleep(0.02)
            second = subprocess.Popen(worker(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            assert second.stderr is not None
            second.stderr.readline()  # it takes rounds
            (inside,) = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
            os.kill(int(inside), signal.SIGKILL if fate == "killed" else signal.SIGSTOP)
            before, began = creates(), time.monotonic()
            while creates() <= before + 1:  # one may have been on its way
                time.sleep(0.05)
            second.kill()
            second.wait()
            print(f"{fate}: the next write by another worker after {time.monotonic() - began:.1f} s (lease 15 s)")


if __name__ == "__main__":
    given = [*map(float, sys.argv[1:])]
    sizes = [*given, *(100, 30, 2)[len(given) :]]
    throughput(int(sizes[0]), sizes[1], int(sizes[2]))
    if missing_postgres() is None and shutil.which("unshare"):
        takeover("killed")
        takeover("frozen")
