"""Connections of a session: the account, the store of the state, and what both make a run of."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from reconciler.api.cache_folder import keep_rates, read_rates
from reconciler.api.manifests import catalogue_of, known_secrets
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.api.session import Session
    from reconciler.backends.context import BackendContext
    from reconciler.core.operator_trust import Trusted
    from reconciler.engine.run_context import RunContext
    from reconciler.platforms.rate_limiter import Budget
    from reconciler.types.ports import Backend, Provider, Secrets, SharedRate
    from reconciler.types.project import BackendSettings
    from reconciler.types.state import State

T = TypeVar("T")


@contextmanager
def open_provider(session: Session, secrets: Secrets, *, reading: bool) -> Iterator[Provider]:
    """The account; with `reading` the transport refuses everything but GET."""
    from reconciler.platforms import providers
    from reconciler.platforms.base import ProviderContext
    from reconciler.platforms.rate_limiter import RateLimiters

    project, workspace = session.project, session.workspace
    files = session.provider_files
    for name, path in files.items():
        _check_named(session, name, path)
    paces = session.rate_limiters or RateLimiters(read_rates(session.environ))
    context = ProviderContext(
        workspace=workspace.name,
        state_folder=str(session.folder),
        files=files,
        clock=session.clock,
        secrets=secrets,
        random=random.random,
        environ=session.environ,
        trusted=lambda: trusted(session),
        redactor=session.redactor,
        emit=session.emit,
        reading=reading,
        keyless=next((name for name, workspace in project.workspaces.items() if workspace.embedded), ""),
        parallelism=workspace.parallelism,
        max_requests_per_second=workspace.max_requests_per_second,
        give_up_after=workspace.give_up_after,
        paces=paces,
        budget=_budget(session),
        answers=session.recording,
    )
    make = session.connect or providers().get(workspace.provider.type)
    try:
        with closing(_vouched(session, lambda: make(workspace.provider, context))) as provider:
            provider.stop_when(session.stop)
            if session.recording is not None:
                session.recording.connected(provider)
            pace = context.paced[-1] if context.paced else None
            lasting = session.rate_limiters is not None  # the process makes more runs, which share what they meet
            try:
                with pace.circuit.closed() if pace is not None and lasting else nullcontext():
                    yield provider
            finally:
                session.hooks.sent(provider.requests_sent or 0, pace)
    finally:
        keep_rates(session.environ, paces.rates())
        if session.rate_limiters is None:
            paces.close()
        session.hooks.settle()


def _check_named(session: Session, name: str, path: Path) -> None:
    """Whoever writes the project file may name any file, so none is made outside of the project, and none is opened
    that makes its reader wait. A link in the project leads out of it no more than one of manifests does: without git,
    none tells whose it is. Raises `UsageError`, and as `check_way`."""
    from reconciler.manifests.tree.repository import check_way, inside, link_boundary_of, top_of

    check_way(path)
    named = f"workspace {session.workspace.name}: provider.{name} names {session.workspace.provider.settings[name]}"
    if path.exists() and not path.is_file():
        raise UsageError(f"{named}, which is no file")
    (folder, *_), here = link_boundary_of(session.project).folders, os.path.abspath(path)  # noqa: PTH100 - links stay
    if inside(here, folder) and not inside(str(path.resolve()), folder) and top_of(folder) is None:
        raise UsageError(f"{named}, a link that leaves the project", hint="name the file that it points to")
    if not path.exists() and not path.resolve().is_relative_to(Path(session.project.root).resolve()):
        raise UsageError(
            f"{named}, which is not there, and outside of the project no file is made",
            hint="name a file that is there, or one inside the project",
        )


def _budget(session: Session) -> Budget | None:
    """What the project file says of the account of this workspace, where it has a name there."""
    from reconciler.platforms.rate_limiter import Budget

    account = session.workspace.account
    if account is None:
        return None
    name = f"{session.project.name}/{account.name}"

    def share(settings: BackendSettings, rate: float) -> SharedRate:
        from reconciler.backends.shared_rate import open_shared_rate

        return open_shared_rate(settings, _backend_context(session, settings), name, rate, session.emit)

    settings, rate = account.shared, account.requests_per_second
    return Budget(
        f"{session.project.file} {account.name}", rate, account.concurrency,
        None if settings is None or rate is None else lambda: share(settings, rate),
    )  # fmt: skip


def open_backend(session: Session, *, beside: str = "") -> Backend:
    """Where the state is kept, or another document beside it. Connects to nothing before it is asked for something;
    to be closed."""
    from reconciler.backends import open_state
    from reconciler.manifests.tree.repository import check_way

    settings = session.workspace.state
    context = _backend_context(session, settings, beside)
    path = settings.settings.get("path")
    if settings.type == "local" and isinstance(path, str):
        check_way(context.project / path)
    backend = _vouched(session, lambda: open_state(settings, context))
    backend.stop_when(session.stop)
    return backend


def _backend_context(session: Session, settings: BackendSettings, beside: str = "") -> BackendContext:
    """What a store with these settings is opened with."""
    from reconciler.backends.context import BackendContext

    lease = session.project.fleet.lease
    return BackendContext(
        folder=session.folder,
        workspace=session.workspace.name,
        environ=session.environ,
        lease_seconds=lease,
        heartbeat_seconds=lease / 4,
        owner=session.project.identity,
        secrets=known_secrets(session) if settings.settings else None,
        trusted=lambda: trusted(session),
        vendor=session.platform.vendor,
        redactor=session.redactor,
        beside=beside,
    )


@contextmanager
def open_store(session: Session) -> Iterator[Backend]:
    """The same for a run that writes: from here on the workspace's folder is this project file's."""
    claim_folder(session)
    with closing(open_backend(session)) as backend:
        yield backend


@contextmanager
def reading_run(session: Session, secrets: Secrets) -> Iterator[RunContext]:
    """Account and state of a run that writes to neither."""
    with (
        open_provider(session, secrets, reading=True) as provider,
        session.hooks.abortable(),
        closing(open_backend(session)) as backend,
    ):
        yield run_context(session, provider, secrets, backend)


@contextmanager
def writing_run(session: Session, secrets: Secrets, *, reading: bool = False) -> Iterator[RunContext]:
    """Account and state of a run that writes to both; with `reading` to the state alone."""
    with open_provider(session, secrets, reading=reading) as provider, open_store(session) as backend:
        yield run_context(session, provider, secrets, backend)


def claim_folder(session: Session) -> None:
    """Note whose folder the workspace's is, before the first file of a state is written there."""
    from reconciler.api.paths import claim_folder as claim

    settings = session.workspace.state
    if settings.type == "local" and "path" not in settings.settings:
        claim(session.folder, session.project)


def read_state(session: Session, backend: Backend | None = None) -> State:
    """The state as it is now, without a lock; what a dead run left behind is folded in. `backend`: one that is open
    already."""
    from reconciler.engine.state.state_reader import read_only_state

    verdicts = session.verdicts
    with closing(open_backend(session)) if backend is None else nullcontext(backend) as store:
        return read_only_state(
            store, session.workspace.name, session.project.identity, clock=session.clock, emit=session.emit,
            lineage_factory=lambda: session.lineage or str(uuid4()),
            known=verdicts.entry if verdicts is not None else None,
        )  # fmt: skip


def run_context(session: Session, provider: Provider, secrets: Secrets, backend: Backend) -> RunContext:
    """What the engine works with."""
    from reconciler.engine.run_context import RunContext

    return RunContext(
        session.workspace,
        provider,
        secrets,
        session.clock,
        project=session.project.name,
        digest_key=session.digest_key,
        catalogue=lambda: catalogue_of(session),
        previous_key=session.previous_key,
        identity=session.project.identity,
        backend=backend,
        emit=session.emit,
        stop=session.stop,
        rescue=session.rescue,
    )


def trusted(session: Session) -> Trusted:
    """What the user trusts this project file with, as the trust file has it now."""
    from reconciler.api.trust import read_trusted

    return read_trusted(session.project.file, session.environ)


def _vouched(session: Session, open: Callable[[], T]) -> T:
    """What `open` gives; where it is refused for want of trust, somebody who can give that is asked first."""
    from reconciler.errors import NotTrusted

    while True:
        try:
            return open()
        except NotTrusted as refused:
            if not session.hooks.grant_trust(session, refused):
                raise
