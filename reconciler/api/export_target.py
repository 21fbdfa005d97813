"""Agents for another platform, out of the manifests or the account; and the hand-over of personas to them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api.connect import read_state, reading_run
from reconciler.api.manifests import catalogue_of, known_secrets, manifest_notes, read_manifests
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.core.export.target import Generated, Knowledge, Subject, Target
    from reconciler.core.migration import Answers
    from reconciler.core.migration_result import MigrationResult
    from reconciler.fsio import Replacement
    from reconciler.types.address import Address
    from reconciler.types.project import Project

ACCOUNT = "account"
MANIFESTS = "manifests"


@dataclass(frozen=True, slots=True)
class TargetExport:
    """What an export for a target made; the files are there unless it was only prepared."""

    target: Target
    folder: str
    personas: tuple[Generated, ...]
    changes: tuple[Replacement, ...]
    """The files that had to be written."""
    kept: tuple[str, ...] = ()
    """Files of a person that were there."""
    notes: tuple[str, ...] = ()
    workspace: str = ""
    """Whose overlays, or whose account, the personas were read with."""

    @property
    def written(self) -> tuple[str, ...]:
        """Paths of the files that had to be written, as the caller knows the folder."""
        return tuple(change.shown for change in self.changes)


def export_target(
    session: Session,
    name: str,
    folder: str | None,
    names: Sequence[str] = (),
    *,
    origin: str = MANIFESTS,
    language: str = "",
    force: bool = False,
) -> TargetExport:
    """Write the files of the target `name` for the personas whose names fit; all of them, or none.

    `origin` is where the personas are read: `manifests` or `account` (with GET requests only). `language` is one of
    the target's, its first where empty.
    Raises `UsageError` for an unknown target or language or a name that no persona bears, `ManifestError`,
    `ProviderError`, and `ReconcilerError` with every generated file that somebody changed, unless `force`.
    """
    from reconciler.api.paths import write_files

    made = prepare_target(session, name, folder, names, origin=origin, language=language, force=force)
    write_files(made.changes)
    return made


def prepare_target(
    session: Session,
    name: str,
    folder: str | None,
    names: Sequence[str] = (),
    *,
    origin: str = MANIFESTS,
    language: str = "",
    force: bool = False,
    only: Collection[Address] | None = None,
) -> TargetExport:
    """The same without writing anything; `only` are the personas by address."""
    from reconciler.engine.export_account import choose_subjects
    from reconciler.platforms import TARGETS

    target = TARGETS.get(name)
    check_language(target, language)
    subjects, notes = read_subjects(session, origin, tuple(names), target.kind)
    chosen = set(choose_subjects(subjects, tuple(names)))
    if only is not None:
        chosen &= set(only)
    if names and not chosen:
        raise UsageError(f"no persona is called {' or '.join(names)}", hint=_known(subjects))
    made = [
        generated
        for generated in target.generate(subjects, knowledge(session, target, language))
        if generated.address in chosen
    ]
    place = folder or target.folder
    require_apart(session, place)
    read = reader_of(place)
    changes, kept = replacements(made, place, read, force=force)
    lacking = lacking_handlers(made, read)
    return TargetExport(
        target, place, tuple(made), tuple(changes), tuple(kept), (*notes, *lacking), session.workspace.name
    )


def check_language(target: Target, language: str) -> None:
    """Raises `UsageError` for a language that the target cannot write."""
    if language and language not in target.languages:
        raise UsageError(
            f"the target {target.name} writes no agents in {language}",
            hint=f"known: {', '.join(target.languages)}" if target.languages else None,
        )


def _known(subjects: Sequence[Subject]) -> str:
    names = [subject.address.name for subject in subjects]
    return f"known: {', '.join(names[:20])}{' ...' if len(names) > 20 else ''}" if names else "there are no personas"


def require_apart(session: Session, folder: str) -> None:
    """Settings are JSON: among the manifests they would be read as such."""
    from reconciler.manifests.tree.repository import inside

    target = os.path.realpath(folder)
    around = next((place for place in session.project.manifests if inside(target, os.path.realpath(place))), None)
    if around is not None and os.path.realpath(around) != os.path.realpath("."):
        raise UsageError(
            f"{folder} lies in {os.path.relpath(around)}, where every file is read as a manifest",
            hint="name a folder elsewhere",
        )


def read_subjects(
    session: Session, origin: str, names: tuple[str, ...], kind: str
) -> tuple[Sequence[Subject], list[str]]:
    """The personas, and what a person should know about the reading."""
    from reconciler.engine.export_account import subjects_of_account, subjects_of_manifests

    if origin == ACCOUNT:
        with reading_run(session, known_secrets(session)) as context:
            return subjects_of_account(read_state(session, context.store), context, names, kind), []
    manifests = read_manifests(session)[0]
    notes = list(manifest_notes(session, manifests))
    try:
        state = read_state(session)
    except ReconcilerError as problem:
        from reconciler.types.state import State

        state = State("", 0, session.workspace.name)
        notes.append(f"the state cannot be read, so ids are taken from manifests alone: {problem.message}")
    return subjects_of_manifests(manifests, state, kind), notes


def knowledge(session: Session, target: Target, language: str = "") -> Knowledge:
    """The project's catalogue, and the models that the target's installed package lists."""
    from reconciler.core.export.target import Knowledge

    models = target.installed() if target.installed is not None else None
    return Knowledge(catalogue_of(session), models, f"the installed {target.package}", language)


ReadFile = Callable[[str], bytes | None]
"""Gives what an export's folder has under a path, None where there is nothing."""


def reader_of(folder: str) -> ReadFile:
    """Reads each file of the folder once, however often it is asked for; raises what `read_inside` does."""
    return cache(partial(read_inside, folder))


def replacements(
    made: Sequence[Generated], folder: str, read: ReadFile, *, force: bool
) -> tuple[list[Replacement], list[str]]:
    """The files that have to be written, and those of a person that are there and stay.

    Raises `ReconcilerError` with every generated file that somebody changed, unless `force`.
    """
    from reconciler.core.export.target import is_untouched
    from reconciler.fsio import Replacement

    changes: list[Replacement] = []
    kept: list[str] = []
    touched: list[str] = []
    for file in (file for generated in made for file in generated.files):
        shown = f"{folder.rstrip('/')}/{file.path}"
        place = Path(folder).absolute() / file.path
        data = file.text.encode("utf-8")
        before = read(file.path)
        if before is not None and file.user_owned:
            kept.append(shown)
        elif before is None or before.replace(b"\r\n", b"\n") != data:
            if before is not None and not force and not is_untouched(before):
                touched.append(shown)
            changes.append(Replacement(str(place), before, data, shown))
    if touched:
        raise ReconcilerError(
            f"changed since they were generated: {', '.join(touched)}; nothing was written",
            hint="move your changes into the file of the tools beside them, or write over them with --force",
        )
    return changes, kept


def read_inside(folder: str, path: str) -> bytes | None:
    """The file `path` of an export's folder; None where there is none.

    Raises `ReconcilerError` where a link leads out of the folder, and where something else than a file is there.
    """
    from reconciler.api.paths import read_file
    from reconciler.manifests.tree.repository import inside

    place, shown = Path(folder).absolute() / path, f"{folder.rstrip('/')}/{path}"
    top = os.path.realpath(folder)
    for parent in (place, *place.parents):
        if not inside(str(parent), str(Path(folder).absolute())) or parent == Path(folder).absolute():
            break
        if parent.is_symlink() and not inside(os.path.realpath(parent), top):
            raise ReconcilerError(
                f"{shown}: {parent.name} is a link that leads out of {folder}; nothing was read or written there",
                hint="remove the link, or name the folder that is meant",
            )
    if not os.path.lexists(place):
        return None
    if not place.is_file():
        if place.is_symlink() and not place.exists():
            return None
        raise ReconcilerError(f"{shown} is no file, so nothing was written", hint="move it away")
    return read_file(place)


def lacking_handlers(made: Sequence[Generated], read: ReadFile) -> list[str]:
    """Tools that came later than the file with the handlers, which is never written again."""
    notes: list[str] = []
    for generated in made:
        for file in (file for file in generated.files if file.user_owned):
            data = read(file.path)
            if data is None:
                continue
            text = data.decode("utf-8", "replace")
            lacking = [name for name in generated.handlers if name not in text]
            if lacking:
                notes.append(f"{generated.address}: {file.path} has no handler for {', '.join(lacking)} yet")
    return notes


NAME = "livekit-handover"


def is_handover(requested: frozenset[str]) -> bool:
    """Whether a run is asked for this migration and no other."""
    return requested == {NAME}


def name_personas(project: Project, words: Sequence[str]) -> Answers:
    """The answers of somebody who names personas, by address or by the files they stand in: these, and no others.

    Overlays of a persona change with it, wherever they lie, so the whole project is looked at.
    Raises `UsageError` for an address that no manifest has, or a path that does not exist.
    """
    from reconciler.core.migration import ANY, KEEP
    from reconciler.errors import UsageError
    from reconciler.manifests.edit.source_files import TextEditor, read_sources
    from reconciler.types.address import Address

    addresses = [word for word in words if not os.path.exists(word) and _is_persona(word)]  # noqa: PTH110
    paths = [word for word in words if word not in addresses]
    editor, known, found = TextEditor(project.kinds), set[Address](), set[Address]()
    for file in read_sources(project, paths).files:
        drafts = editor.open(file.path, file.data, overlay=file.overlay).drafts
        here = {draft.address for draft in drafts if draft.address.kind == "persona" and not file.overlay}
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
    from reconciler.core.migration_result import Status

    return frozenset(outcome.address for outcome in result.of(Status.DONE) if outcome.name == NAME)


def prepare_agents(session: Session, result: MigrationResult, folder: str | None = None) -> TargetExport | None:
    """The agents for what leaves the manifests, out of the manifests as they are now; None where nobody leaves.

    Raises `ReconcilerError` where an agent that is there was changed by hand: nothing may be written then.
    """
    leaving = handed_over(result)
    return prepare_target(session, "livekit", folder, only=leaving) if leaving else None
