"""The unavoidable work of creating personas, and nothing else: read the files, send each, read each back."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import yaml


def main(folder: str, base_url: str) -> None:
    specs = [yaml.load(path.read_bytes(), yaml.CSafeLoader)["spec"] for path in sorted(Path(folder).rglob("p*.yaml"))]
    with httpx.Client(base_url=base_url, headers={"x-api-key": "bench"}) as client:

        def create(spec: dict[str, Any]) -> bool:
            id = client.post("/pals", json=spec).raise_for_status().json()["pal_id"]
            found = client.get(f"/pals/{id}").raise_for_status().json()
            return all(found.get(key) == value for key, value in spec.items())

        with ThreadPoolExecutor(10) as pool:
            equal = sum(pool.map(create, specs))
    print(f"{equal} of {len(specs)} created")


if __name__ == "__main__":
    main(*sys.argv[1:])
