"""`migrate --only livekit-handover`: who is named, and what is said of the agents that are written with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.global_settings import Settings
from reconciler.cli.stdio import say

if TYPE_CHECKING:
    from reconciler.api.export_target import TargetExport
    from reconciler.core.migrating.migration import Answers
    from reconciler.core.migrating.migration_result import MigrationResult


def named_answers(settings: Settings, words: tuple[str, ...], given: Answers) -> Answers:
    """The personas that `words` name (addresses or files) are handed over, unless `--answer` says otherwise."""
    from reconciler.api.livekit_handover import name_personas
    from reconciler.core.migrating.answers import merge_answers
    from reconciler.manifests.project.project_file import load_project

    where = settings.project if settings.project is not None else "."
    project = load_project(where, manifests=settings.manifests or None)
    return merge_answers(name_personas(project, words), given)


def agents_of(settings: Settings, result: MigrationResult, folder: str | None) -> TargetExport | None:
    """The agents for the personas that leave in this run, not written yet; None where nobody leaves."""
    from reconciler.api.livekit_handover import handed_over, prepare_agents

    if not handed_over(result):
        return None
    from reconciler.cli.composition import open_run

    return prepare_agents(open_run(settings), result, folder)


def tell_agents(agents: TargetExport | None, *, written: bool) -> None:
    """Where the agents are, and what they could not take along; beside the report, on standard error."""
    if agents is None:
        return
    say(f"the agents hold what the workspace {agents.workspace} says; -w chooses another")
    word = "wrote" if written else "would write"
    for path in agents.written:
        say(f"{word} {path}")
    for one in agents.personas:
        for remark in one.not_carried:
            say(f"{one.address}: not carried: {remark.path}: {remark.reason}")
        for warning in one.warnings:
            say(f"{one.address}: warning: {warning}")
    if written:
        for line in agents.target.next_steps[:2]:
            say(line)
