"""The report as metrics: OpenMetrics 1.0, and the older text form for the node exporter's textfile collector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.core.text import visible
from reconciler.reporters.plan_json import all_diagnostics
from reconciler.types.change import Direction
from reconciler.types.diagnostic import Severity
from reconciler.types.plan import Obstacle, Plan
from reconciler.types.report import Report, Style
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
    incomplete: dict[_Labels, int] = {(("reason", one.value),): obstacles.count(one) for one in Obstacle}
    yield _Family("reconciler_incomplete", "Fields and objects that could not be compared.", incomplete)
    yield _Family("reconciler_unmanaged_objects", "Objects that no manifest claims.", {(): summary.unmanaged})


def _label(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
