"""The unavoidable work of a plan without changes, and nothing else: what the tool is measured against.

Manifests through CSafeLoader, a pydantic check of each body, the account's pages over httpx with ten threads, `==`.
Prints how many personas are equal.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import yaml
from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """The least that a check of a body costs."""

    model_config = ConfigDict(extra="allow")
    pal_name: str
    system_prompt: str
    layers: dict[str, Any] = {}


def main(folder: str, base_url: str) -> None:
    wanted = {}
    for path in sorted(Path(folder).rglob("*.yaml")):
        document = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        if isinstance(document, dict) and document.get("kind") == "Persona":
            body = Body.model_validate(document["spec"])
            wanted[body.pal_name] = document["spec"]
    with httpx.Client(base_url=base_url, headers={"x-api-key": "bench"}) as client:

        def page(number: int) -> dict[str, Any]:
            query = {"limit": 100, "page": number, "pal_type": "user"}
            return client.get("/pals", params=query).raise_for_status().json()

        first = page(1)
        count = -(-first["total_count"] // 100)
        with ThreadPoolExecutor(10) as pool:
            pages = [first, *pool.map(page, range(2, count + 1))]
    equal = 0
    for item in (item for found in pages for item in found["data"]):
        body = wanted.get(item["pal_name"])
        equal += body is not None and all(item.get(key) == value for key, value in body.items())
    print(f"{equal} of {len(wanted)} equal")


if __name__ == "__main__":
    main(*sys.argv[1:])
