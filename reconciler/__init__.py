"""Conversational-agent personas as code: plan, apply, drift and migrate.

The public interface is what `__all__` names; each name is imported when it is first used.

    from reconciler import open_project, render

    with open_project("manifests", workspace="sandbox") as project:
        plan = project.plan()
        print(render(plan))
        project.apply(plan)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.version import __version__ as __version__

if TYPE_CHECKING:
    from reconciler.api.export import Exported as Exported
    from reconciler.api.export import ExportedFile as ExportedFile
    from reconciler.api.offline import load_catalogue as load_catalogue
    from reconciler.api.offline import load_plan as load_plan
    from reconciler.api.offline import manifest_schema as manifest_schema
    from reconciler.api.plan import Accepted as Accepted
    from reconciler.api.project import OpenedProject as OpenedProject
    from reconciler.api.project import open_project as open_project
    from reconciler.api.render import render as render
    from reconciler.api.state import ProjectState as ProjectState
    from reconciler.core.migration_result import MigrationResult as MigrationResult
    from reconciler.core.planning.plan_file import dump_plan as dump_plan
    from reconciler.errors import AuthRefused as AuthRefused
    from reconciler.errors import IncompleteList as IncompleteList
    from reconciler.errors import Interrupted as Interrupted
    from reconciler.errors import MakerConflict as MakerConflict
    from reconciler.errors import ManifestError as ManifestError
    from reconciler.errors import NotFound as NotFound
    from reconciler.errors import NothingFound as NothingFound
    from reconciler.errors import NotTrusted as NotTrusted
    from reconciler.errors import OutcomeUnknown as OutcomeUnknown
    from reconciler.errors import PlanBlocked as PlanBlocked
    from reconciler.errors import PlanError as PlanError
    from reconciler.errors import PlanStale as PlanStale
    from reconciler.errors import PlanUnreadable as PlanUnreadable
    from reconciler.errors import ProviderError as ProviderError
    from reconciler.errors import ReconcilerError as ReconcilerError
    from reconciler.errors import Rejected as Rejected
    from reconciler.errors import SecretMissing as SecretMissing
    from reconciler.errors import SourceAway as SourceAway
    from reconciler.errors import StateError as StateError
    from reconciler.errors import StateLocked as StateLocked
    from reconciler.errors import StateMoved as StateMoved
    from reconciler.errors import StateUnreadable as StateUnreadable
    from reconciler.errors import Unavailable as Unavailable
    from reconciler.errors import UnknownAddress as UnknownAddress
    from reconciler.errors import Unreachable as Unreachable
    from reconciler.errors import UsageError as UsageError
    from reconciler.errors import WriteRefused as WriteRefused
    from reconciler.types.address import Address as Address
    from reconciler.types.change import Action as Action
    from reconciler.types.change import Block as Block
    from reconciler.types.change import Change as Change
    from reconciler.types.change import Direction as Direction
    from reconciler.types.change import Request as Request
    from reconciler.types.diagnostic import Diagnostic as Diagnostic
    from reconciler.types.diagnostic import Severity as Severity
    from reconciler.types.event import Event as Event
    from reconciler.types.history import HistoryEntry as HistoryEntry
    from reconciler.types.history import RunHeader as RunHeader
    from reconciler.types.plan import DriftField as DriftField
    from reconciler.types.plan import DriftItem as DriftItem
    from reconciler.types.plan import Incomplete as Incomplete
    from reconciler.types.plan import Obstacle as Obstacle
    from reconciler.types.plan import Plan as Plan
    from reconciler.types.plan import Summary as Summary
    from reconciler.types.report import ApplyResult as ApplyResult
    from reconciler.types.report import Report as Report
    from reconciler.types.report import StepResult as StepResult
    from reconciler.types.report import Style as Style
    from reconciler.types.state import Entry as Entry
    from reconciler.types.state import State as State

EXPORTS = {
    "reconciler.api.plan": ("Accepted",),
    "reconciler.api.export": ("Exported", "ExportedFile"),
    "reconciler.api.offline": ("load_catalogue", "load_plan", "manifest_schema"),
    "reconciler.api.project": ("OpenedProject", "open_project"),
    "reconciler.api.render": ("render",),
    "reconciler.api.state": ("ProjectState",),
    "reconciler.core.planning.plan_file": ("dump_plan",),
    "reconciler.errors": (
        "AuthRefused", "IncompleteList", "Interrupted", "MakerConflict", "ManifestError", "NotFound",
        "NothingFound", "NotTrusted", "OutcomeUnknown", "PlanBlocked", "PlanError", "PlanStale", "PlanUnreadable",
        "ProviderError", "ReconcilerError", "Rejected", "SecretMissing", "SourceAway", "StateError", "StateLocked",
        "StateMoved", "StateUnreadable", "Unavailable", "UnknownAddress", "Unreachable", "UsageError", "WriteRefused",
    ),
    "reconciler.core.migration_result": ("MigrationResult",),
    "reconciler.types.address": ("Address",),
    "reconciler.types.change": ("Action", "Block", "Change", "Direction", "Request"),
    "reconciler.types.diagnostic": ("Diagnostic", "Severity"),
    "reconciler.types.event": ("Event",),
    "reconciler.types.history": ("HistoryEntry", "RunHeader"),
    "reconciler.types.plan": ("DriftField", "DriftItem", "Incomplete", "Obstacle", "Plan", "Summary"),
    "reconciler.types.report": ("ApplyResult", "Report", "StepResult", "Style"),
    "reconciler.types.state": ("Entry", "State"),
}  # fmt: skip
"""Where each public name lives; the block above says the same to type checkers."""

PLACES = {name: module for module, names in EXPORTS.items() for name in names}

__all__ = sorted(["__version__", *PLACES])  # noqa: PLE0605


def __getattr__(name: str) -> object:
    """Import a public name when it is asked for: `import reconciler` costs nothing."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *PLACES})
