"""What is found while one resource is held against its live object: the edits, the fields that differ, the drift."""

from __future__ import annotations

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.canonical_form import leaf_at
from reconciler.core.canonical.live_document import live_document
from reconciler.core.diff.three_way import Verdict
from reconciler.core.diff.vendor_changes import Difference
from reconciler.core.resource_diff.records import Binding, Context, Left
from reconciler.core.resource_diff.resource_plan import atomic_parent, field_change, ignored, unknown_ids
from reconciler.core.state.secret_names import is_name_hidden
from reconciler.types.change import Adoption, Block, Direction, FieldChange
from reconciler.types.incomplete import Incomplete
from reconciler.types.json import Json, Object, lookup, within
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Manage
from reconciler.types.mask import SENSITIVE
from reconciler.types.plan import DriftField
from reconciler.types.resource import Resource


class Work:
    """One resource, its live object, and what the steps of this folder found out so far. Lives for one comparison."""

    def __init__(self, resource: Resource, live: LiveObject, binding: Binding, context: Context) -> None:
        self.resource = resource
        self.live = live
        self.binding = binding
        self.context = context
        self.spec = resource.kind
        self.entry = binding.entry
        self.secret_paths = binding.entry.secret_paths if binding.entry is not None else frozenset()
        self.observing = resource.lifecycle.manage is Manage.OBSERVE
        self.document = live_document(self.spec, live)
        self.edits: dict[str, Edit] = {}
        self.fields: list[FieldChange] = []
        self.drift: list[DriftField] = []
        self.noted: list[DriftField] = []
        self.notes: list[str] = []
        self.dropped: list[str] = []
        self.assumed: list[str] = []
        self.incomplete: list[Incomplete] = []
        self.blocks: list[Block] = []
        self.absent = False
        self.differences: list[Difference] = []
        self.adopt: list[Adoption] = []
        self.kept: tuple[Json, ...] = ()
        self.left: list[Left] = []
        self.copies: list[str] = []
        compared = {
            path: value for path, value in resource.leaves.items() if not ignored(path, resource.lifecycle.ignore)
        }
        self.compared: Object = compared
        self.managed: Object = {path: value for path, value in compared.items() if path not in resource.lent}

    @property
    def is_news(self) -> bool:
        """Whether there is anything to tell, or an entry to make."""
        return bool(self.fields or self.edits or self.adopt) or self.entry is None

    @property
    def name(self) -> str | None:
        """What the object is called; None where that comes from a variable, or did when it was applied."""
        hidden = is_name_hidden(self.spec.name, self.resource.leaves, self.entry)
        return None if hidden else self.live.name

    def was_secret(self, path: str) -> bool:
        """Whether a secret was sent at, above or below `path`: the account may show it in the clear."""
        return any(within(path, one) or within(one, path) for one in self.secret_paths)

    def add_field(self, path: str, verdict: Verdict, current: Json, value: Json) -> None:
        """Show one leaf that differs; as drift too, where the account moved."""
        direction = verdict.sync.direction
        change = field_change(self.spec, path, direction, current, value, secret=self.was_secret(path))
        if path == self.spec.attachments:
            held = [item for item in current if item not in self.kept] if isinstance(current, list) else []
            change = FieldChange(path, direction, held, value, after_unknown=unknown_ids(value))
        self.fields.append(change)
        if direction is not Direction.GIT or self.observing:
            self.drift.append(
                DriftField(
                    path,
                    direction if not self.observing else Direction.LIVE,
                    before=None if verdict.desired_moved else change.after if not change.sensitive else SENSITIVE,
                    after=change.before,
                    before_unknown=verdict.desired_moved,
                    sensitive=change.sensitive,
                )
            )

    def note_difference(self, path: str, current: Json, value: Json) -> None:
        """Keep one leaf that differs and stays as it is: an apply took note of it, or others may add to it. A secret
        is known by its digest only, and never taken into a manifest."""
        change = field_change(self.spec, path, Direction.LIVE, current, value, secret=self.was_secret(path))
        if not change.sensitive:
            self.noted.append(DriftField(path, Direction.LIVE, None, change.before))

    def edit(self, path: str, value: Json) -> None:
        """Plan the write of one leaf; a leaf inside an atomic object is written with the whole object."""
        if path in self.spec.apart:
            return
        if value is None:
            held = leaf_at(self.spec, self.document, path)
            if held is not None:
                self.edits[path] = Edit(path, remove=True)
            return
        if not self.edit_whole(path):
            self.edits[path] = Edit(path, value)

    def edit_whole(self, path: str) -> bool:
        """Plan the write of the atomic object around `path`; False where there is none."""
        atomic = atomic_parent(self.spec, path)
        if atomic is None:
            return False
        self.edits[atomic] = Edit(atomic, lookup(self.resource.spec, atomic))
        return True
