"""`--migrate` of plan and apply: the manifests as `reconciler migrate` would write them, without writing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api.connect import open_provider, read_state
from reconciler.api.manifests import known_secrets, read_manifests
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.core.migration import Held
    from reconciler.core.migration_result import MigrationResult, Outcome
    from reconciler.types.address import Address
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.options import PlanOptions


def migrate_if_configured(session: Session, options: PlanOptions) -> tuple[Session, PlanOptions, tuple[str, ...]]:
    """The run and the flags with the workspace's `migrate` word followed, and lines for a person.

    `auto` is as if `--migrate` were given, save where nothing of the manifests is written. Raises `UsageError` for
    `--migrate` where the project file says off.
    """
    word = session.workspace.migrate
    if options.migrate and word == "off":
        raise UsageError(
            f"--migrate: the project file says `migrate: off` for workspace {session.workspace.name!r}",
            hint="`reconciler migrate --write` rewrites the files themselves",
        )
    idle = options.destroy or options.refresh_only
    if not options.migrate and (word != "auto" or idle):
        return session, options, ()
    ahead, notes = migrated_session(session, options)
    said = () if not options.migrate and ahead.sources.texts is session.sources.texts else notes
    return ahead, replace(options, migrate=True), said


def migrated_session(session: Session, options: PlanOptions) -> tuple[Session, tuple[str, ...]]:
    """The run over the migrated texts, and a line for a person about what that means.

    Only what is automatic, or answered in the project file, is migrated; nobody is asked. A change is made where it
    is possible in this workspace, and only to what the run looks at. The files stay as they are until
    `reconciler migrate --write`; with `--ref` they are those of the commit.
    """
    from reconciler.api.migrate import read_migration
    from reconciler.core.migration import choose_migrations
    from reconciler.core.migration_result import Status
    from reconciler.manifests.tree.git_tree import open_tree

    sources = session.sources
    options = _expanded(session, options)
    tree, close = open_tree(session.project, sources.ref)
    try:
        migration = read_migration(
            session.project, sources.paths, choose_migrations(session.platform.migrations), {},
            tree=tree if sources.ref else None,
            workspace=session.workspace.name, addresses=_in_scope(session, options), excluded=options.excludes,
        )  # fmt: skip
        result = alone = migration.once(migration.options.answers)
        if held := _look(session, alone):
            looking = replace(migration.options, account=held)
            result = replace(migration, options=looking).once(migration.options.answers)
    finally:
        close()
    home = Path(session.project.home)
    places = {file.path: file.place for file in migration.raw.files}
    texts = {places.get(file.path, str(home / file.path)): file.after for file in result.files}
    session = session.with_sources(unmoved=tuple(map(_unmoved, result.of(Status.REFUSED))))
    asked = _asked(result, alone)
    left = len(result.questions) - len(asked)
    verb = "question of migrate is" if left == 1 else "questions of migrate are"
    told = (*((f"{left} {verb} open: reconciler migrate shows them.",) if left else ()), *asked)
    if not texts:
        nothing = "Nothing can be migrated." if session.sources.unmoved or told else "There is nothing to migrate."
        return session, (nothing, *told)
    count = f"{len(texts)} file{'' if len(texts) == 1 else 's'}"
    note = f"Planned with {count} as `reconciler migrate` would write them; --write keeps them that way."
    return session.with_sources(texts=texts), (note, *told)


def _unmoved(outcome: Outcome) -> Diagnostic:
    """A change that was not made, with the reason."""
    from reconciler.types.diagnostic import Diagnostic, Severity

    summary = f"not migrated: {outcome.finding.summary}; {outcome.reason}"
    return Diagnostic("E-left", Severity.WARNING, summary, address=outcome.address)


def _expanded(session: Session, options: PlanOptions) -> PlanOptions:
    """The options with patterns of addresses replaced by what they fit in the files and the state."""
    from reconciler.core.planning.run_scope import expand_options, is_pattern
    from reconciler.core.planning.selection_check import addresses_of

    if not any(map(is_pattern, (*options.targets, *options.excludes))):
        return options
    manifests, _ = read_manifests(session)
    return expand_options(options, addresses_of(manifests, read_state(session)))


def _in_scope(session: Session, options: PlanOptions) -> Callable[[Address], bool] | None:
    """Whether a resource is among what the run looks at; None where that is everything."""
    if not (options.targets or options.excludes or options.selector):
        return None
    from reconciler.core.canonical.references import resources_of
    from reconciler.core.planning.run_scope import select_scope
    from reconciler.types.state import State

    manifests, _ = read_manifests(session)
    found = select_scope(resources_of(manifests.manifests), State(""), options, manifests.paths)
    return found.wanted.__contains__


def _look(session: Session, result: MigrationResult) -> dict[str, dict[str, Held]]:
    """What the account holds of the kinds that the migration would write new manifests of, by name; less what an
    earlier apply made of such a manifest, and items of other objects (the guardrails of a set), which no manifest
    ever takes over. Nothing is read where there is none. Raises `ProviderError`."""
    from reconciler.core.canonical.canonical_form import comparable_document
    from reconciler.core.canonical.vocabulary import live_document
    from reconciler.core.migration import Held
    from reconciler.core.migration_result import Status
    from reconciler.core.planning.attachments import item_ids, shadows
    from reconciler.types.address import Address

    found = (*result.of(Status.DONE), *result.of(Status.REFUSED))
    documents = [document for outcome in found for document in outcome.finding.documents]
    words, migrations = session.workspace.kinds.by_manifest_kind, session.platform.migrations
    wanted = {words[word].name for document in documents if (word := str(document.document.get("kind"))) in words}
    wanted |= {about for outcome in result.of(Status.OPEN) if (about := migrations.get(outcome.id).asks_about)}
    held: dict[str, dict[str, Held]] = {}
    if not wanted:
        return held
    state = read_state(session)
    with open_provider(session, known_secrets(session), reading=True) as provider, session.hooks.abortable():
        for name in sorted(wanted & set(provider.kinds)):
            listed = provider.list(name).objects.values()
            holders = shadows([name], provider.kinds) if listed else ()
            items = {
                id
                for holder, pointer, _ in holders
                for id in item_ids(provider.list(holder), pointer, provider.kinds.get(name))
            }
            for live in listed:
                ours = state.resources.get(Address(name, live.name or ""))
                if live.name and live.id not in items and (ours is None or ours.id != live.id):
                    body = comparable_document(live.kind, live_document(live.kind, live))
                    held.setdefault(name, {}).setdefault(live.name, Held(live.id, body))
    return held


def _asked(result: MigrationResult, alone: MigrationResult) -> tuple[str, ...]:
    """A line for each question that only the look at the account brought up: `reconciler migrate` cannot show it."""
    known = {(name, question.key) for name, question in alone.questions}
    return tuple(
        f"{question.text} It stays as it is until the project file answers: migrations: {{{name}: {{{question.key}: "
        f"keep | theirs | a new name}}}}"
        for name, question in result.questions
        if (name, question.key) not in known
    )
