"""What planning one resource gives, and the plan of a resource that has no live object yet."""

from __future__ import annotations

from reconciler.core.canonical.canonical_form import is_masked, is_unset, leaves
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.references import references
from reconciler.core.diff import three_way
from reconciler.core.resource_diff.records import Binding, ResourcePlan
from reconciler.core.secrets.secret_book import has_secret
from reconciler.types.change import Action, Block, Change, Direction, FieldChange
from reconciler.types.json import SENSITIVE, Json, Object, lookup, within
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Manage, Resource


def ignored(path: str, ignore: tuple[str, ...]) -> bool:
    """Whether `path` lies under a pointer of `lifecycle.ignore`."""
    return any(within(path, pointer) for pointer in ignore)


def plan_create(resource: Resource, binding: Binding) -> ResourcePlan:
    """A resource that has no live object yet."""
    spec = resource.kind
    name_key = spec.name_field[1:]
    spec_body = (
        resource.spec if lookup(resource.spec, spec.name_field) else {**resource.spec, name_key: resource.name}
    )
    body = _without_nulls(spec_body)
    fields = tuple(
        field_change(spec, path, Direction.GIT, None, value)
        for path, value in leaves(spec, body).items()
        if value is not None
    )
    blocks: tuple[Block, ...] = ()
    if resource.lifecycle.manage is Manage.OBSERVE:
        blocks = (Block("observe", "there is no live object to observe", "create it, or drop manage: observe"),)
    if binding.rename_of is not None:
        blocks = (
            Block(
                "probable_rename",
                f"the live object called {resource.name!r} is managed as {binding.rename_of}, whose manifest is gone",
                f"write a Moved document (from: {binding.rename_of}, to: {resource.address}), "
                f"or `reconciler state mv {binding.rename_of} {resource.address}`",
            ),
        )
    change = Change(
        address=resource.address,
        kind=spec,
        action=Action.CREATE,
        reason=binding.reason,
        previous=binding.previous,
        after=body,
        fields=fields,
        managed={
            path: value
            for path, value in resource.leaves.items()
            if path not in resource.lent and not ignored(path, resource.lifecycle.ignore)
        },
        lifecycle=resource.lifecycle,
        source=resource.source.path if resource.source else None,
        name=resource.name,
        level=spec.level,
        depends_on=resource.refs,
        blocked=blocks,
    )
    return ResourcePlan(change)


def _without_nulls(body: Object) -> Object:
    result: Object = {}
    for key, member in body.items():
        if isinstance(member, dict):
            inner = _without_nulls(member)
            if inner or not member:
                result[key] = inner
        elif member is not None:
            result[key] = member
    return result


def atomic_parent(spec: KindSpec, path: str) -> str | None:
    """The pointer of the atomic object that holds `path` (or is it), if there is one."""
    parts = path.split("/")
    for depth in range(2, len(parts) + 1):
        pointer = "/".join(parts[:depth])
        row = field_at(spec, pointer)
        if row is not None and row.atomic:
            return pointer
    return None


def unknown_ids(value: Json) -> bool:
    """Whether a reference inside `value` has no id yet."""
    return any(True for _ in references(value))


def field_change(
    spec: KindSpec, path: str, direction: Direction, before: Json, after: Json, *, secret: bool = False
) -> FieldChange:
    """One differing leaf as the plan shows it: no secret on either side, unknown ids marked.

    `secret` says that state knows the place as a secret, whatever the manifest has there now.
    """
    row = field_at(spec, path)
    # What a server leaves out of headers and parameters is not known to be there; what is sent is no secret for that.
    sensitive = secret or any(three_way.is_secret(row, one) for one in (before, after)) or is_masked(before)
    unknown = unknown_ids(after)
    before = None if is_unset(row, before) else before
    shown = SENSITIVE if sensitive and before is not None else before
    new = after
    if sensitive and after is not None and not has_secret(after):
        new = SENSITIVE
    return FieldChange(path, direction, shown, None if unknown and not isinstance(after, list) else new,
                       sensitive=sensitive, after_unknown=unknown)  # fmt: skip
