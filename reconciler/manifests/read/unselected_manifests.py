"""What a run over a part of the manifests knows of the rest: what stands where, and which files are named."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterable, Iterator, Mapping

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.references import LITERAL
from reconciler.manifests.read.cross_checks import references
from reconciler.manifests.read.discover import Discovered, Discovery
from reconciler.manifests.read.raw_manifest import RawManifest
from reconciler.manifests.read.source_pointer import Misplaced
from reconciler.manifests.tree.decode import decode
from reconciler.manifests.tree.file_tree import Tree
from reconciler.manifests.tree.problems import Findings
from reconciler.types.address import Address, SecretRef
from reconciler.types.json import Json
from reconciler.types.kind import Kinds
from reconciler.types.manifest import Elsewhere, Manifest
from reconciler.types.project import Project


def referred(
    manifests: Mapping[Address, Manifest],
    rest: Callable[[], Mapping[Address, RawManifest]],
    make: Callable[[RawManifest], Manifest],
    kinds: Kinds,
) -> tuple[Manifest, ...]:
    """The manifests of the rest that those of the part refer to, directly or through each other, by address or name.

    `rest` is called only where something is not in the part. `make` raises `ValueError` for a manifest that is not in
    order; it is left out, as if it were not there.
    """
    found: dict[Address, Manifest] = {}
    names = {(address.kind, address.name) for address in manifests}
    called: dict[tuple[str, str], list[Address]] = {}
    todo = list(manifests.values())
    while todo:
        manifest = todo.pop()
        unknown = [one for one in _attached(manifest) if one not in names]
        if unknown and not called:
            called = _by_name(rest(), kinds)
        named = [address for one in unknown for address in called.get(one, ())]
        for address in (*(Address.parse(text) for _, text in references(manifest.spec)), *named):
            if address in manifests or address in found or (draft := rest().get(address)) is None:
                continue
            try:
                found[address] = make(draft)
            except ValueError:
                continue
            names.add((address.kind, address.name))
            todo.append(found[address])
    return tuple(found.values())


def _attached(manifest: Manifest) -> list[tuple[str, str]]:
    """Kind and name of what a manifest attaches by name."""
    spec = manifest.kind
    row = field_at(spec, spec.attachments) if spec.attachments is not None else None
    items = manifest.spec.get(spec.attachments[1:]) if spec.attachments is not None else None
    if row is None or row.ref is None or not isinstance(items, list):
        return []
    return [(row.ref, item) for item in items if isinstance(item, str)]


def _by_name(rest: Mapping[Address, RawManifest], kinds: Kinds) -> dict[tuple[str, str], list[Address]]:
    """What may be meant by a kind and a name: that of the manifest, or of its object."""
    found: dict[tuple[str, str], list[Address]] = {}
    for address, draft in rest.items():
        name = draft.body.get(kinds.get(address.kind).name_field[1:])
        for one in {address.name, name if isinstance(name, str) else address.name}:
            found.setdefault((address.kind, one), []).append(address)
    return found


def declared(items: Discovered, findings: Findings) -> Elsewhere:
    """Which file speaks of which address, and which files could not be read."""
    places = {removed.address: removed.source.path for removed in items.removed}
    places |= {moved.before: moved.source.path for moved in items.moved}
    places |= {draft.address: draft.source.path for draft in items.drafts}
    wrong = {diagnostic.span or diagnostic.source for diagnostic in findings.items if diagnostic.is_error}
    return Elsewhere(places, tuple(sorted({place.path for place in wrong if place is not None})))


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def used_files(project: Project, tree: Tree) -> Iterator[str]:
    """Absolute paths of every file that a manifest, an overlay or a setting of the project names.

    Everything is read once more: what one run includes is not all that the project does.
    """
    bases = True
    for workspace in project.workspaces.values():
        discovery = Discovery(project, workspace, tree, Findings())
        if bases:
            yield from _included(project, discovery.read(project.manifests or (project.home,)).drafts)
            bases = False
        yield from _included(project, discovery.overlays().drafts)
        for name in included_files([*workspace.values.values(), *(default.spec for default in project.defaults)]):
            yield os.path.normpath(os.path.join(project.home, name))  # noqa: PTH118
        for settings in (workspace.provider.settings, workspace.state.settings):
            for name in _texts(settings):
                yield from (os.path.normpath(os.path.join(folder, name)) for folder in (project.home, project.root))  # noqa: PTH118


def _included(project: Project, drafts: Iterable[RawManifest]) -> Iterator[str]:
    for draft in drafts:
        folder = os.path.dirname(os.path.join(project.home, draft.source.path))  # noqa: PTH118, PTH120
        for name in included_files(draft.body):
            yield os.path.normpath(os.path.join(folder, name))  # noqa: PTH118


def _texts(value: Json) -> Iterator[str]:
    """Texts in the settings of a plug-in that may be names of files."""
    if isinstance(value, SecretRef):
        yield from _texts(value.name)
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, str) and "\0" not in value:
        yield value


def included_files(value: Json) -> Iterator[str]:
    """The path in every `{file: path}` of a body as written."""
    if isinstance(value, dict):
        target = value.get("file")
        if len(value) == 1 and isinstance(target, str):
            yield target
        if len(value) == 1 and (LITERAL in value or isinstance(target, str)):
            return
        for member in value.values():
            yield from included_files(member)
    elif isinstance(value, list):
        for item in value:
            yield from included_files(item)


def file_with_text(data: bytes, text: str, path: str) -> bytes:
    """The bytes of an included file that reads as `text`: encoding, line ends and the last line end as they were.

    Raises `Misplaced` where no file reads as `text`.
    """
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    old = decode(data, path, Findings())
    if old is None:
        raise Misplaced(f"the file {path} cannot be read")
    ending = "\n" if old.endswith("\n") or text.endswith("\n") or not old else ""
    shown = text + ending
    if "\r\n" in old:
        shown = shown.replace("\n", "\r\n")
    try:
        result = mark + shown.encode(encoding)
    except UnicodeEncodeError:
        raise Misplaced(f"the live text cannot be written as {encoding.upper()}, as {path} is") from None
    again = decode(result, path, Findings())
    if again is None or again.replace("\r\n", "\n").removesuffix("\n") != text:
        raise Misplaced("line ends of the live text would not survive in a file; write it into the manifest")
    return result
