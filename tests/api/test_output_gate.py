"""A listener that raises stops nothing."""

from __future__ import annotations

import pytest

from reconciler.api.output_gate import guarded_listener
from reconciler.types.event import Notice


def test_what_a_listener_raises_is_a_warning_once():
    heard_so_far = []

    def listener(event):
        heard_so_far.append(event)
        raise ValueError("not now")

    emit = guarded_listener(listener)
    with pytest.warns(RuntimeWarning, match="ValueError: not now") as caught:
        emit(Notice("a"))
        emit(Notice("b"))
    assert len(caught) == 1
    assert [event.message for event in heard_so_far] == ["a", "b"]
