"""Manifests as they will be sent from one workspace, and which file, overlay, default or value decides a field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.api.manifests import read_manifests
from reconciler.errors import NothingFound, UsageError
from reconciler.types.manifest import Origin, Why

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.types.address import Address
    from reconciler.types.diagnostic import Source
    from reconciler.types.json import Json, Object
    from reconciler.types.manifest import Manifest


def resolved_documents(session: Session, addresses: Sequence[Address] = ()) -> list[Object]:
    """An envelope for each manifest, overlays and defaults merged in, values and files in their places; secrets as
    references. Raises `ManifestError`, `NothingFound` for an address without a manifest."""
    from reconciler.core.canonical.field_tree import shape
    from reconciler.core.canonical.manifest_words import spell_members
    from reconciler.core.export.exported_manifests import API_VERSION

    manifests, _ = read_manifests(session)
    known = {one.address: one for one in manifests.manifests}
    wanted = [_known(known, address) for address in addresses] or list(manifests.manifests)
    found: list[Object] = []
    for one in wanted:
        labels: Object = {"labels": dict(one.labels)} if one.labels else {}
        id: Object = {"id": one.id} if one.id is not None else {}
        found.append(
            {
                "apiVersion": API_VERSION,
                "kind": one.kind.written_as or one.kind.manifest_kinds[0],
                "metadata": {"name": one.address.name, **id, **labels},
                "spec": spell_members(shape(one.kind), _without_literals(one.spec)),
            }
        )
    return found


def as_yaml(documents: Sequence[Object]) -> str:
    """The documents as one YAML file."""
    from reconciler.manifests.edit.yaml_writer import write_documents

    return write_documents(documents)


def find_origins(session: Session, address: Address, pointer: str) -> Why:
    """Which layer decides a field of a manifest. Raises `ManifestError`, `NothingFound` for an address without a
    manifest, `UsageError` for a place that nothing speaks of."""
    from reconciler.core.canonical.field_tree import shape
    from reconciler.core.canonical.manifest_words import spell_members
    from reconciler.manifests.read.build import canonical_pointer
    from reconciler.types.json import lookup

    manifests, _ = read_manifests(session)
    one = _known({one.address: one for one in manifests.manifests}, address)
    place = canonical_pointer(one.kind, pointer)
    layers = [
        *((source, "overlay") for source in reversed(one.overlays)),
        (one.source, "manifest"),
        *((source, "defaults") for source in reversed(one.defaults)),
    ]
    origins = [
        found for source, layer in layers if (found := _origin(session, one, source, layer, place)) is not None
    ]
    if not origins:
        raise UsageError(
            f"nothing says {place} of {address}", hint=f"`reconciler render --target {address}` shows what is said"
        )
    value = lookup(spell_members(shape(one.kind), _without_literals(one.spec)), place)
    return Why(address, place, value, tuple(origins))


def _known(manifests: dict[Address, Manifest], address: Address) -> Manifest:
    if address not in manifests:
        raise NothingFound(f"no manifest declares {address}", (), hint="`reconciler render` shows all of them")
    return manifests[address]


def _origin(session: Session, one: Manifest, source: Source, layer: str, pointer: str) -> Origin | None:
    """What a document says of the place; None where it says nothing."""
    from pathlib import Path

    from reconciler.manifests.read.documents import read_documents
    from reconciler.manifests.read.load_manifests import places_of
    from reconciler.manifests.read.source_pointer import Misplaced, find_place
    from reconciler.manifests.tree.git_tree import open_tree
    from reconciler.manifests.tree.problems import Findings

    project = session.project
    tree, close = open_tree(project, session.sources.ref)
    try:
        data = tree.read(str(Path(project.home, source.path)))
        span = places_of(project, tree).locate(source, pointer, one.kind)
    finally:
        close()
    documents = read_documents(data, source.path, Findings())
    document = next((found for found in documents if found.number == source.document), None)
    if document is None:
        return None
    try:
        place = find_place(one.kind, document, source.base, pointer)
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
