"""plan: manifests, state and the account -> a Plan; reads only.

1. read the state (a left-over journal folded in memory) and follow Moved documents
2. manifests -> resources; what is in scope
3. read the lists; find out what became of managed ids that are missing; read attachments
4. bind each resource to its live object, and its references to ids
5. compare; where a difference rests on a member that the list item lacks, GET the object and compare again
6. what left the manifests; order; the requests of every write; the safety rules
7. the serial of the state again: if it moved, start over once
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.assemble import drift_item, gone_item, order_deletes, plan_leaving, plan_resource, summarise
from reconciler.core.digest import SecretDigests, key_fingerprint
from reconciler.core.drift import drift_from_state
from reconciler.core.match import Account as Seen
from reconciler.core.match import Binding, Matching, match, objects_of
from reconciler.core.moves import follow_moves
from reconciler.core.order import in_order
from reconciler.core.planner import Context, Planned, object_digest
from reconciler.core.record import record
from reconciler.core.resolve import bind_resource, resources_of
from reconciler.core.safety import Situation, guard
from reconciler.core.scope import Scope, scope
from reconciler.core.secretbook import SecretBook
from reconciler.engine.reading import Reader, kinds_to_read
from reconciler.errors import PlanError
from reconciler.kinds import kind
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import DriftItem, Plan
from reconciler.types.ports import Provider, Secrets
from reconciler.types.project import Workspace
from reconciler.types.resource import Resource
from reconciler.types.state import Entry, State


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a run takes place: everything that stays the same from start to end."""

    workspace: Workspace
    provider: Provider
    secrets: Secrets
    project: str = "project"
    digest_key: bytes | None = None
    """From RECONCILER_DIGEST_KEY: secrets are then digested with HMAC instead of scrypt."""

    def fingerprint(self, state: State) -> str:
        """Salted digest of the API key, by which this account is known again."""
        return self.provider.fingerprint(lambda key: key_fingerprint(state.salt, key))

    def book(self, state: State) -> SecretBook:
        """The secrets of this run, digested the way this state does it."""
        return SecretBook(SecretDigests(state.salt, self.digest_key), self.secrets.resolve)


def make_plan(manifests: ManifestSet, state: State, options: PlanOptions, setting: Setting) -> Plan:
    """The plan for one workspace against the state as it was read. Sends nothing but GET requests.

    Raises `PlanError` with every problem found (ambiguous names, foreign ids, dangling references),
    `ProviderError` when the account cannot be read.
    """
    return plan_with_live(manifests, state, options, setting)[0]


def plan_with_live(
    manifests: ManifestSet, state: State, options: PlanOptions, setting: Setting
) -> tuple[Plan, dict[tuple[str, str], LiveObject]]:
    """The same, with the live objects that it was made against, by kind and id: what an apply that follows needs."""
    planning = _Planning(manifests, state, options, setting)
    return planning.run(), planning.live


class _Planning:
    """One run of `make_plan`; each method is a step of the module's list."""

    def __init__(self, manifests: ManifestSet, state: State, options: PlanOptions, setting: Setting) -> None:
        self.manifests = manifests
        self.options = options
        self.setting = setting
        self.original = state
        self.moves = follow_moves(manifests, state)
        self.state = self.moves.state
        self.resources: dict[Address, Resource] = {} if options.destroy else resources_of(manifests.manifests)
        if options.drift_only:
            self.resources = {a: r for a, r in self.resources.items() if a in self.state.resources}
        self.reader = Reader(setting.provider, setting.workspace.parallelism)
        self.book = setting.book(state)
        self.context = Context(self.book, setting.provider.vocabulary, options.resend_secrets)
        self.problems: list[Diagnostic] = list(self.moves.problems)
        self.live: dict[tuple[str, str], LiveObject] = {}

    def run(self) -> Plan:
        chosen = scope(self.resources, self.state, self.options, self.manifests.paths)
        for address in chosen.unknown:
            self.problems.append(
                Diagnostic("E-target", Severity.ERROR, f"{address} is neither in the manifests nor in the state")
            )
        seen = self.read(chosen)
        chosen = self.adopt_orphans(chosen, seen)
        matching = self.bind(seen)
        planned = self.compare(chosen, matching, seen.listings)
        if any(problem.is_error for problem in self.problems):
            raise PlanError("no plan can be made", [p for p in self.problems if p.is_error])
        changes, unchanged = self.changes(planned, chosen, seen)
        return self.finish(changes, unchanged, planned, chosen, seen, matching)

    def read(self, chosen: Scope) -> Seen:
        named = any(
            (spec := kind(address.kind)).attachments and resource.leaves.get(spec.attachments)
            for address, resource in self.resources.items()
        )
        addresses = [*self.resources, *self.state.resources, *(intent.address for intent in self.state.pending)]
        listings = self.reader.lists(kinds_to_read(addresses, attachments=bool(named)))
        self.reader.settle_pending(listings, self.state)
        looked = chosen.wanted | chosen.deletable
        return self.reader.missing(
            {address: entry for address, entry in self.state.resources.items() if address in looked}, listings
        )

    def adopt_orphans(self, chosen: Scope, seen: Seen) -> Scope:
        """An open create whose manifest is gone: if the object is there it is ours, and leaves like any other."""
        held = {entry.id for entry in self.state.resources.values()}
        orphans: dict[Address, Entry] = {}
        for intent in self.state.pending:
            if intent.address in self.resources or intent.address in self.state.resources:
                continue
            named = objects_of(seen.listings.get(intent.kind), intent.name)
            new = [id for id in named if id not in intent.before and id not in held]
            if len(new) == 1:
                orphans[intent.address] = Entry(new[0], name=intent.name)
        if orphans:
            self.state = replace(self.state, resources={**self.state.resources, **orphans})
        return replace(chosen, deletable=chosen.deletable | orphans.keys())

    def bind(self, seen: Seen) -> Matching:
        matching = match(self.resources, self.state, seen, self.moves.previous)
        self.problems += matching.problems
        ids = {address: binding.id for address, binding in matching.bindings.items() if binding.id is not None}
        ids |= {
            address: entry.id
            for address, entry in self.state.resources.items()
            if address not in self.resources and entry.id not in seen.gone
        }
        for address, resource in self.resources.items():
            bound, problems = bind_resource(resource, ids, seen.listings.get("tool"))
            self.resources[address] = bound
            self.problems += problems
        return matching

    def compare(self, chosen: Scope, matching: Matching, listings: Mapping[str, Listing]) -> dict[Address, Planned]:
        wanted = {address: binding for address, binding in matching.bindings.items() if address in chosen.wanted}
        for address, binding in wanted.items():
            if binding.id is not None:
                self.live[address.kind, binding.id] = listings[address.kind].objects[binding.id]
        for address in chosen.deletable:
            entry = self.state.resources[address]
            if (listing := listings.get(address.kind)) and entry.id in listing.objects:
                self.live[address.kind, entry.id] = listing.objects[entry.id]
        attached = self.with_tools(wanted)
        self.live |= self.reader.attachments(live for key, live in self.live.items() if key in attached)
        planned = {address: self._plan(address, binding) for address, binding in wanted.items()}
        doubtful = [
            live
            for address, result in planned.items()
            if result.absent and (live := self._live_of(address, wanted[address])) is not None and not live.detailed
        ]
        if doubtful:
            found = self.reader.details(doubtful)
            self.live |= {key: live for key, live in found.items() if live is not None}
            for address, binding in wanted.items():
                if binding.id is not None and (address.kind, binding.id) in found:
                    planned[address] = self._plan(address, binding)
        return planned

    def with_tools(self, wanted: Mapping[Address, Binding]) -> set[tuple[str, str]]:
        """The live objects whose attachments matter: a manifest or the state speaks of them."""
        found: set[tuple[str, str]] = set()
        for address, entry in self.state.resources.items():
            if (attachments := kind(address.kind).attachments) and attachments in entry.sent:
                found.add((address.kind, entry.id))
        for address, binding in wanted.items():
            attachments = kind(address.kind).attachments
            if attachments and binding.id is not None and attachments in self.resources[address].leaves:
                found.add((address.kind, binding.id))
        return found

    def _live_of(self, address: Address, binding: Binding) -> LiveObject | None:
        return self.live.get((address.kind, binding.id)) if binding.id is not None else None

    def _plan(self, address: Address, binding: Binding) -> Planned:
        return plan_resource(self.resources[address], binding, self._live_of(address, binding), self.context)

    def changes(self, planned: Mapping[Address, Planned], chosen: Scope, seen: Seen) -> tuple[list[Change], int]:
        """Every change with its requests; how many resources are in sync."""
        changes: list[Change] = []
        unchanged = 0
        for result in planned.values():
            change = self._refreshed(result.change) if self.options.refresh_only else result.change
            if change is None:
                continue
            if change.action is Action.NOOP and not change.is_difference:
                unchanged += 1
                if not (self._worth_recording(change, result) or change.reason is Reason.OBSERVE):
                    continue
            changes.append(self._with_requests(change))
        for address in sorted(chosen.deletable):
            changes.append(self._leaving(address, seen))
        return order_deletes(changes, self.state), unchanged

    def _refreshed(self, change: Change) -> Change | None:
        """Refresh-only takes in what is live and writes nothing; what is gone is forgotten, nothing is created."""
        if change.action is Action.CREATE:
            entry = self.state.resources.get(change.address)
            if entry is None:
                return None
            return plan_leaving(change.address, entry, None, destroy=False, removed=False, protect=False)
        return replace(change, action=Action.NOOP, patch=(), requests=(), fields=(), importing=None)

    def _worth_recording(self, change: Change, result: Planned) -> bool:
        """Whether an apply would change what state holds: an entry adopted, digests or lifecycle moved."""
        if not self.options.record and not self.options.refresh_only:
            return False
        live = self.live[change.address.kind, change.id or ""]
        old = self.state.resources.get(change.address)
        new = record(change, live, old, self.book, {}, refresh=self.options.refresh_only)
        return new != old

    def _leaving(self, address: Address, seen: Seen) -> Change:
        entry = self.state.resources[address]
        live = self.live.get((address.kind, entry.id))
        if live is None and entry.id in seen.foreign:
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
            removed=address in self.moves.removed or self.options.refresh_only,
            protect=address in self._protected(),
        )
        return self._with_requests(change)

    def _protected(self) -> set[Address]:
        return {one.address for one in self.manifests.manifests if one.lifecycle.protect}

    def _with_requests(self, change: Change) -> Change:
        live = self.live.get((change.address.kind, change.id or ""))
        if change.action not in (Action.CREATE, Action.UPDATE, Action.DELETE):
            return change
        return replace(change, requests=self.setting.provider.requests(change, live.body if live else None))

    def finish(
        self,
        changes: list[Change],
        unchanged: int,
        planned: Mapping[Address, Planned],
        chosen: Scope,
        seen: Seen,
        matching: Matching,
    ) -> Plan:
        account = self.setting.provider.account()
        situation = Situation(
            self.state, account, seen.listings, self.options, self.setting.workspace.policy,
            len(self.manifests.manifests), lambda: self.setting.fingerprint(self.state),
        )  # fmt: skip
        guarded, blocks = guard(changes, situation)
        ordered = in_order(guarded)
        return Plan(
            workspace=self.setting.workspace.name,
            account=account,
            lineage=self.state.lineage,
            serial=self.state.serial,
            changes=ordered,
            drift=self.drift(planned, chosen, seen),
            blocked=blocks,
            diagnostics=tuple(problem for problem in self.problems if not problem.is_error),
            summary=summarise(
                [change for change in ordered if change.is_difference],
                not_looked_at=chosen.not_looked_at,
                unmanaged=self.unmanaged(seen, matching),
                unchanged=unchanged,
            ),
            mode=self.mode,
            inputs_digest=self.manifests.inputs_digest,
            commit=self.manifests.commit,
            project=self.setting.project,
            names_absent=_names(ordered),
            namesakes={
                str(change.address): tuple(objects_of(seen.listings.get(change.address.kind), change.name or ""))
                for change in ordered
                if change.action is Action.CREATE
            },
            references=self.references(ordered, seen),
        )

    @property
    def mode(self) -> str:
        return "destroy" if self.options.destroy else "refresh-only" if self.options.refresh_only else "normal"

    def drift(self, planned: Mapping[Address, Planned], chosen: Scope, seen: Seen) -> tuple[DriftItem, ...]:
        """What moved outside: by the manifests where there are any, else by what state remembers."""
        found: list[DriftItem | None] = []
        for address in sorted(planned.keys() | chosen.deletable):
            entry = self.state.resources.get(address)
            if entry is None:
                continue
            if entry.id in seen.gone:
                found.append(gone_item(address, entry))
            elif address in planned:
                found.append(drift_item(address, entry, planned[address]))
            elif (live := self.live.get((address.kind, entry.id))) is not None:
                found.append(drift_from_state(address, entry, live, self.book))
        return tuple(item for item in found if item is not None)

    def unmanaged(self, seen: Seen, matching: Matching) -> int:
        """User objects that neither a manifest nor the state claims."""
        claimed = {(address.kind, binding.id) for address, binding in matching.bindings.items()}
        claimed |= {(address.kind, entry.id) for address, entry in self.state.resources.items()}
        return sum((name, id) not in claimed for name, listing in seen.listings.items() for id in listing.objects)

    def references(self, changes: tuple[Change, ...], seen: Seen) -> dict[str, str]:
        """Digests of the live objects that the plan refers to without changing them."""
        touched = {(change.address.kind, change.id) for change in changes if change.requests}
        found: dict[str, str] = {}
        for change in changes:
            for used in change.depends_on if change.requests and change.action is not Action.DELETE else ():
                entry = self.state.resources.get(used)
                listing = seen.listings.get(used.kind)
                live = listing.objects.get(entry.id) if entry is not None and listing is not None else None
                if live is not None and (used.kind, live.id) not in touched:
                    found[f"{used.kind}/{live.id}"] = object_digest(kind(used.kind), live)
        return found


def _names(changes: tuple[Change, ...]) -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = {}
    for change in changes:
        if change.action is Action.CREATE and change.name:
            names.setdefault(change.address.kind, []).append(change.name)
    return {kind_name: tuple(listed) for kind_name, listed in names.items()}
