"""Run one function over many items, a bounded number at a time, results in the order of the items."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run_parallel(function: Callable[[T], R], items: Iterable[T], width: int) -> list[R]:
    """Raises the first exception, after the calls already running have ended; no call is started after it."""
    todo = list(items)
    if len(todo) <= 1 or width <= 1:
        return [function(item) for item in todo]
    with ThreadPoolExecutor(min(width, len(todo))) as pool:
        futures = [pool.submit(function, item) for item in todo]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise
