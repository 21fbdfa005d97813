"""The manifests of a session: read, checked for being there, and the places of findings about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.core.secrets.redact_text import Learning

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.core.platform import Platform
    from reconciler.types.catalogue import Catalogue
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import PlanOptions
    from reconciler.types.ports import Secrets
    from reconciler.types.project import Project


def read_manifests(session: Session) -> tuple[ManifestSet, Secrets]:
    """What the files say. Raises `ManifestError` with everything that is wrong with them."""
    from reconciler.errors import ManifestError

    found, secrets = read_files(session)
    count = sum(one.is_error for one in found.diagnostics)
    if count:
        noun = "error" if count == 1 else "errors"
        raise ManifestError(f"{count} {noun} in the manifests; nothing was read or sent", found.diagnostics)
    return found, secrets


def read_files(session: Session, *, settled: bool = True) -> tuple[ManifestSet, Secrets]:
    """The same, with what is wrong left in `ManifestSet.diagnostics`; not `settled`: also what is kept on purpose."""
    from reconciler.api.validate import settle
    from reconciler.manifests.read.load_manifests import load_manifests

    sources = session.sources
    found, secrets = load_manifests(
        session.project,
        session.workspace,
        paths=sources.paths or None,
        ref=sources.ref,
        allow_literal_secrets=sources.allow_literal_secrets,
        environ=session.environ,
        texts=sources.texts,
        known=sources.known,
    )
    session.redactor.spare(*(str(one.address) for one in found.manifests))
    diagnostics = (*found.diagnostics, *sources.unmoved)
    if settled and diagnostics:
        diagnostics = settle(session, diagnostics)
    learning = Learning(secrets, session.redactor)
    heard = learning if session.recording is None else session.recording.secrets(learning)
    return replace(found, diagnostics=diagnostics), heard


def known_secrets(session: Session) -> Secrets:
    """The secrets of a run that opens no manifest."""
    from reconciler.manifests.read.secrets_in_manifests import RunSecrets

    return Learning(RunSecrets(session.environ, session.project.home), session.redactor)


def platform_of(project: Project) -> Platform:
    """That of the default workspace: what files mean where none was chosen."""
    from reconciler.platforms import PLATFORMS

    return PLATFORMS.of(project.workspaces[project.default_workspace].provider.type)


def project_catalogue(project: Project) -> Catalogue:
    """The model catalogue where no workspace was chosen."""
    from reconciler.manifests.project.read_catalogue import load_catalogue

    return project.catalogue or load_catalogue(platform_of(project))


def catalogue_of(session: Session) -> Catalogue:
    """The model catalogue of the project."""
    from reconciler.manifests.project.read_catalogue import load_catalogue

    return session.project.catalogue or load_catalogue(session.platform)


def remarks(session: Session, manifests: ManifestSet) -> tuple[str, ...]:
    """What a person may want to know about what was read: that there was nothing to read."""
    from reconciler.api.state_paths import describe_places

    if manifests.manifests or manifests.moved or manifests.removed:
        return ()
    return (f"There are no manifests in {describe_places(session.project, session.sources.paths)}.",)


def refuse_nothing(session: Session, manifests: ManifestSet, options: PlanOptions) -> None:
    """Raise `NothingFound` where there is nothing to look at, before anything is connected or made."""
    from reconciler.api.connect import read_state
    from reconciler.core.planning.selection_check import require_something

    if options.drift_only or not (manifests.manifests or manifests.moved or manifests.removed):
        with placing(session, manifests):
            require_something(manifests, read_state(session), options)


@contextmanager
def placing(session: Session, manifests: ManifestSet) -> Iterator[None]:
    """Findings of the planner get their places in the files before anybody sees them; and where there was nothing
    to look at, the places that were searched are named, and where a project is."""
    from reconciler.errors import NothingFound, PlanError

    try:
        yield
    except NothingFound as error:
        from reconciler.api.connect import open_backend
        from reconciler.api.state_paths import describe_search

        store = open_backend(session).describe()
        where = describe_search(session.project, session.sources.paths, store)
        raise NothingFound(f"{error.message}: {where}", error.diagnostics, hint=error.hint) from error
    except PlanError as error:
        from reconciler.api.plan import with_sources
        from reconciler.manifests.read.load_manifests import place

        found = with_sources(error.diagnostics, manifests)
        placed = place(session.project, found, manifests=manifests.manifests, ref=session.sources.ref)
        # What is said of the files beside it may be the reason.
        raise PlanError(error.message, (*placed, *manifests.diagnostics), hint=error.hint) from error
