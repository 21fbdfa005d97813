"""The history in the document: nothing where there is none, one line an entry, there and back."""

from __future__ import annotations

import json

from reconciler.core.state.history_lines import history_from_json, history_lines, running_from_json, running_line
from reconciler.types.history import Anchor, History, HistoryEntry, RunHeader, Running
from tests.support.making import at

HEADER = RunHeader("apply", "ann@host")


def test_no_history_is_no_line():
    assert history_lines(History()) == []
    assert running_line(None) == []
    assert history_from_json(None, "") == History()
    assert running_from_json(None, "") is None


def test_one_line_an_entry_and_back():
    entries = tuple(HistoryEntry(n, n, n - 1, HEADER, "done", {"added": n}, "x", "d") for n in (1, 2, 3))
    history = History(Anchor(0, 0, ""), entries)
    lines = history_lines(history)
    assert len(lines) == 5
    document = json.loads("{" + "".join(lines).rstrip(",") + "}")
    assert history_from_json(document["history"], "/history") == history


def test_a_run_and_back():
    running = Running(HEADER, {at("persona.a"): "x"}, frozenset({at("persona.a")}))
    document = json.loads("{" + running_line(running)[0].rstrip(",") + "}")
    assert running_from_json(document["running"], "/running") == running
