"""Many at a time, results in order, the first error wins."""

from __future__ import annotations

import threading

import pytest

from reconciler.engine.parallel import run_parallel


@pytest.mark.parametrize("width", [1, 3, 50])
def test_results_keep_the_order_of_the_items(width):
    assert run_parallel(lambda item: item * 2, range(20), width) == [item * 2 for item in range(20)]


def test_no_more_than_the_width_run_at_once():
    running, most, mutex = 0, 0, threading.Lock()
    barrier = threading.Barrier(2, timeout=10)

    def work(_):
        nonlocal running, most
        with mutex:
            running += 1
            most = max(most, running)
        barrier.wait()
        with mutex:
            running -= 1

    run_parallel(work, range(6), 2)
    assert most == 2


def test_an_error_is_raised():
    def work(item):
        if item == 3:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="3"):
        run_parallel(work, range(5), 2)


def test_nothing_to_do():
    assert run_parallel(str, [], 5) == []
