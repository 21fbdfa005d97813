"""Metrics of a running watcher in Prometheus' text format: one line here a metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from reconciler.core.text import visible
from reconciler.types.watch import Seen, Status
from reconciler.version import __version__

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Values: TypeAlias = Mapping[str, float]
"""Values by that of the label beside `workspace`; of a metric without one the key is empty."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; every one has the label `workspace`."""

    name: str
    type: str
    """gauge | counter"""
    help: str
    values: Callable[[Seen], Values]
    label: str | None = None
    """A second label."""


def _moment(moment: datetime | None) -> Values:
    return {} if moment is None else {"": moment.timestamp()}


METRICS = (
    Metric(
        "reconciler_watch_status", "gauge", "1 for the status that the workspace has, 0 for every other one.",
        lambda seen: {one.value: float(seen.status is one) for one in Status}, "status",
    ),
    Metric(
        "reconciler_watch_status_since_seconds", "gauge", "When it became that, as a Unix time.",
        lambda seen: _moment(seen.memory.since if seen.round else None),
    ),
    Metric(
        "reconciler_watch_last_round_seconds", "gauge", "When the last round began, as a Unix time.",
        lambda seen: _moment(seen.looked),
    ),
    Metric(
        "reconciler_watch_next_round_seconds", "gauge",
        "When the next round is due, as a Unix time; missing while one is under way.",
        lambda seen: _moment(seen.next),
    ),
    Metric(
        "reconciler_watch_rounds_total", "counter", "Rounds since the watcher began, by how they ended.",
        lambda seen: {one.value: float(seen.rounds.get(one.value, 0)) for one in Status}, "status",
    ),
    Metric(
        "reconciler_watch_writes_total", "counter", "Rounds since the watcher began that sent something.",
        lambda seen: {"": float(seen.writes)},
    ),
    Metric(
        "reconciler_watch_failures", "gauge", "Rounds in a row that failed.",
        lambda seen: {"": float(seen.memory.failures)},
    ),
    Metric(
        "reconciler_watch_heals", "gauge", "How often in a row the same drift was put back.",
        lambda seen: {"": float(seen.memory.heals)},
    ),
    Metric(
        "reconciler_watch_changes", "gauge", "Changes that the last round found, by action.",
        lambda seen: {} if seen.round is None else {name: float(count) for name, count in seen.round.counts.items()},
        "action",
    ),
)  # fmt: skip


def metrics_text(workspaces: Sequence[Seen]) -> str:
    """All metrics of all workspaces."""
    return "".join(f"{line}\n" for line in _lines(workspaces))


def _lines(workspaces: Sequence[Seen]) -> Iterator[str]:
    yield "# HELP reconciler_build_info The version of the watcher."
    yield "# TYPE reconciler_build_info gauge"
    yield f'reconciler_build_info{{version="{_label(__version__)}"}} 1'
    for metric in METRICS:
        yield f"# HELP {metric.name} {metric.help}"
        yield f"# TYPE {metric.name} {metric.type}"
        for seen in workspaces:
            for value, number in metric.values(seen).items():
                second = f',{metric.label}="{_label(value)}"' if metric.label else ""
                yield f'{metric.name}{{workspace="{_label(seen.workspace)}"{second}}} {number:.15g}'


def _label(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
