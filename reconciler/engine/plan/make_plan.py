"""plan: manifests, state and the account -> a Plan; reads only.

1. read the state (a left-over journal folded in memory) and follow Moved documents
2. manifests -> resources; what is in scope
3. read the lists; find out what became of managed ids that are missing; read attachments
4. bind each resource to its live object, and its references to ids
5. compare; where a difference rests on a member that the list item lacks, or somebody seems to have edited the
   account, GET the object and compare again
6. what left the manifests; order; the requests of every write; the safety rules
7. the serial of the state again: if it moved, start over once
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reconciler.core.canonical.references import bind_resource, resources_of
from reconciler.core.history.rollback_goal import Goal, gone_untouched, is_shared, not_made, torn
from reconciler.core.kind_table import kind
from reconciler.core.planning.address_moves import as_replacement, find_replaced, follow_moves
from reconciler.core.planning.assemble_changes import plan_resource
from reconciler.core.planning.attachments import AttachedTools, item_ids, shadows, tell_left
from reconciler.core.planning.id_names import names_in
from reconciler.core.planning.part_of_project import leave_what_moved, make_along
from reconciler.core.planning.records import Moves, Scope
from reconciler.core.planning.run_scope import scope
from reconciler.core.planning.selection_check import leaves_nothing, require_something, tell_missing_state, unmatched
from reconciler.core.planning.state_drift import rests_on_absence
from reconciler.core.planning.usage import NOTHING, Usage
from reconciler.core.resource_diff.match_objects import match, names_of
from reconciler.core.resource_diff.records import Binding, Context, Matching, ResourcePlan, Seen
from reconciler.core.state.entry_changes import renamed, set_aside
from reconciler.core.state.secret_names import made_by, name_of
from reconciler.engine.account_reader import Reader, kinds_to_read
from reconciler.engine.plan.assemble_plan import Compared, draft
from reconciler.engine.plan.read_usage import claimed, read_usage
from reconciler.engine.plan.second_read import Known, partly_listed, spoken_of, told_of_failures
from reconciler.engine.run_context import RunContext
from reconciler.errors import PlanError, ProviderError
from reconciler.types.address import Address
from reconciler.types.change import Action, Direction, Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.incomplete import Incomplete, Obstacle
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import DriftField, Plan
from reconciler.types.resource import Resource
from reconciler.types.state import Entry, State


def make_plan(manifests: ManifestSet, state: State, options: PlanOptions, setting: RunContext) -> Plan:
    """The plan for one workspace against the state as it was read. Sends nothing but GET requests.

    Raises `PlanError` with every problem found (ambiguous names, foreign ids, dangling references),
    `ProviderError` when the account cannot be read.
    """
    return plan_with_live(manifests, state, options, setting)[0]


def plan_with_live(
    manifests: ManifestSet, state: State, options: PlanOptions, setting: RunContext, goal: Goal | None = None
) -> tuple[Plan, dict[tuple[str, str], LiveObject]]:
    """The same, with the live objects that it was made against, by kind and id: what an apply that follows needs.

    With a `goal` the resources are those of a rollback, and only what it names can leave.
    """
    planning = _Planning(manifests, state, options, setting, goal=goal)
    return planning.run(), planning.live


def plan_with_names(
    manifests: ManifestSet, state: State, options: PlanOptions, setting: RunContext
) -> tuple[Plan, dict[tuple[str, str], str]]:
    """The same as `make_plan`, with what the objects that were read are called, by kind and id."""
    planning = _Planning(manifests, state, options, setting)
    return planning.run(), planning.names


def plan_with_noted(
    manifests: ManifestSet, state: State, options: PlanOptions, setting: RunContext
) -> tuple[Plan, dict[Address, tuple[DriftField, ...]]]:
    """The same as `make_plan`, with the leaves that differ from the manifests and stay as they are."""
    planning = _Planning(manifests, state, options, setting)
    return planning.run(), planning.noted


class _Planning:
    """One run of `make_plan`; each method is a step of the module's list."""

    def __init__(
        self,
        manifests: ManifestSet,
        state: State,
        options: PlanOptions,
        setting: RunContext,
        replaced: tuple[Address, ...] = (),
        goal: Goal | None = None,
    ) -> None:
        self.goal = goal
        self.manifests, self.options, self.setting = manifests, options, setting
        self.original = state
        self.moves = follow_moves(manifests, state) if goal is None else _moves_back(goal, state)
        if options.refresh_only:
            self.moves = Moves(state, {}, frozenset())
        self.state = set_aside(self.moves.state, replaced)
        self.replaced = replaced
        # A refresh is between the state and the account; the manifests have no say in it.
        idle = options.destroy or options.refresh_only
        self.resources: dict[Address, Resource] = (
            {} if idle else resources_of((*manifests.manifests, *manifests.beside))
        )
        self.beside = frozenset(one.address for one in manifests.beside)
        if goal is not None:
            self.resources = dict(goal.resources)
        if options.drift_only:
            self.resources = {a: r for a, r in self.resources.items() if a in self.state.resources}
        self.untouched: frozenset[Address] = frozenset()
        """What a rollback has nothing to do with: no run has written to it since."""
        self.not_shown: dict[tuple[str, str], str] = {}
        self.unread: dict[Address, str] = {}
        self.unlisted: list[Incomplete] = []
        self.reader = Reader(setting.provider, setting.workspace.parallelism, self.not_shown)
        self.book = setting.book(state)
        self.context = Context(self.book, setting.provider.vocabulary, options.resend_secrets, setting.catalogue)
        self.problems: list[Diagnostic] = list(self.moves.problems)
        self.live: dict[tuple[str, str], LiveObject] = {}
        self.whole: dict[str, Listing] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.noted: dict[Address, tuple[DriftField, ...]] = {}

    def run(self) -> Plan:
        if self.goal is None:
            require_something(self.manifests, self.original, self.options)
        labels = {one.address: one.labels for one in self.manifests.manifests} if self.goal is None else None
        chosen = scope(
            self.resources, self.state, self.options, self.manifests.paths, labels,
            beside=self.beside, declared=frozenset(one.address for one in self.manifests.manifests),
        )  # fmt: skip
        if not self.replaced:
            self.problems += [
                Diagnostic("E-target", Severity.ERROR, f"{one} cannot be replaced: {why}")
                for one in self.options.replace
                if one in self.state.resources.keys() | self.resources.keys() and (why := self.why_not_replaced(one))
            ]
        if self.goal is not None:
            leaving = self.goal.leaving | self.goal.orphans
            self.untouched = chosen.deletable - leaving
            chosen = replace(chosen, deletable=chosen.deletable & leaving, not_looked_at=0)
            self.problems += [torn(address) for address in self.goal.torn(chosen.wanted | chosen.deletable)]
        elif not self.options.drift_only:
            chosen, said = leave_what_moved(chosen, self.manifests)
            self.problems += said
        seen = self.read(chosen)
        self.problems += self.asked_in_vain(chosen, seen)
        chosen = self.adopt_orphans(chosen, seen)
        matching = self.bind(seen)
        if self.manifests.paths is not None and self.goal is None and not self.options.drift_only:
            chosen, lost = make_along(chosen, self.resources, self.beside, matching)
            self.problems += lost
        self.names = names_of(seen.listings, matching, self.state)
        planned = self.compare(chosen, matching, seen.listings)
        self.noted = {address: one.noted for address, one in planned.items() if one.noted}
        chosen = replace(chosen, deletable=chosen.deletable - self.unread.keys())
        if any(problem.is_error for problem in self.problems):
            raise PlanError("no plan can be made", [p for p in self.problems if p.is_error])
        if found := self.to_replace(planned):
            return self.once_more(found)
        compared = Compared(
            self.state, planned, chosen, seen, matching, self.live, self.moves, self.book, self.whole,
            (*self.unlisted, *(Incomplete(Obstacle.UNREADABLE, one, "", why) for one, why in self.unread.items())),
            self.usage(chosen, matching, planned, seen),
        )  # fmt: skip
        plan = draft(compared, self.problems, self.manifests, self.options, self.setting)
        return replace(plan, names=names_in(plan, self.names))

    def asked_in_vain(self, chosen: Scope, seen: Seen) -> list[Diagnostic]:
        """Errors for what the command line names and nobody knows, or for all of it together."""
        if self.goal is not None:
            more: Collection[Address] = (*self.goal.resources, *self.goal.leaving, *self.goal.orphans)
            return list(unmatched(self.manifests, self.original, self.options, seen.listings, more))
        found = list(unmatched(self.manifests, self.original, self.options, seen.listings))
        nothing = None if found else leaves_nothing(chosen, self.options, self.manifests, self.state)
        return [*found, nothing] if nothing is not None else found

    def to_replace(self, planned: Mapping[Address, ResourcePlan]) -> tuple[Address, ...]:
        """What this plan has to make anew; nothing when that is settled, or nothing is to be written."""
        if self.replaced or self.options.drift_only:
            return ()
        return find_replaced(planned, self.resources, self.state, self.options.replace)

    def why_not_replaced(self, address: Address) -> str | None:
        if address not in self.state.resources:
            return "the state does not hold it"
        if address not in self.resources:
            return "it has no manifest"
        if kind(address.kind).unique_names:
            return "the API takes no second object of its name beside it"
        return "its manifest has metadata.id" if self.resources[address].id is not None else None

    def once_more(self, replaced: tuple[Address, ...]) -> Plan:
        """The plan with `replaced` made anew: their ids are unknown, so all that refers to them is compared again."""
        planning = _Planning(self.manifests, self.original, self.options, self.setting, replaced, self.goal)
        plan = planning.run()
        self.live, self.names = planning.live, planning.names
        return plan

    def read(self, chosen: Scope) -> Seen:
        named = any(
            (spec := kind(address.kind)).attachments and resource.leaves.get(spec.attachments)
            for address, resource in self.resources.items()
        )
        addresses = [*self.resources, *self.state.resources, *(intent.address for intent in self.state.pending)]
        listings = self.reader.lists(kinds_to_read(addresses, attachments=bool(named)))
        pending = (self.resources.get(intent.address) for intent in self.state.pending)
        called = {one.address: name_of(one, self.book) for one in pending if one is not None}
        self.reader.settle_pending(listings, self.state, self.book, self.setting.wait_for_creates, called)
        if self.options.unmanaged:
            listings |= self.others(listings, self.setting.provider.kinds)
        self.hide_shadows(listings)
        looked = chosen.wanted | chosen.deletable | self.untouched | self.beside
        return self.reader.missing(
            {address: entry for address, entry in self.state.resources.items() if address in looked}, listings
        )

    def hide_shadows(self, listings: dict[str, Listing]) -> None:
        """Leave out objects that are items of another one: adopted, they would be lost together with that one.

        The other kind is only listed for it where a name of ours is among what could be adopted.
        """
        held = {entry.id for entry in self.state.resources.values()}
        for holder, pointer, shown in shadows(listings):
            names = {name_of(one, self.book) for address, one in self.resources.items() if address.kind == shown}
            mine = listings[shown].objects.values()
            if holder not in listings and any(live.name in names and live.id not in held for live in mine):
                listings |= self.others(listings, [holder])
            if holder in listings:
                ids = item_ids(listings[holder], pointer, kind(shown)) - held
                self.whole[shown] = listings[shown]
                kept = {id: live for id, live in listings[shown].objects.items() if id not in ids}
                listings[shown] = Listing(shown, kept)

    def others(self, listings: Mapping[str, Listing], wanted: Sequence[str]) -> dict[str, Listing]:
        """Lists that the project can do without; one that cannot be read is told, and missed by nobody else."""
        found: dict[str, Listing] = {}
        for name in wanted:
            if name not in listings:
                try:
                    found |= self.reader.lists([name])
                except ProviderError as error:
                    summary = f"{name} objects cannot be listed: {error.message}"
                    self.problems.append(Diagnostic("E-list", Severity.WARNING, summary, hint=error.hint))
                    self.unlisted.append(Incomplete(Obstacle.UNREADABLE, detail=summary))
        return found

    def adopt_orphans(self, chosen: Scope, seen: Seen) -> Scope:
        """An open create whose manifest is gone: if the object is there it is ours, and leaves like any other."""
        held = {entry.id for entry in self.state.resources.values()}
        orphans: dict[Address, Entry] = {}
        for intent in self.state.pending:
            if intent.address in self.resources or intent.address in self.state.resources:
                continue
            if self.goal is not None and is_shared(intent.kind):
                continue
            new = made_by(intent, seen.listings.get(intent.kind), self.book, held)
            if len(new) == 1:
                hidden = {} if intent.digest is None else {kind(intent.kind).name_field: intent.digest}
                orphans[intent.address] = Entry(new[0], name=intent.name, sent=hidden)
        if orphans:
            self.state = replace(self.state, resources={**self.state.resources, **orphans})
        return replace(chosen, deletable=chosen.deletable | orphans.keys())

    def bind(self, seen: Seen) -> Matching:
        free = {address: one for address, one in self.resources.items() if address not in self.replaced}
        matching = match(free, self.state, seen, self.moves.previous, self.book)
        for address in self.replaced:
            previous = self.moves.previous.get(address)
            matching.bindings[address] = Binding(None, Reason.REPLACED, previous=previous)
        self.problems += matching.problems
        if self.goal is not None:
            self.resources, unknown = self.goal.settled(matching, seen.listings.get("tool"))
            self.problems += [not_made(address, why) for address, why in sorted(unknown.items())]
            self.problems += [
                gone_untouched(one) for one in sorted(self.untouched) if self.state.resources[one].id in seen.gone
            ]
            matching.bindings = {a: one for a, one in matching.bindings.items() if a in self.resources}
        self.context = replace(
            self.context,
            migrate=self.options.migrate and self.goal is None and not self.options.drift_only,
            tool=AttachedTools(self.resources, matching, seen.listings.get("tool")),
        )
        if told := tell_missing_state(self.state, [one.reason for one in matching.bindings.values()]):
            self.problems.append(told)
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

    def compare(
        self, chosen: Scope, matching: Matching, listings: Mapping[str, Listing]
    ) -> dict[Address, ResourcePlan]:
        wanted = {address: binding for address, binding in matching.bindings.items() if address in chosen.wanted}
        for address, binding in wanted.items():
            if binding.id is not None and binding.id in listings[address.kind].objects:
                self.live[address.kind, binding.id] = listings[address.kind].objects[binding.id]
        for address in chosen.deletable:
            entry = self.state.resources[address]
            if (listing := listings.get(address.kind)) and entry.id in listing.objects:
                self.live[address.kind, entry.id] = listing.objects[entry.id]
        known = Known(wanted, self.resources, self.state, self.live)
        self.live |= self.reader.apart(spoken_of(known), self.live)
        self.look_at(partly_listed(known))
        shown = {address: one for address, one in wanted.items() if (address.kind, one.id) not in self.not_shown}
        planned = {address: self._plan(address, binding) for address, binding in shown.items()}
        doubtful = [
            live
            for address, result in planned.items()
            if (result.absent or any(one.direction is not Direction.VENDOR for one in result.drift))
            and (live := known.live_of(address)) is not None
            and not live.detailed
        ]
        doubtful += [
            live
            for address in chosen.deletable
            if (live := self.live.get((address.kind, self.state.resources[address].id))) is not None
            and rests_on_absence(self.state.resources[address], live)
        ]
        found = self.look_at(doubtful)
        for address, binding in wanted.items():
            if binding.id is not None and (address.kind, binding.id) in found:
                planned[address] = self._plan(address, binding)
        self.unread = {
            address: self.not_shown[address.kind, id]
            for address, id in [
                *((address, binding.id or "") for address, binding in wanted.items()),
                *((address, self.state.resources[address].id) for address in chosen.deletable),
            ]
            if (address.kind, id) in self.not_shown
        }
        planned = {address: one for address, one in planned.items() if address not in self.unread}
        self.problems += told_of_failures(planned, known)
        if not self.options.drift_only:
            self.problems += tell_left(planned, self.resources, setting_word=self.setting.workspace.migrate)
        return planned

    def usage(self, chosen: Scope, matching: Matching, planned: Mapping[Address, ResourcePlan], seen: Seen) -> Usage:
        """Who uses what this plan deletes, or what it changes and several may share."""
        if self.options.refresh_only or self.options.drift_only:
            return NOTHING
        leaving = {(one.kind, self.state.resources[one].id) for one in chosen.deletable - self.moves.removed}
        changed = {
            (address.kind, result.change.id)
            for address, result in planned.items()
            if result.change.action is Action.UPDATE and result.change.id and is_shared(address.kind)
        }
        return read_usage(
            leaving & self.live.keys(), changed, seen.listings, self.live, claimed(matching, self.state),
            self.reader, lambda wanted: self.others(seen.listings, wanted),
        )  # fmt: skip

    def look_at(self, doubtful: Sequence[LiveObject]) -> Collection[tuple[str, str]]:
        """Take each object by a GET of its own instead of its list item; which ones were looked at."""
        found = self.reader.details(doubtful)
        self.live |= {key: live for key, live in found.items() if live is not None}
        return found.keys()

    def _plan(self, address: Address, binding: Binding) -> ResourcePlan:
        live = self.live.get((address.kind, binding.id)) if binding.id is not None else None
        resource = self.resources[address]
        if self.goal is not None:
            resource = self.goal.spared(address, resource, live)
        planned = plan_resource(resource, binding, live, self.context)
        if address in self.replaced:
            return replace(planned, change=as_replacement(planned.change, self.moves.state.resources[address].id))
        return planned


def _moves_back(goal: Goal, state: State) -> Moves:
    """Everything at the address that it had then, at once."""
    return Moves(renamed(state, goal.moves), goal.moved, goal.orphans)
