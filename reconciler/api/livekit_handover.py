"""The hand-over of personas to LiveKit agents: who is meant, and the agents that take in what leaves the files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.api.export_target import TargetExport
    from reconciler.api.session import Opened
    from reconciler.core.migrating.migration import Answers
    from reconciler.core.migrating.migration_result import MigrationResult
    from reconciler.types.address import Address
    from reconciler.types.project import Project

NAME = "livekit-handover"


def is_handover(requested: frozenset[str]) -> bool:
    """Whether a run is asked for this migration and no other."""
    return requested == {NAME}


def name_personas(project: Project, words: Sequence[str]) -> Answers:
    """The answers of somebody who names personas, by address or by the files they stand in: these, and no others.

    Overlays of a persona change with it, wherever they lie, so the whole project is looked at.
    Raises `UsageError` for an address that no manifest has, or a path that does not exist.
    """
    from reconciler.core.migrating.migration import ANY, KEEP
    from reconciler.errors import UsageError
    from reconciler.manifests.edit.source_files import TextEditor, read_sources
    from reconciler.types.address import Address

    addresses = [word for word in words if not os.path.exists(word) and _is_persona(word)]  # noqa: PTH110
    paths = [word for word in words if word not in addresses]
    editor, known, found = TextEditor(), set[Address](), set[Address]()
    for file in read_sources(project, paths).files:
        drafts = editor.open(file.path, file.data, overlay=file.overlay).drafts
        here = {one.address for one in drafts if one.address.kind == "persona" and not file.overlay}
        known |= here
        found |= here if file.selected and paths else set()
    for word in addresses:
        if Address.parse(word) not in known:
            names = ", ".join(sorted(map(str, known))[:20])
            raise UsageError(f"no manifest is {word}", hint=f"known: {names}" if names else None)
    chosen = {*addresses, *map(str, found)}
    return {NAME: {ANY: KEEP, **dict.fromkeys(sorted(chosen), "handover")}}


def _is_persona(word: str) -> bool:
    from reconciler.types.address import Address

    try:
        return Address.parse(word).kind == "persona"
    except ValueError:
        return False


def handed_over(result: MigrationResult) -> frozenset[Address]:
    """The personas that leave for an agent in this run."""
    from reconciler.core.migrating.migration_result import Status

    return frozenset(one.address for one in result.of(Status.DONE) if one.name == NAME)


def prepare_agents(run: Opened, result: MigrationResult, folder: str | None = None) -> TargetExport | None:
    """The agents for what leaves the manifests, out of the manifests as they are now; None where nobody leaves.

    Raises `ReconcilerError` where an agent that is there was changed by hand: nothing may be written then.
    """
    from reconciler.api.export_target import prepare_target

    leaving = handed_over(result)
    return prepare_target(run, "livekit", folder, only=leaving) if leaving else None
