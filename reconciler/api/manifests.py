"""The manifests of a session: read, with places of findings; as they will be sent; and what decides a field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from reconciler.core.secrets.redact_text import Learning
from reconciler.errors import NothingFound, UnknownAddress
from reconciler.types.manifest import ManifestSet, Origin, Why

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.core.platform import Platform
    from reconciler.types.address import Address
    from reconciler.types.catalogue import Catalogue
    from reconciler.types.diagnostic import Diagnostic, Source
    from reconciler.types.json import Json, Object
    from reconciler.types.manifest import Manifest
    from reconciler.types.options import PlanOptions
    from reconciler.types.ports import Secrets
    from reconciler.types.project import Project


def read_manifests(session: Session) -> tuple[ManifestSet, Secrets]:
    """What the files say. Raises `ManifestError` with everything that is wrong with them."""
    from reconciler.errors import ManifestError

    found, secrets = read_files(session)
    if any(diagnostic.is_error for diagnostic in found.diagnostics):
        if session.verdicts is not None and session.verdicts.drop(session.verdicts.taken):
            return read_manifests(session)  # the rules are asked about everything
        shown = unaccepted(with_rules(session, found))
        count = sum(diagnostic.is_error for diagnostic in shown)
        noun = "error" if count == 1 else "errors"
        raise ManifestError(f"{count} {noun} in the manifests; nothing was read or sent", shown)
    return found, secrets


def with_rules(session: Session, found: ManifestSet) -> tuple[Diagnostic, ...]:
    """The findings of `found`, and the errors and warnings of the rules about what could be read: one error hides no
    other. What the API takes all the same is a warning."""
    from reconciler.api.validate import settle
    from reconciler.engine.validate import tolerated, validate
    from reconciler.manifests.read.load_manifests import place
    from reconciler.types.diagnostic import Severity

    catalogue, rules = catalogue_of(session), session.platform.rules
    said = {diagnostic.key for diagnostic in found.diagnostics}
    every = validate(found, catalogue, rules)
    own = tuple(diagnostic for diagnostic in every if diagnostic.key in said)
    ruled = (
        diagnostic for diagnostic in every if diagnostic.key not in said and diagnostic.severity is not Severity.INFO
    )
    placed = place(
        session.project, (*own, *tolerated(ruled, rules)), manifests=found.manifests, ref=session.sources.ref
    )
    return settle(session, validate(ManifestSet(diagnostics=placed), catalogue, rules))


def read_files(session: Session, *, settled: bool = True) -> tuple[ManifestSet, Secrets]:
    """Like `read_manifests`, with errors left in `ManifestSet.diagnostics`. Not `settled`: with the findings that the
    baseline or a comment accepts, too."""
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
        verdicts=session.verdicts,
    )
    session.redactor.spare(*(str(manifest.address) for manifest in found.manifests))
    diagnostics = (*found.diagnostics, *sources.unmoved)
    if settled:
        diagnostics = settle(session, diagnostics)
    learning = Learning(secrets, session.redactor)
    recorded = learning if session.recording is None else session.recording.secrets(learning)
    return replace(found, diagnostics=diagnostics), recorded


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


def manifest_notes(session: Session, manifests: ManifestSet) -> tuple[str, ...]:
    """A note that there are no manifests in the places searched; empty if there are some."""
    from reconciler.api.paths import describe_places

    if manifests.manifests or manifests.moved or manifests.removed:
        return ()
    return (f"There are no manifests in {describe_places(session.project, session.sources.paths)}.",)


def require_input(session: Session, manifests: ManifestSet, options: PlanOptions) -> None:
    """Raise `NothingFound` for a run without any manifest or state to compare, before the account is opened."""
    from reconciler.api.connect import read_state
    from reconciler.core.planning.selection_check import require_something

    if options.drift_only or not (manifests.manifests or manifests.moved or manifests.removed):
        with locating_errors(session, manifests):
            require_something(manifests, read_state(session), options)


@contextmanager
def locating_errors(session: Session, manifests: ManifestSet) -> Iterator[None]:
    """Add file, line and column to the findings of a `PlanError` raised inside, and the places searched to a
    `NothingFound`."""
    from reconciler.errors import PlanError

    try:
        yield
    except UnknownAddress:
        raise
    except NothingFound as error:
        from reconciler.api.connect import open_backend
        from reconciler.api.paths import describe_search

        store = open_backend(session).describe()
        where = describe_search(session.project, session.sources.paths, store)
        raise NothingFound(f"{error.message}: {where}", error.diagnostics, hint=error.hint) from error
    except PlanError as error:
        from reconciler.api.plan import with_sources
        from reconciler.manifests.read.load_manifests import place

        found = with_sources(error.diagnostics, manifests)
        placed = place(session.project, found, manifests=manifests.manifests, ref=session.sources.ref)
        # What is said of the files beside it may be the reason.
        raise PlanError(error.message, (*placed, *unaccepted(manifests.diagnostics)), hint=error.hint) from error


def unaccepted(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings to show beside an error: those that a baseline accepts did not cause it."""
    return tuple(diagnostic for diagnostic in found if diagnostic.is_error or not diagnostic.accepted)


def resolved_documents(session: Session, addresses: Sequence[Address] = ()) -> list[Object]:
    """An envelope for each manifest, overlays and defaults merged in, values and files in their places; secrets as
    references. Raises `ManifestError`, `NothingFound` for an address without a manifest and where there is none."""
    from reconciler.api.paths import describe_search
    from reconciler.core.canonical.field_tree import build_field_tree
    from reconciler.core.canonical.references import write_member_references
    from reconciler.core.export.exported_manifests import API_VERSION

    manifests, _ = read_manifests(session)
    known = {manifest.address: manifest for manifest in manifests.manifests}
    wanted = [_known(known, address) for address in addresses] or list(manifests.manifests)
    if not wanted:
        raise NothingFound(f"there are no manifests: {describe_search(session.project, session.sources.paths)}", ())
    found: list[Object] = []
    for manifest in wanted:
        labels: Object = {"labels": dict(manifest.labels)} if manifest.labels else {}
        id: Object = {"id": manifest.id} if manifest.id is not None else {}
        found.append(
            {
                "apiVersion": API_VERSION,
                "kind": manifest.kind.preferred_manifest_kind or manifest.kind.manifest_kinds[0],
                "metadata": {"name": manifest.address.name, **id, **labels},
                "spec": write_member_references(build_field_tree(manifest.kind), _without_literals(manifest.spec)),
            }
        )
    return found


def as_yaml(documents: Sequence[Object]) -> str:
    """The documents as one YAML file."""
    from reconciler.manifests.edit.manifest_writer import write_documents

    return write_documents(documents)


def find_origins(session: Session, address: Address, pointer: str) -> Why:
    """Which layer decides a field of a manifest. Raises `ManifestError`, `UnknownAddress` for an address without a
    manifest and for a place that nothing sets."""
    from reconciler.core.canonical.field_tree import build_field_tree, is_undeclared
    from reconciler.core.canonical.references import write_member_references
    from reconciler.manifests.read.build_manifests import canonical_pointer
    from reconciler.types.json import lookup, pointers

    manifests, _ = read_manifests(session)
    manifest = _known({manifest.address: manifest for manifest in manifests.manifests}, address)
    place = canonical_pointer(manifest.kind, pointer)
    value = write_member_references(build_field_tree(manifest.kind), _without_literals(manifest.spec))
    layers = [
        *((source, "overlay") for source in reversed(manifest.overlays)),
        (manifest.source, "manifest"),
        *((source, "defaults") for source in reversed(manifest.defaults)),
    ]
    origins = [
        found for source, layer in layers if (found := _origin(session, manifest, source, layer, place)) is not None
    ]
    if not origins:
        hint = f"`reconciler render --target {address}` shows what is set"
        if is_undeclared(manifest.kind, place) and (
            close := get_close_matches(place, list(pointers(value)), n=1, cutoff=0.8)
        ):
            hint = f"did you mean {address}{close[0]}?"
        raise UnknownAddress(f"nothing sets {place} of {address}", hint=hint)
    return Why(address, place, lookup(value, place), tuple(origins))


def _known(manifests: dict[Address, Manifest], address: Address) -> Manifest:
    if address not in manifests:
        close = get_close_matches(str(address), map(str, manifests), n=1)
        hint = f"did you mean {close[0]}?" if close else "`reconciler render` shows all of them"
        raise UnknownAddress(f"no manifest declares {address}", hint=hint)
    return manifests[address]


def _origin(session: Session, manifest: Manifest, source: Source, layer: str, pointer: str) -> Origin | None:
    """The value that one document sets at the pointer, with its span; None if it sets none."""
    from pathlib import Path

    from reconciler.manifests.read.envelope import read_documents
    from reconciler.manifests.read.load_manifests import places_of
    from reconciler.manifests.read.source_pointer import Misplaced, find_place
    from reconciler.manifests.tree.git_tree import open_tree
    from reconciler.manifests.tree.problems import Findings

    project = session.project
    tree, close = open_tree(project, session.sources.ref)
    try:
        data = tree.read(str(Path(project.home, source.path)))
        span = places_of(project, tree).locate(source, pointer, manifest.kind)
    finally:
        close()
    documents = read_documents(data, source.path, Findings())
    document = next((found for found in documents if found.number == source.document), None)
    if document is None:
        return None
    try:
        place = find_place(manifest.kind, document, source.base, pointer)
    except Misplaced as problem:
        return Origin(str(span), layer, str(problem)) if "reference" in str(problem) else None
    through = f"file {place.file}" if place.file else place.shared
    return Origin(str(span), layer, through) if place.exists else None


def _without_literals(value: Object) -> Object:
    """The body with secrets that stand in clear in a file hidden: nobody is shown them."""
    from reconciler.types.address import SecretRef

    def hidden(value: Json) -> Json:
        if isinstance(value, SecretRef):
            return "(sensitive)" if value.kind == "literal" else value
        if isinstance(value, dict):
            return {key: hidden(member) for key, member in value.items()}
        return [hidden(item) for item in value] if isinstance(value, list) else value

    return {key: hidden(member) for key, member in value.items()}
