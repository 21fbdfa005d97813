"""Records of planning one resource, and the plan of a resource without a live object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.core.canonical.canonical_form import is_masked, is_unset, leaves
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.keyed_lists import ToolBody
from reconciler.core.canonical.references import reference_texts
from reconciler.core.diff import three_way
from reconciler.core.secrets.secret_book import SecretBook, has_secret
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.change import Action, Block, Change, Direction, FieldChange, Reason
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.json import SENSITIVE, Json, Object, lookup, within
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.live import Listing
from reconciler.types.manifest import Manage, Resource
from reconciler.types.plan import DriftField, Incomplete
from reconciler.types.state import Entry


@dataclass(frozen=True, slots=True)
class DiffContext:
    """The inputs that all comparisons of a plan share."""

    book: SecretBook
    kinds: Kinds
    vocabulary: str
    resend_secrets: bool = False
    catalogue: Callable[[], Catalogue] | None = None
    """Gives the model catalogue with successors of outdated models; called only if something differs. None: no
    difference counts as the vendor's."""
    migrate: bool = False
    """Also remove superseded values that no run ever applied, if the manifest has the same in the new place."""
    tool: Callable[[Json], ToolBody | None] = lambda item: None
    """Gives the registry tool for an item of an attachment list (id or reference); None if it is unknown."""


@dataclass(frozen=True, slots=True)
class ResourcePlan:
    """The planned change of one resource, and what was found beside it."""

    change: Change
    drift: tuple[DriftField, ...] = ()
    absent: bool = False
    """Some difference rests on a member that the list item lacks: a GET has to confirm it."""
    dropped: tuple[str, ...] = ()
    """Paths that leave state without a write."""
    assumed: tuple[str, ...] = ()
    """Hidden secrets of an adopted object, taken to be what the manifest says."""
    left: tuple[Left, ...] = ()
    """Old values that stay beside the ones that superseded them."""
    incomplete: tuple[Incomplete, ...] = ()
    """Leaves that could not be compared."""
    noted: tuple[DriftField, ...] = ()
    """Leaves that differ from the manifest and stay as they are, because nobody moved them since the last apply."""


@dataclass(frozen=True, slots=True)
class Left:
    """A superseded value in the live object that no manifest mentions, beside its successor."""

    path: str
    """Canonical pointer into the live object."""
    beside: str
    """Canonical pointer of what the manifest has in its place."""
    summary: str
    hint: str


@dataclass(frozen=True, slots=True)
class Binding:
    """`id` None means: create. `rename_of` names the entry that a new manifest seems to be the new name of."""

    id: str | None
    reason: Reason
    entry: Entry | None = None
    previous: Address | None = None
    rename_of: Address | None = None


@dataclass(slots=True)
class Matching:
    """The binding of every resource, and the problems found on the way."""

    bindings: dict[Address, Binding] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seen:
    """The lists of the account, and the managed ids that they lack."""

    listings: Mapping[str, Listing]
    gone: frozenset[str] = frozenset()
    """Managed ids that a GET by id confirmed to be gone."""
    unread: frozenset[str] = frozenset()
    """Managed ids that no list shows and of which the account does not say what became of them."""


def ignored(path: str, ignore: tuple[str, ...]) -> bool:
    """Whether `path` lies under a pointer of `lifecycle.ignore`."""
    return any(within(path, pointer) for pointer in ignore)


def plan_create(resource: Resource, binding: Binding) -> ResourcePlan:
    """The create of a resource without a live object."""
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
    return any(True for _ in reference_texts(value))


def field_change(
    spec: KindSpec, path: str, direction: Direction, before: Json, after: Json, *, secret: bool = False
) -> FieldChange:
    """One differing leaf as the plan shows it: no secret on either side, unknown ids marked.

    `secret` says that state knows the place as a secret, whatever the manifest has there now.
    """
    row = field_at(spec, path)
    # What a server leaves out of headers and parameters is not known to be there, and one that it masks is not known;
    # what is sent there, in clear and without the look of a credential, is no secret for that.
    masked = is_masked(before) and not (row is not None and row.by_look and after is not None)
    sensitive = secret or any(three_way.is_secret(row, item) for item in (before, after)) or masked
    unknown = unknown_ids(after)
    before = None if is_unset(row, before) else before
    shown = SENSITIVE if before is not None and (sensitive or is_masked(before)) else before
    new = after
    if sensitive and after is not None and not has_secret(after):
        new = SENSITIVE
    return FieldChange(path, direction, shown, None if unknown and not isinstance(after, list) else new,
                       sensitive=sensitive, after_unknown=unknown)  # fmt: skip
