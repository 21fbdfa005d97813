"""`open_project`: the verbs of the command line as methods of one object."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Unpack, overload

from reconciler.api.boundary import (
    Choice,
    PlanFlags,
    guarded_listener,
    open_gate,
    parse_address,
    plan_options,
    redact_errors,
    redacting,
)
from reconciler.api.session import Session, Sources, SystemClock, choose_project, report_project
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.api.export import Exported
    from reconciler.api.export_target import TargetExport
    from reconciler.api.plan import Accepted
    from reconciler.api.state import ProjectState
    from reconciler.api.target_drift import TargetDrift
    from reconciler.core.migration_result import MigrationResult
    from reconciler.types.address import Address
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.event import Event
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.plan import Plan
    from reconciler.types.report import ApplyResult, Report


@redact_errors
class OpenedProject:
    """A project with one of its workspaces; made by `open_project`.

    Every verb reads the files and the account afresh and closes its connections before it returns. What is wrong is
    raised as a `ReconcilerError`; one failed change of an apply is no exception but a step of its result.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def __enter__(self) -> OpenedProject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close = getattr(self.session.emit, "close", None)
        if close is not None:
            close()

    @property
    def workspace(self) -> str:
        """The name of the workspace."""
        return self.session.workspace.name

    def in_workspace(self, name: str) -> OpenedProject:
        """The same project with another of its workspaces: the project file is not read again, and files that
        are as they were are not parsed again. Raises `UsageError` for an unknown one."""
        return OpenedProject(self.session.in_workspace(name))

    @property
    def state(self) -> ProjectState:
        """The state of the workspace: `list()`, `show()`, `history()`, `rollback()` and so on."""
        from reconciler.api.state import ProjectState

        return ProjectState(self.session)

    def validate(self, *, strict: bool = False, allow_empty: bool = False) -> tuple[Diagnostic, ...]:
        """Every finding about the manifests, in the order of the files; offline. `strict`: warnings are errors.

        Raises `NothingFound` where there is nothing to validate, unless that is allowed.
        """
        from reconciler.api.validate import check

        return check(self.session, strict=strict, allow_empty=allow_empty)[0]

    def plan(self, *, stop: Callable[[], bool] = lambda: False, **flags: Unpack[PlanFlags]) -> Plan:
        """What an apply would do. Cannot write, by construction. `dump_plan` makes a file of it.

        Once `stop` returns True, waits end and no other step begins: `Interrupted`.
        Raises `ManifestError` and `PlanError` with all findings, `ProviderError`, `StateError`.
        """
        from reconciler.api.plan import plan_now

        return plan_now(replace(self.session, stop=stop), plan_options(**flags, record=True)).plan

    def compare(self, workspace: str, **choice: Unpack[Choice]) -> Report:
        """This workspace beside another one: what promoting would change there. Its `comparison` has each address,
        its `plan` is that of the other workspace; `render` shows both. Writes to neither. Raises what `plan` does."""
        from reconciler.api.compare import compare_now

        return compare_now(self.session, workspace, plan_options(**choice)).report()

    @overload
    def apply(
        self, plan: Plan, *, force_maker: bool = ..., lock_timeout: float = ..., stop: Callable[[], bool] = ...,
        accept_account: bool = ...,
    ) -> ApplyResult: ...  # fmt: skip

    @overload
    def apply(
        self, plan: None = None, *, confirm: Callable[[Plan], bool] = ..., force_maker: bool = ...,
        lock_timeout: float = ..., stop: Callable[[], bool] = ..., **flags: Unpack[PlanFlags],
    ) -> ApplyResult | None: ...  # fmt: skip

    def apply(
        self,
        plan: Plan | None = None,
        *,
        confirm: Callable[[Plan], bool] = lambda plan: True,
        force_maker: bool = False,
        lock_timeout: float = 0.0,
        stop: Callable[[], bool] = lambda: False,
        **flags: Unpack[PlanFlags],
    ) -> ApplyResult | None:
        """Carry out exactly `plan`; without one, make it under the lock and ask `confirm` (None: it said no).

        `lock_timeout` in seconds; once `stop` returns True, running requests end and nothing new begins.
        Raises `PlanBlocked`, `PlanStale`, `StateLocked`, `SecretMissing`, `ManifestError`, `ProviderError` before
        anything is sent, and `UsageError` for flags that would change a plan that is made already.
        """
        from reconciler.api.apply import apply_now, apply_options, apply_plan

        session = replace(self.session, stop=stop)
        how = apply_options(
            session, force_maker=force_maker, lock_timeout=lock_timeout,
            accept_account=flags.get("accept_account", False),
        )  # fmt: skip
        if plan is not None:
            wrong = sorted(flags.keys() - {"accept_account"})
            if wrong:
                raise UsageError(f"{wrong[0]} cannot change a plan that is made", hint="give it to plan()")
            return apply_plan(session, plan, how)
        options = plan_options(**flags, record=True)

        def approved(made: Plan, manifests: ManifestSet) -> bool:
            return confirm(made)

        return apply_now(session, options, how, approved).result

    def drift(self, *, stop: Callable[[], bool] = lambda: False, **choice: Unpack[Choice]) -> Plan:
        """What was changed in the account since the last apply: a plan whose `drift` holds it. `stop`: see `plan`."""
        from reconciler.api.plan import drift_now

        return drift_now(replace(self.session, stop=stop), plan_options(**choice)).plan

    def accept(self, *wanted: str) -> Accepted:
        """Take live values that drifted into the manifests: `persona.desk`, or one field, `persona.desk/greeting`."""
        from reconciler.api.plan import accept_now
        from reconciler.engine.plan.accept_drift import Wanted

        parts = [text.partition("/") for text in wanted]
        chosen = [Wanted(parse_address(address), slash + pointer) for address, slash, pointer in parts]
        return accept_now(self.session, plan_options(), chosen)

    def migrate(
        self,
        *,
        write: bool = False,
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        answers: Mapping[str, str] | None = None,
        words: str | None = None,
        accept_proposed: bool = False,
        save_answers: bool = False,
        allow_empty: bool = False,
    ) -> MigrationResult:
        """The manifests off what is deprecated; `write` puts the new texts in place, all or none.

        `answers` as for `--answer`: `{"model-successor.tavus-gpt-4o": "tavus-gpt-oss"}`; `words`: pal | persona.
        `accept_proposed` answers whatever proposes something with it; `save_answers` keeps all of them in the project
        file, which then is among the result's files.
        Raises `NothingFound` where there are no manifests to look at, unless that is allowed.
        """
        from reconciler.api.export_target import prepare_agents
        from reconciler.api.manifests import platform_of
        from reconciler.api.migrate import read_migration, saving_answers, write_result
        from reconciler.core.migration import (
            choose_migrations,
            merge_answers,
            parse_answers,
            requested_names,
        )

        session, known = self.session, platform_of(self.session.project).migrations
        said = parse_answers((answers or {}).items(), known)
        run = read_migration(
            session.project, session.sources.paths, choose_migrations(known, only, skip),
            said,
            words=words, requested=requested_names(known, only),
        )  # fmt: skip
        result, more = run.accept_proposals() if accept_proposed else (run.once(run.options.answers), {})
        run.require_manifests(result, allow_empty=allow_empty)
        if save_answers and (kept := merge_answers(said, more)):
            result = saving_answers(run, result, kept)
        agents = prepare_agents(self.session, result)
        if write and result.files:
            write_result(run, result, agents.changes if agents is not None else ())
        return result

    def export(
        self,
        folder: str | Path,
        *,
        kinds: Sequence[str] = (),
        names: Sequence[str] = (),
        fields: Mapping[str, str] | None = None,
    ) -> Exported:
        """Write manifests for everything in the account that has none, one file each; nothing is overwritten.

        `names` are globs; `fields` maps a field or a JSON pointer to the value that objects must have.
        """
        from reconciler.api.export import export_into
        from reconciler.engine.export_account import ExportChoice

        return export_into(self.session, folder, ExportChoice(tuple(kinds), tuple(names), dict(fields or {})))

    def export_target(
        self,
        target: str,
        folder: str | Path | None = None,
        *,
        names: Sequence[str] = (),
        account: bool = False,
        language: str = "",
        force: bool = False,
    ) -> TargetExport:
        """Write agents for another platform (`livekit`) out of the manifests, or out of the account.

        `language` is `python` or `node`, the first where empty. Generated files that somebody changed are an error
        unless `force`; a person's own files are never written.
        """
        from reconciler.api.export_target import ACCOUNT, MANIFESTS, export_target

        place = str(folder) if folder is not None else None
        return export_target(
            self.session, target, place, names,
            origin=ACCOUNT if account else MANIFESTS, language=language, force=force,
        )  # fmt: skip

    def drift_target(
        self, target: str, folder: str | Path | None = None, *, languages: Sequence[str] = ()
    ) -> TargetDrift:
        """Compare the agents in `folder` with what the manifests say now; nothing is written.

        Without `languages` all that have agents there. Raises `ReconcilerError` where no agent is there.
        """
        from reconciler.api.target_drift import drift_target

        return drift_target(self.session, target, str(folder) if folder is not None else None, languages)

    def import_(self, address: str | Address, id: str, *, lock_timeout: float = 0.0) -> ApplyResult:
        """Record that the live object `id` is `address`, which has a manifest. Writes nothing to the account."""
        from reconciler.api.apply import apply_options, import_now

        how = apply_options(self.session, lock_timeout=lock_timeout)
        return import_now(self.session, parse_address(address), id, how)[1]


def open_project(
    *manifests: str | Path,
    workspace: str | None = None,
    file: str | Path | None = None,
    root: str | Path | None = None,
    ref: str | None = None,
    parallelism: int | None = None,
    give_up_after: float | None = None,
    allow_literal_secrets: bool = False,
    environ: Mapping[str, str] | None = None,
    cache: bool = True,
    on_event: Callable[[Event], None] = lambda event: None,
) -> OpenedProject:
    """Open a project as the command line does; reads the project file and nothing else.

    `manifests`: files and folders, as `-m`; none: the project's own. `workspace`: as `-w`; else that of
    `RECONCILER_WORKSPACE`, else the project's default. `file`: the project file. `root`: the folder that holds
    `.reconciler/`, by default that of the project which the current folder lies in. `ref`: a commit to read the
    manifests from. `give_up_after`: as `--give-up-after`, in seconds. `environ`: variables for `{env: ...}`, by
    default those of the process. `cache`: False is `--no-cache`. `on_event` hears what happens during a run,
    from several threads.

    Raises `UsageError` for an unknown workspace or path, `ManifestError` for a project file that is not valid.
    """
    variables = dict(os.environ if environ is None else environ)
    paths = tuple(str(path) for path in manifests)
    project, chosen = choose_project(
        workspace, paths, environ=variables, file=None if file is None else str(file),
        root=None if root is None else Path(root), ref=ref, parallelism=parallelism,
        give_up_after=give_up_after,
    )  # fmt: skip
    from reconciler.manifests.read.parse_cache import KnownDocuments

    redactor = open_gate()
    emit = redacting(guarded_listener(on_event), redactor)
    report_project(project, chosen, emit)
    return OpenedProject(
        Session(
            project=project, workspace=chosen, clock=SystemClock(), emit=emit, environ=variables,
            sources=Sources(
                paths=paths, ref=ref, allow_literal_secrets=allow_literal_secrets, known=KnownDocuments()
            ),
            redactor=redactor, cached=cache,
            state_root=None if root is None else Path(root), location_options=location_options(project.root),
        )
    )  # fmt: skip


def location_options(folder: str) -> tuple[str, ...]:
    """The options that lead from the current folder to `folder`."""
    return () if Path(folder) == Path.cwd() else ("-C", os.path.relpath(folder))
