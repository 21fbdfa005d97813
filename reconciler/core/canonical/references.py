"""How manifests write references; manifests -> resources with names; references -> ids once these are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.core.canonical.canonical_form import leaves, sorted_set
from reconciler.core.canonical.field_tree import UNKNOWN, Node
from reconciler.core.canonical.keyed_lists import lists_to_objects
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, Object, escape, lookup, references
from reconciler.types.kind import KindSpec, Type
from reconciler.types.live import Listing
from reconciler.types.manifest import Manifest, Resource

LITERAL, NULL, VALUE, JOIN = "literal", "null", "value", "join"
WORDS = ("env", "file", "ref", LITERAL, VALUE, JOIN)
"""What a mapping of one key may be instead of data."""
STANDS_BEFORE = {JOIN: list}
"""Words of references that stand before something else than a text."""
RESERVED = frozenset({*WORDS, NULL})


def reference_word(node: Node, value: Object, *, free: bool, ids: bool) -> str | None:
    """The word that makes the mapping at `node` something else than data.

    A field that is an object of free keys is one itself, unless it is a literal. `free`: it stands inside such an
    object or in a tool's parameters, where the names of others count for data; `ids`: ids stand there all the same.
    """
    if len(value) != 1:
        return None
    ((word, target),) = value.items()
    if word not in RESERVED or word in node.children:
        return None
    if word == LITERAL:
        return word
    if word == NULL or (node.row is not None and node.row.type is Type.OBJECT):
        return None
    if free and (word == JOIN or (word == "ref" and not ids)):
        return None
    return word if isinstance(target, STANDS_BEFORE.get(word, str)) else None


def is_reserved(node: Node, value: Object) -> bool:
    """Whether a manifest that has this mapping of data at `node` must write it as a literal: it has the shape of
    something that is reserved, here or elsewhere."""
    if len(value) != 1:
        return False
    ((word, target),) = value.items()
    if word not in RESERVED or word in node.children:
        return False
    return word in (LITERAL, NULL) or isinstance(target, STANDS_BEFORE.get(word, str))


def write_references(node: Node, value: Json) -> Json:
    """`value`, which belongs at `node`, as a manifest writes it: references by their words, data that reads as one as
    `{literal: ...}`."""
    if isinstance(value, SecretRef):
        return {**value.written()}
    if isinstance(value, ResourceRef):
        return {"ref": value.address}
    if isinstance(value, list):
        return [write_references(UNKNOWN, item) for item in value]
    if not isinstance(value, dict):
        return value
    if is_reserved(node, value) and next(references(value), None) is None:
        return {LITERAL: value}
    return write_member_references(node, value)


def write_member_references(node: Node, value: Object) -> Object:
    """The same for the members of a mapping that itself is none of it: the whole body."""
    return {word: write_references(child_in_any_vocabulary(node, word), member) for word, member in value.items()}


def inexpressible_references(node: Node, value: Json, path: str = "") -> Iterator[str]:
    """Pointers of mappings that only a literal could hold, and that hold a reference."""
    if isinstance(value, dict):
        if path and LITERAL in value and is_reserved(node, value) and next(references(value), None) is not None:
            yield path
            return
        for word, member in value.items():
            yield from inexpressible_references(child_in_any_vocabulary(node, word), member, f"{path}/{escape(word)}")
    elif isinstance(value, list) and any(
        True for item in value for _ in inexpressible_references(UNKNOWN, item, "/-")
    ):
        yield path


def child_in_any_vocabulary(node: Node, word: str) -> Node:
    """What is known about a member, in whichever vocabulary it is called."""
    return node.child(node.renames.get(word, word))


def is_written_reference(value: Json) -> bool:
    """Whether a mapping as its author wrote it is a reference or a literal: one leaf, whatever stands in it."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((word, target),) = value.items()
    return word in WORDS and (word not in (VALUE, JOIN) or isinstance(target, STANDS_BEFORE.get(word, str)))


def resources_of(manifests: Iterable[Manifest]) -> dict[Address, Resource]:
    """Every manifest as a resource, in the order of the files."""
    known = {manifest.address: manifest for manifest in manifests}
    tools = _tools_by_name(known.values())
    return {address: _resource(manifest, tools) for address, manifest in known.items()}


def _tools_by_name(manifests: Iterable[Manifest]) -> dict[str, Address]:
    """Names by which others may mention what is attached to them: the manifest's, else its own."""
    every = list(manifests)
    kinds = {manifest.kind.name: manifest.kind for manifest in every}.values()
    rows = {row.ref for kind in kinds for row in kind.fields if row.path == kind.attachments}
    ours = [manifest for manifest in every if manifest.address.kind in rows]
    by_function = {
        str(name): manifest.address for manifest in ours if (name := lookup(manifest.spec, manifest.kind.name_field))
    }
    return by_function | {manifest.address.name: manifest.address for manifest in ours}


def _resource(manifest: Manifest, tools: Mapping[str, Address]) -> Resource:
    spec = manifest.kind
    body = lists_to_objects(spec, _name_tools(spec, manifest.spec, tools))
    flat = leaves(spec, body)
    name = lookup(body, spec.name_field)
    if not name:
        # Nothing can be found again without a name, so an empty one is none: the manifest's is sent in its place.
        flat.pop(spec.name_field, None)
    return Resource(
        address=manifest.address,
        kind=spec,
        spec=body,
        leaves=flat,
        name=name if isinstance(name, str) and name else manifest.address.name,
        id=manifest.id,
        labels=manifest.labels,
        lifecycle=manifest.lifecycle,
        source=manifest.source,
        refs=tuple(sorted({Address.parse(text) for value in flat.values() for text in _texts_in(value)})),
    )


def _name_tools(spec: KindSpec, body: Object, tools: Mapping[str, Address]) -> Object:
    """Turn names in the attachment set into references where the project has such a resource."""
    if spec.attachments is None:
        return body
    key = spec.attachments[1:]
    items = body.get(key)
    if not isinstance(items, list):
        return body
    named: list[Json] = [
        ResourceRef(str(tools[item])) if isinstance(item, str) and item in tools else item for item in items
    ]
    return {**body, key: named}


def parse_reference(value: Json) -> Address | None:
    """The address that `value` refers to; None for a text that is no address."""
    if not isinstance(value, ResourceRef):
        return None
    try:
        return Address.parse(value.address)
    except ValueError:
        return None


def _texts_in(value: Json) -> Iterable[str]:
    """`reference_texts`, at no cost for what most leaves are: a text, a number, true or false."""
    return () if value is None or isinstance(value, str | int | float) else reference_texts(value)


def reference_texts(value: Json) -> Iterator[str]:
    """The address text of every reference inside `value`."""
    address = parse_reference(value)
    if address is not None:
        yield str(address)
    elif isinstance(value, dict):
        for member in value.values():
            yield from reference_texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from reference_texts(item)


def differs_in_ids(before: Json, after: Json) -> bool:
    """Whether `after` is `before` but for places where it refers to something and `before` has an id."""
    if parse_reference(after) is not None:
        return before is None or isinstance(before, str)
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(differs_in_ids(before[key], after[key]) for key in after)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(differs_in_ids, before, after))
    return before == after


def bind(value: Json, ids: Mapping[Address, str]) -> Json:
    """`value` with every reference whose id is known replaced by it; the same object where there is none."""
    address = parse_reference(value)
    if address is not None:
        return ids.get(address, value)
    if isinstance(value, dict):
        return {key: bind(member, ids) for key, member in value.items()}
    if isinstance(value, list):
        return [bind(item, ids) for item in value]
    return value


def bind_resource(
    resource: Resource, ids: Mapping[Address, str], tools: Listing | None
) -> tuple[Resource, tuple[Diagnostic, ...]]:
    """The resource with ids in place of known references, and of account tools that it names."""
    spec = resource.kind
    attached = spec.attachments and resource.leaves.get(spec.attachments)
    if not resource.refs and not attached:
        return resource, ()
    body = bind(resource.spec, ids)
    assert isinstance(body, dict)
    problems: tuple[Diagnostic, ...] = ()
    if spec.attachments and isinstance(attached, list):
        items = bind(attached, ids)
        named, problems = _account_tools(resource, items if isinstance(items, list) else [], tools)
        body = {**body, spec.attachments[1:]: sorted_set(named)}
    flat = leaves(spec, body)
    bound = replace(resource, spec=body, leaves={path: flat.get(path) for path in resource.leaves})
    return bound, problems


def _account_tools(
    resource: Resource, items: list[Json], tools: Listing | None
) -> tuple[list[Json], tuple[Diagnostic, ...]]:
    known = tools.objects if tools is not None else {}
    result: list[Json] = []
    problems: list[Diagnostic] = []
    for item in items:
        if not isinstance(item, str) or item in known:
            result.append(item)
        elif tools is not None and (named := tools.named(item)):
            result.append(named[-1])
        else:
            problems.append(
                Diagnostic(
                    "E-ref",
                    Severity.ERROR,
                    f"no tool is called {item!r}, neither in the manifests nor among the account's own tools",
                    hint="add a Tool manifest, or correct the name",
                    address=resource.address,
                    pointer=resource.kind.attachments,
                    source=resource.source,
                )
            )
    return result, tuple(problems)
