"""What writing costs, in CPU, wall and requests: python tests/bench/writing.py [N].

Creates N personas (beside the floor in the same run), changes a tenth of them, and plans twice more. The requests of
each step are printed: without changes one request a hundred objects, a change is one write and one read-back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from noop_plan import HERE, ROOT, measure, write_project


@contextmanager
def account(*limit: str) -> Iterator[str]:
    """The base URL of an empty account, gone afterwards; `limit` as `writable_account.py` takes it."""
    command = [sys.executable, str(HERE / "writable_account.py"), *limit]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def requests(url: str) -> str:
    """The requests since the last question."""
    with urlopen(url.removesuffix("/v2") + "/count") as answer:
        return ", ".join(f"{count} {name}" for name, count in json.load(answer).items())


def main(count: int = 1000) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TAVUS_API_KEY": "bench"}
    tool = [sys.executable, "-m", "reconciler", "-w", "tavus", "--quiet"]
    apply = [*tool, "apply", "--auto-approve", "--allow-mass-change"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        manifests = write_project(folder, count)
        with account() as url:
            floor = measure([sys.executable, str(HERE / "floor_create.py"), str(manifests), url], folder, environ)
            print(f"floor: create {count:6}  cpu {floor[0]:6.2f} s  wall {floor[1]:6.2f} s  {requests(url)}")
        with account() as url:
            environ["TAVUS_PUBLIC_API_BASE_URL"] = url

            def step(name: str, command: list[str]) -> tuple[float, float]:
                found = measure(command, folder, environ)
                print(f"{name:20}  cpu {found[0]:6.2f} s  wall {found[1]:6.2f} s  {requests(url)}")
                return found

            ours = step(f"apply, {count} new", apply)
            print(f"{'ratio to the floor':20}  cpu {ours[0] / floor[0]:6.2f}    wall {ours[1] / floor[1]:6.2f}")
            step("plan, nothing to do", [*tool, "plan"])
            for path in sorted(manifests.glob("p*.yaml"))[::10]:
                path.write_text(path.read_text().replace("temperature: 0.5", "temperature: 0.6"))
            step(f"apply, {-(-count // 10)} changed", apply)
            step("plan, nothing to do", [*tool, "plan"])


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:]))
