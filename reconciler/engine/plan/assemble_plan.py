"""Compared resources -> a Plan: what leaves, the requests of every write, the safety rules, drift and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.canonical.live_document import object_digest
from reconciler.core.canonical.references import resources_of
from reconciler.core.kind_table import kind
from reconciler.core.planning.assemble_changes import (
    drift_item,
    gone_item,
    in_order,
    order_deletes,
    plan_leaving,
    plan_resource,
    summarise,
)
from reconciler.core.planning.preconditions import loosened, unlawful
from reconciler.core.planning.records import Moves, Scope
from reconciler.core.planning.state_drift import drift_from_state, incomplete_from_state
from reconciler.core.planning.usage import NOTHING, Usage, keep_used, tell_kept, tell_users, wait_for_users
from reconciler.core.policies.guard import guard, standing_violations
from reconciler.core.policies.policy import Situation
from reconciler.core.resource_diff.match_objects import objects_of
from reconciler.core.resource_diff.name_conflicts import refuse_taken
from reconciler.core.resource_diff.records import Binding, Context, Matching, ResourcePlan, Seen
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.state.applied_record import record
from reconciler.core.state.entry_changes import refresh_change
from reconciler.core.state.entry_format import entry_digest
from reconciler.core.state.secret_names import name_given
from reconciler.engine.placeholders import missing_secrets
from reconciler.engine.plan.read_usage import claimed
from reconciler.engine.plan.vendor_ids import check_libraries
from reconciler.engine.run_context import RunContext
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Direction, Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.incomplete import Incomplete
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import Lifecycle, Manage, Manifest, ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import DriftItem, Kept, Plan, Unmanaged
from reconciler.types.project import Policy
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Compared:
    """Everything that reading and comparing found out."""

    state: State
    planned: Mapping[Address, ResourcePlan]
    scope: Scope
    seen: Seen
    matching: Matching
    live: Mapping[tuple[str, str], LiveObject]
    moves: Moves
    book: SecretBook
    whole: Mapping[str, Listing] = field(default_factory=dict)
    """Lists of which a part was left out while matching, as they were read."""
    unread: tuple[Incomplete, ...] = ()
    """Objects and kinds that the account did not show."""
    usage: Usage = NOTHING


def draft(
    compared: Compared,
    problems: list[Diagnostic],
    manifests: ManifestSet,
    options: PlanOptions,
    setting: RunContext,
) -> Plan:
    """The plan; `problems` are the warnings so far."""
    return _Draft(compared, list(problems), manifests, options, setting).plan()


@dataclass(slots=True)
class _Draft:
    compared: Compared
    problems: list[Diagnostic]
    manifests: ManifestSet
    options: PlanOptions
    setting: RunContext
    kept: tuple[Kept, ...] = ()

    def changes(self) -> tuple[list[Change], int]:
        """Every change with its requests; how many resources are in sync."""
        if self.options.refresh_only:
            return self._refreshed()
        changes: list[Change] = []
        unchanged = 0
        for result in self.compared.planned.values():
            change = result.change
            if change.action is Action.NOOP and not change.is_difference:
                unchanged += 1
                if not (self._worth_recording(change) or change.reason is Reason.OBSERVE):
                    continue
            changes.append(self._with_requests(change))
        lifecycles = {one.address: one.lifecycle for one in self.manifests.manifests}
        for address in sorted(self.compared.scope.deletable):
            changes.append(self._leaving(address, lifecycles))
        usage = self.compared.usage
        changes = order_deletes(
            refuse_taken(
                changes,
                self.compared.seen.listings,
                claimed(self.compared.matching, self.compared.state),
                self.setting.provider.reserved,
            ),
            self.compared.state,
        )
        changes, self.kept = keep_used(changes, usage, destroy=self.options.destroy)
        self.problems += map(tell_kept, self.kept)
        words = self.setting.provider.vocabulary
        return [tell_users(one, usage, words) for one in wait_for_users(changes, usage)], unchanged

    def _refreshed(self) -> tuple[list[Change], int]:
        """What is live taken into the state: nothing is written, nothing leaves, what is gone keeps its entry."""
        drift = {item.address: item for item in self.drift()}
        held = self.compared.state.resources
        found = [
            refresh_change(held[address], item, live)
            for address, item in drift.items()
            if (live := self.compared.live.get((address.kind, held[address].id))) is not None
        ]
        return found, len(self.compared.scope.deletable & held.keys()) - len(drift)

    def _worth_recording(self, change: Change) -> bool:
        """Whether an apply would change what state holds: an entry adopted, digests or lifecycle moved."""
        if not self.options.record:
            return False
        live = self.compared.live[change.address.kind, change.id or ""]
        old = self.compared.state.resources.get(change.address)
        new = record(change, live, old, self.compared.book, {})
        return new != old

    def _leaving(self, address: Address, lifecycles: Mapping[Address, Lifecycle]) -> Change:
        """The change of an entry that goes; `lifecycles` are what the manifests say today."""
        entry = self.compared.state.resources[address]
        live = self.compared.live.get((address.kind, entry.id))
        if live is None and entry.id in self.compared.seen.foreign:
            self.problems.append(
                Diagnostic(
                    "E-id",
                    Severity.WARNING,
                    f"{address} ({entry.id}) is not one of the account's own objects: forgotten, not deleted",
                    address=address,
                )
            )
        change = plan_leaving(
            address,
            entry,
            live,
            destroy=self.options.destroy,
            removed=address in self.compared.moves.removed,
            protect=lifecycles.get(entry.gives_way_to or address, Lifecycle()).protect,
            observe=lifecycles.get(address, Lifecycle()).manage is Manage.OBSERVE,
            previous=self.compared.moves.previous.get(address),
        )
        return self._with_requests(change)

    def _with_requests(self, change: Change) -> Change:
        live = self.compared.live.get((change.address.kind, change.id or ""))
        if change.action not in (Action.CREATE, Action.UPDATE, Action.DELETE):
            return change
        rules = {block.rule for block in change.blocked}
        scope = self.compared.scope
        entry = self.compared.state.resources.get(change.address)
        blocks = tuple(
            block
            for block in unlawful(
                change,
                in_scope=change.address in scope.wanted or change.address in scope.deletable,
                today=entry.lifecycle if entry is not None and self.options.rollback is not None else None,
            )
            # A protected object is blocked by its policy, in the plan of what it would take.
            if block.rule not in rules and block.rule != "protect"
        )
        if blocks:
            return replace(change, blocked=(*change.blocked, *blocks))
        lifted = loosened(entry.lifecycle, change) if entry is not None and change.action is Action.UPDATE else ()
        requests = self.setting.provider.requests(change, live.body if live else None)
        return replace(change, requests=requests, notes=(*change.notes, *lifted))

    def plan(self) -> Plan:
        changes, unchanged = self.changes()
        seen = self.compared.seen
        account = self.setting.provider.account()
        situation = Situation(
            self.compared.state, account, seen.listings, self.options, self.setting.workspace.policy,
            len(self.manifests.manifests), lambda: self.setting.fingerprint(self.compared.state),
            self.setting.catalogue,
        )  # fmt: skip
        guarded, blocks = guard(changes, situation)
        ordered = in_order(guarded)
        self.problems += standing_violations(
            (planned.change for planned in self.compared.planned.values()),
            situation,
            {one.address: one.source for one in self.manifests.manifests} if situation.policy != Policy() else {},
        )
        self.problems += missing_secrets(ordered, self.compared.book)
        unmanaged = self.unmanaged()
        incomplete = self.incomplete()
        self.problems += check_libraries(ordered, self.setting.provider, self.setting.workspace.parallelism)
        return Plan(
            workspace=self.setting.workspace.name,
            account=account,
            lineage=self.compared.state.lineage,
            serial=self.compared.state.serial,
            changes=ordered,
            drift=self.drift(),
            blocked=blocks,
            diagnostics=tuple(problem for problem in self.problems if not problem.is_error),
            summary=summarise(
                [change for change in ordered if change.is_difference],
                not_looked_at=self.compared.scope.not_looked_at,
                unmanaged=len(unmanaged),
                unchanged=unchanged,
                incomplete=len(incomplete),
            ),
            unmanaged=unmanaged if self.options.unmanaged else (),
            kept=self.kept,
            mode=self.mode,
            inputs_digest=self.manifests.inputs_digest,
            commit=self.manifests.commit,
            project=self.setting.project,
            rollback=self.options.rollback,
            namesakes={
                str(change.address): tuple(
                    objects_of(
                        self.compared.whole.get(change.address.kind) or seen.listings.get(change.address.kind),
                        name_given(change, self.compared.book),
                    )
                )
                for change in ordered
                if change.action is Action.CREATE
            },
            entries={
                str(change.address): entry_digest(change.address, entry)
                for change in ordered
                if (entry := self.compared.state.resources.get(change.address)) is not None
            },
            references=self.references(ordered),
            incomplete=incomplete,
            options=replace(self.options, record=False),
        )

    @property
    def mode(self) -> str:
        return "destroy" if self.options.destroy else "refresh-only" if self.options.refresh_only else "normal"

    def drift(self) -> tuple[DriftItem, ...]:
        """What moved outside: by the manifests where there are any, else by what state remembers."""
        found: list[DriftItem | None] = []
        planned = self.compared.planned
        declared = {one.address: one for one in self.manifests.manifests} if self.options.refresh_only else {}
        for address in sorted(planned.keys() | self.compared.scope.deletable):
            entry = self.compared.state.resources.get(address)
            if entry is None:
                continue
            if entry.id in self.compared.seen.gone:
                found.append(gone_item(address, entry))
            elif address in planned:
                found.append(drift_item(address, entry, planned[address]))
            elif (live := self.compared.live.get((address.kind, entry.id))) is not None:
                item = drift_from_state(address, entry, live, self.compared.book, self.setting.catalogue)
                if item is not None and address in declared:
                    item = self._with_vendor(item, live, declared[address])
                found.append(item)
        return tuple(item for item in found if item is not None)

    def incomplete(self) -> tuple[Incomplete, ...]:
        """What could not be compared: of resources, of entries without a manifest, and of what was not to be read."""
        found = [*self.compared.unread]
        for planned in self.compared.planned.values():
            found += planned.incomplete
        for address in self.compared.scope.deletable - self.compared.planned.keys():
            entry = self.compared.state.resources[address]
            if (live := self.compared.live.get((address.kind, entry.id))) is not None:
                found += incomplete_from_state(address, entry, live, self.compared.book)
        return tuple(sorted(found, key=lambda one: (str(one.address or ""), one.path)))

    def _with_vendor(self, item: DriftItem, live: LiveObject, manifest: Manifest) -> DriftItem:
        """The item with what the vendor moved told apart by the manifest, which knows more of it than the state."""
        entry = self.compared.state.resources[item.address]
        context = Context(self.compared.book, self.setting.provider.vocabulary, catalogue=self.setting.catalogue)
        vendors = {
            field.path: field
            for resource in resources_of([manifest]).values()
            for field in plan_resource(resource, Binding(entry.id, Reason.CHANGED, entry), live, context).drift
            if field.direction is Direction.VENDOR
        }
        return replace(item, changes=tuple(vendors.get(field.path, field) for field in item.changes))

    def unmanaged(self) -> tuple[Unmanaged, ...]:
        """User objects that neither a manifest nor the state claims."""
        claimed = {(address.kind, binding.id) for address, binding in self.compared.matching.bindings.items()}
        claimed |= {(address.kind, entry.id) for address, entry in self.compared.state.resources.items()}
        lists = self.compared.seen.listings.items()
        return tuple(
            Unmanaged(name, live.id, live.name)
            for name, listing in lists
            for live in listing.objects.values()
            if (name, live.id) not in claimed
        )

    def references(self, changes: tuple[Change, ...]) -> dict[str, str]:
        """Digests of the live objects that the plan refers to without changing them."""
        touched = {(change.address.kind, change.id) for change in changes if change.requests}
        found: dict[str, str] = {}
        for change in changes:
            for used in change.depends_on if change.requests and change.action is not Action.DELETE else ():
                entry = self.compared.state.resources.get(used)
                listing = self.compared.seen.listings.get(used.kind)
                live = listing.objects.get(entry.id) if entry is not None and listing is not None else None
                if live is not None and (used.kind, live.id) not in touched:
                    found[f"{used.kind}/{live.id}"] = object_digest(kind(used.kind), live)
        return found
