"""What the shapes of answers cost, by our reader and by pydantic: python tests/bench/answer_shapes.py [PAGES].

Printed are milliseconds and peak memory for a page of 100 personas, and what each reader makes of what is no JSON of
this world. Decision 0023 rests on it.
"""

from __future__ import annotations

import json
import sys
import time
import tracemalloc
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, TypeAdapter

from reconciler.core.serialization.checked_json import parse_json

FUNCTION = {"parameters": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}}
TOOLS = [{"type": "function", "function": {"name": f"tool_{number}", **FUNCTION}} for number in range(5)]
ONE = {
    "pal_id": "p123", "created_at": "2026-01-01", "pal_name": "Desk", "system_prompt": "x" * 2000,
    "layers": {"llm": {"model": "m", "tools": TOOLS}, "tts": {"tts_engine": "cartesia"}},
}  # fmt: skip
PAGE = json.dumps({"data": [ONE] * 100, "total_count": 100}).encode()
ODD = {"NaN": b"NaN", "infinite": b"1e999", "surrogate": b'"\\ud800"', "deep": b"[" * 5000 + b"]" * 5000}


class Item(BaseModel):
    model_config = ConfigDict(extra="allow")
    pal_id: str


class Page(BaseModel):
    model_config = ConfigDict(extra="allow")
    data: list[Item]
    total_count: int


PAGES = TypeAdapter(Page)
READERS: dict[str, Callable[[bytes], object]] = {
    "json.loads": json.loads,
    "ours": parse_json,
    "pydantic": PAGES.validate_json,
    "pydantic, dumped": lambda data: PAGES.validate_json(data).model_dump(),
    "ours, then pydantic": lambda data: PAGES.validate_python(parse_json(data)),
}


def main() -> None:
    """Print the table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for name, read in READERS.items():
        start = time.process_time()
        for _ in range(turns):
            read(PAGE)
        spent = (time.process_time() - start) / turns * 1000
        tracemalloc.start()
        read(PAGE)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        print(f"{name:20} {spent:6.2f} ms {peak:6.2f} MB  {', '.join(_taken(read))}")


def _taken(read: Callable[[bytes], object]) -> list[str]:
    found = []
    for name, value in ODD.items():
        try:
            read(b'{"data": [{"pal_id": "a", "more": ' + value + b'}], "total_count": 1}')
            found.append(f"takes {name}")
        except (ValueError, RecursionError):
            found.append(f"refuses {name}")
    return found


if __name__ == "__main__":
    main()
