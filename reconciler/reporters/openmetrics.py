"""Reports and running watchers as metrics: OpenMetrics 1.0, and the older form of Prometheus' text files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

from reconciler.core.text import visible
from reconciler.reporters.plan_json import all_diagnostics
from reconciler.types.change import Direction
from reconciler.types.diagnostic import Severity
from reconciler.types.plan import Obstacle, Plan
from reconciler.types.report import Report, Style
from reconciler.types.watch import Seen, Status, WorkerCounts
from reconciler.version import __version__

OUTCOMES = ("done", "failed", "skipped")
_Labels: TypeAlias = "tuple[tuple[str, str], ...]"


@dataclass(frozen=True, slots=True)
class _Family:
    """One metric, a gauge: a report is a snapshot. Values by the labels beside `workspace`."""

    name: str
    help: str
    values: Mapping[_Labels, int]


def render(report: Report, style: Style) -> str:
    """OpenMetrics: content type application/openmetrics-text, ends with `# EOF`."""
    return "\n".join([*_lines(report), "# EOF"]) + "\n"


def render_textfile(report: Report, style: Style) -> str:
    """The Prometheus text format. Write it to a temporary name and rename it: the collector reads at any time."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    workspace = report.workspace or (report.plan.workspace if report.plan else "")
    for family in _families(report):
        yield f"# HELP {family.name} {family.help}"
        yield f"# TYPE {family.name} gauge"
        for labels, value in family.values.items():
            inside = ",".join(f'{name}="{_label(text)}"' for name, text in (("workspace", workspace), *labels))
            yield f"{family.name}{{{inside}}} {value}"


def _families(report: Report) -> Iterator[_Family]:
    if report.plan and report.plan.options.flags:
        given: dict[_Labels, int] = {(("flag", flag),): 1 for flag in report.plan.options.flags}
        yield _Family("reconciler_plan_flags", "What the plan was made with, beyond its manifests.", given)
    version: dict[_Labels, int] = {(("version", __version__), ("verb", report.verb)): 1}
    yield _Family("reconciler_build_info", "The version that made this report.", version)
    yield _Family("reconciler_up", "Whether the run got to see what it was to look at.", {(): int(report.reached)})
    yield _Family("reconciler_exit_code", "Exit code of the run.", {(): report.exit_code})
    severities = [diagnostic.severity for diagnostic in all_diagnostics(report)]
    found: dict[_Labels, int] = {(("severity", severity.value),): severities.count(severity) for severity in Severity}
    yield _Family("reconciler_findings", "Findings about the manifests.", found)
    if report.plan and report.result is None:
        yield from _of_plan(report.plan)
    if report.result:
        result = report.result
        outcomes: dict[_Labels, int] = {(("outcome", word),): result.count(word) for word in OUTCOMES}
        yield _Family("reconciler_apply_steps", "Steps of the apply by outcome.", outcomes)
        yield _Family("reconciler_state_serial", "Serial of the state after the apply.", {(): result.serial})


def _of_plan(plan: Plan) -> Iterator[_Family]:
    summary = plan.summary
    actions = {
        "import": summary.imported,
        "create": summary.added,
        "update": summary.changed,
        "delete": summary.destroyed,
        "move": summary.moved,
        "forget": summary.forgotten,
        "adopt": summary.adopted,
    }
    planned: dict[_Labels, int] = {(("action", action),): count for action, count in actions.items()}
    yield _Family("reconciler_planned_changes", "Changes that an apply would make.", planned)
    yield _Family("reconciler_blocks", "Rules that refuse the plan.", {(): len(plan.all_blocks)})
    gone = sum(any(not change.path for change in item.changes) for item in plan.drift)
    drifted: dict[_Labels, int] = {(("fate", "edited"),): len(plan.drift) - gone, (("fate", "deleted"),): gone}
    yield _Family("reconciler_drifted_objects", "Managed objects changed outside of manifests.", drifted)
    directions = [change.direction for item in plan.drift for change in item.changes]
    fields: dict[_Labels, int] = {
        (("direction", one.value),): directions.count(one)
        for one in (Direction.LIVE, Direction.BOTH, Direction.VENDOR)
    }
    yield _Family("reconciler_drifted_fields", "Managed fields changed outside of manifests.", fields)
    yield _Family("reconciler_unchanged_resources", "Resources in sync.", {(): summary.unchanged})
    obstacles = [one.obstacle for one in plan.incomplete]
    incomplete: dict[_Labels, int] = {
        (("reason", obstacle.value),): obstacles.count(obstacle) for obstacle in Obstacle
    }
    yield _Family("reconciler_incomplete", "Fields and objects that could not be compared.", incomplete)
    yield _Family("reconciler_unmanaged_objects", "Objects that no manifest claims.", {(): summary.unmanaged})


def _label(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
T = TypeVar("T")
Values: TypeAlias = Mapping[str, float]
"""Values by that of its own label; of a metric without one the key is empty."""


@dataclass(frozen=True, slots=True)
class Metric(Generic[T]):
    """One metric of a `T`; every one of a workspace has the label `workspace`."""

    name: str
    type: str
    """gauge | counter"""
    help: str
    values: Callable[[T], Values]
    label: str | None = None
    """One more label."""


def _moment(moment: datetime | None) -> Values:
    return {} if moment is None else {"": moment.timestamp()}


METRICS: tuple[Metric[Seen], ...] = (
    Metric(
        "reconciler_watch_status", "gauge", "1 for the status that the workspace has, 0 for every other one.",
        lambda seen: {status.value: float(seen.status is status) for status in Status}, "status",
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
        lambda seen: {status.value: float(seen.rounds.get(status.value, 0)) for status in Status}, "status",
    ),
    Metric(
        "reconciler_watch_writes_total", "counter", "Rounds since the watcher began that sent something.",
        lambda seen: {"": float(seen.writes)},
    ),
    Metric(
        "reconciler_watch_requests_total", "counter", "Requests that rounds sent to the account.",
        lambda seen: {"": float(seen.requests)},
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
        "reconciler_watch_stretch", "gauge",
        "How many times as long as the project file says its pauses are, for the account to carry them.",
        lambda seen: {"": seen.memory.stretch},
    ),
    Metric(
        "reconciler_watch_changes", "gauge", "Changes that the last round found, by action.",
        lambda seen: {} if seen.round is None else {name: float(count) for name, count in seen.round.counts.items()},
        "action",
    ),
)  # fmt: skip


def metrics_text(workspaces: Sequence[Seen]) -> str:
    """All metrics of all workspaces."""
    return "".join(f"{line}\n" for line in _watch_lines(workspaces))


def _watch_lines(workspaces: Sequence[Seen]) -> Iterator[str]:
    yield from _head("reconciler_build_info", "gauge", "The version of the watcher.")
    yield f'reconciler_build_info{{version="{_label(__version__)}"}} 1'
    for metric in METRICS:
        yield from _head(metric.name, metric.type, metric.help)
        for seen in workspaces:
            yield from _samples(metric, seen, workspace=seen.workspace)


def _head(name: str, type: str, help: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {type}"


def _samples(metric: Metric[T], of: T, **labels: str) -> Iterator[str]:
    for value, number in metric.values(of).items():
        named = labels | ({metric.label: value} if metric.label else {})
        inside = ",".join(f'{name}="{_label(text)}"' for name, text in named.items())
        yield f"{metric.name}{f'{{{inside}}}' if inside else ''} {number:.15g}"


WORKER_METRICS: tuple[Metric[WorkerCounts], ...] = (
    Metric(
        "reconciler_worker_rounds_total", "counter", "Rounds since this worker began, by how they ended.",
        lambda counts: {status.value: float(counts.rounds.get(status.value, 0)) for status in Status}, "status",
    ),
    Metric(
        "reconciler_worker_rounds_running", "gauge", "Rounds that are under way.",
        lambda counts: {"": float(counts.running)},
    ),
    Metric(
        "reconciler_worker_requests_total", "counter", "Requests that its rounds sent to accounts.",
        lambda counts: {"": float(counts.requests)},
    ),
)  # fmt: skip


def worker_metrics(counts: WorkerCounts) -> str:
    """All metrics of a worker."""
    lines = [*_head("reconciler_build_info", "gauge", "The version of the worker.")]
    lines.append(f'reconciler_build_info{{version="{_label(__version__)}"}} 1')
    for metric in WORKER_METRICS:
        lines += [*_head(metric.name, metric.type, metric.help), *_samples(metric, counts)]
    return "".join(f"{line}\n" for line in lines)
