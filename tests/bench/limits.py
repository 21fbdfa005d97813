"""What is made of an account's limit: python tests/bench/limits.py [SECONDS] [RATE ...].

For each rate, depth of the bucket, width and form of `Retry-After`: a first run that creates as many personas as the
limit allows in about SECONDS. Printed are the share of the limit that was used, the share of requests that were
turned away (429), and the changes that failed. A busy machine wakes threads late, and uses less of a bucket of one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from urllib.request import urlopen

from noop_plan import ROOT, write_project
from writing import account

HEADERS = ("none", "fraction", "seconds", "date")


def run(folder: Path, environ: dict[str, str], limit: tuple[str, ...], width: int) -> str:
    """One apply against an empty account with this limit, as three numbers."""
    with account(*limit) as url:
        environ = {**environ, "TAVUS_PUBLIC_API_BASE_URL": url}
        command = [
            sys.executable, "-m", "reconciler", "-w", "tavus", "--quiet", "apply", "--auto-approve",
            "--allow-mass-change", "--parallelism", str(width), "--format", "json",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        with urlopen(url.removesuffix("/v2") + "/limit") as answer:
            seen = json.load(answer)
        with urlopen(url.removesuffix("/v2") + "/count") as answer:
            made = json.load(answer).get("POST /pals", 0)
    share = seen["refused"] / (seen["refused"] + seen["passed"])
    wanted = len(list((folder / "manifests").glob("p*.yaml")))
    return f"{seen['used']:5.0%} {share:5.1%} {wanted - made:3} failed, exit {done.returncode}"


def main(seconds: float = 60, *rates: float) -> None:
    print("rate burst width header     used   429")
    for rate, burst, width, header in product(rates or (2.0, 10.0), (1, 10), (10, 50), HEADERS):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            write_project(
                folder, max(5, round(rate * seconds * 0.9))
            )  # a create is one request, and its share of a list
            environ = {
                **os.environ, "PYTHONPATH": str(ROOT), "TAVUS_API_KEY": "bench",
                "XDG_CACHE_HOME": str(folder / "cache"),
            }  # fmt: skip
            limit = (str(rate), str(burst), header)
            first = run(folder, environ, limit, width)
            print(f"{rate:4g} {burst:5} {width:5} {header:8}  {first}", flush=True)


if __name__ == "__main__":
    main(*(float(value) for value in sys.argv[1:]))
