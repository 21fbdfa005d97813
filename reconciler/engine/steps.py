"""Carrying out one change: write-ahead intent, requests, read-back, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.canonical import keyed_parent, leaf_at
from reconciler.core.planning.match import objects_of
from reconciler.core.planning.planner import live_document
from reconciler.core.readback import is_draft, judge, moved_since
from reconciler.core.secretbook import SecretBook
from reconciler.core.state.record import record
from reconciler.engine.beforehand import before_change
from reconciler.engine.fill import fill_request
from reconciler.engine.ledger import Ledger
from reconciler.engine.parallel import run_parallel
from reconciler.engine.processing import wait_until_done
from reconciler.engine.reading import read_apart
from reconciler.errors import NotFound, OutcomeUnknown, PlanStale, ProviderError, Rejected
from reconciler.kinds import kind
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Request
from reconciler.types.live import LiveObject
from reconciler.types.ports import Answer, Clock, Emit, Provider
from reconciler.types.preimage import Preimage
from reconciler.types.state import Entry, Intent

FRESH = 5.0
"""Seconds for which a reading counts as current; older ones are read again right before a write."""
READ_AGAIN = (0.2, 0.4, 0.8, 1.4, 2.2)
"""Pauses between readings while the account does not show a write yet: five times, five seconds in all."""
CREATE_TRIES = 3
WIDTH = 10
"""Objects that are read at once for the pre-images of a stage."""


@dataclass(slots=True)
class Worker:
    """Everything that the steps of one apply share. Used from several threads; the ledger does its own locking."""

    provider: Provider
    ledger: Ledger
    book: SecretBook
    clock: Clock
    live: Mapping[tuple[str, str], LiveObject]
    """Objects as they were read for the plan, or for the check of a saved plan."""
    read_at: float
    namesakes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    force_maker: bool = False
    refresh: bool = False
    emit: Emit = lambda event: None
    stop: Callable[[], bool] = lambda: False
    entries: Mapping[Address, Entry] = field(init=False)
    """State as this apply found it: each address is carried out once, so nothing in here goes stale."""
    ids: dict[Address, str] = field(init=False)
    """Every id known so far, those of this run included."""

    def __post_init__(self) -> None:
        self.entries = self.ledger.state.resources
        self.ids = {address: entry.id for address, entry in self.entries.items()}

    def run(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        """Carry out `change`; the live id and notes for a person. Raises `ProviderError`, `PlanStale`, ..."""
        self.ledger.check()
        steps: Mapping[Action, Callable[[Change], tuple[str | None, tuple[str, ...]]]] = {
            Action.CREATE: self.create,
            Action.UPDATE: self.update,
            Action.DELETE: self.delete,
            Action.FORGET: self.forget,
            Action.NOOP: self.keep,
        }
        return steps[change.action](change)

    # create

    def announce(self, changes: Sequence[Change]) -> None:
        """Mark the creates among `changes` as about to be sent, together. Raises `StateError`."""
        # A replacement first gives its old entry another address, which closes what is open under its own.
        plain = [one for one in changes if one.action is Action.CREATE and not (one.replaces or one.previous)]
        before: Sequence[Preimage | None] = ()
        if self.ledger.together:
            before = run_parallel(self.preimage, [one for one in changes if one.is_difference], WIDTH)
        self.ledger.announce([self.intent(change) for change in plain], [one for one in before if one is not None])

    def begin(self, change: Change, live: LiveObject | None = None) -> None:
        """Keep what `change` is about to change; `live` where it was read just now."""
        if self.ledger.together or not change.is_difference:
            return
        before = self.preimage(change, live)
        if before is not None:
            self.ledger.begin(before)

    def preimage(self, change: Change, live: LiveObject | None = None) -> Preimage | None:
        """What `change` is about to change; None where another change keeps it."""
        entry = self.entries.get(change.previous or change.address)
        return before_change(change, entry, live, self.live, self.provider)

    def intent(self, change: Change) -> Intent:
        """The mark that a create is about to be sent."""
        before = self.namesakes.get(str(change.address), ())
        return Intent(change.address, change.address.kind, change.name or "", before, self.clock.now())

    def create(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        self.begin(change)
        first, *others = change.requests
        before_it = change.previous or change.address
        if change.replaces is not None and (old := self.entries.get(before_it)) is not None:
            self.ledger.keep(change.replaces, old, previous=before_it)
        id = self.send_create(change, fill_request(first, self.ids, self.book), self.intent(change))
        self.ids[change.address] = id
        # The id is safe from here on; what was sent is only recorded once it was seen.
        self.ledger.keep(
            change.address, Entry(id, name=change.name, lifecycle=change.lifecycle, source=change.source)
        )
        for request in others:
            self.send(change, request)
        live, notes = self.read_back(change, id)
        return id, notes + wait_until_done(change, live, self.provider, self.clock, self.emit, self.stop)

    def send_create(self, change: Change, request: Request, intent: Intent) -> str:
        """Send a create at most once per look: after an unknown outcome the object is looked for first."""
        for attempt in range(CREATE_TRIES):
            self.ledger.intend(intent)
            try:
                answer = self.provider.send(request)
            except OutcomeUnknown as error:
                found = self.look_up(intent)
                if found is not None:
                    return found
                if attempt + 1 == CREATE_TRIES:
                    raise OutcomeUnknown(
                        f"{error.message}; the object was not found afterwards",
                        hint="run the same command again: it looks the object up before it creates one",
                    ) from error
                self.ledger.check()
                continue
            except ProviderError:
                self.ledger.drop(change.address)  # the API answered: nothing was created
                raise
            id = self.provider.created_id(intent.kind, answer) or self.look_up(intent)
            if id is None:
                raise OutcomeUnknown(
                    f"the answer to the create of {change.address} names no id and the object is not in the list",
                    hint="run the same command again: it looks the object up before it creates one",
                )
            return id
        raise AssertionError("unreachable")

    def look_up(self, intent: Intent) -> str | None:
        """The object that an open create made: of its name, not there before, in no state entry."""
        for pause in (0.0, 1.0):
            if pause:
                self.clock.sleep(pause)
            held = set(self.ids.copy().values())
            named = objects_of(self.provider.list(intent.kind), intent.name)
            found = [id for id in named if id not in intent.before and id not in held]
            if len(found) > 1:
                raise PlanStale(
                    f"{intent.address} was sent once and {len(found)} new objects are called {intent.name!r}: "
                    f"{', '.join(found)}",
                    hint=f"say which one is ours: reconciler import {intent.address} ID",
                )
            if found:
                return found[0]
        return None

    # update

    def update(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        assert change.id is not None
        self.begin(change, self.refuse_moved(change))
        unchanged = drafted = False
        for place, request in enumerate(change.requests):
            if request.purpose == "detach":
                self.see_patched(change, change.requests[:place])
            answer = self.send(change, request)
            unchanged = unchanged or answer.status == 304
            drafted = drafted or is_draft(answer.body)
            if request.purpose == "attach" and any(later.purpose == "update" for later in change.requests[place:]):
                self.see_attached(change, request)
        return change.id, self.read_back(change, change.id, unchanged=unchanged, drafted=drafted)[1]

    def see_attached(self, change: Change, request: Request) -> None:
        """Make sure that the tools are there before a patch takes their inline copies away."""
        body = fill_request(request, self.ids, self.book).body
        wanted = set(texts) if isinstance(body, dict) and isinstance(texts := body.get("tool_ids"), list) else set()
        missing = wanted
        for pause in (0.0, *READ_AGAIN):
            if pause:
                self.clock.sleep(pause)
            missing = wanted - set(self.provider.attached_tools(change.id or ""))
            if not missing:
                return
        raise Rejected(
            f"{change.address}: {', '.join(map(str, sorted(missing, key=str)))} was attached and is not there",
            hint="its inline tools were left in place; run apply again",
        )

    def see_patched(self, change: Change, sent: Sequence[Request]) -> None:
        """Make sure that inline tools are there before a registry tool of the same work is detached."""
        spec = kind(change.address.kind)
        inline = [field.path for field in change.fields if keyed_parent(spec, field.path) and field.after is not None]
        if not inline or sent[-1].purpose == "detach" or change.id is None:
            return
        for pause in (0.0, *READ_AGAIN):
            if pause:
                self.clock.sleep(pause)
            live = self.provider.get(spec.name, change.id)
            if live is not None and all(leaf_at(spec, live_document(spec, live), path) for path in inline):
                return
        raise Rejected(
            f"{change.address}: {', '.join(inline)} was written and is not there",
            hint="its registry tools were left attached; run the same command again",
        )

    def refuse_moved(self, change: Change) -> LiveObject | None:
        """Read the object again unless that was done a moment ago; what moved is not written over. The object, where
        it was read."""
        if self.clock.monotonic() - self.read_at < FRESH:
            return None
        live = self.provider.get(change.address.kind, change.id or "")
        if live is None:
            raise PlanStale(f"{change.address} ({change.id}) is gone since the plan was made")
        moved = moved_since(change, live)
        if moved:
            raise PlanStale(
                f"{change.address} moved since the plan was made: {', '.join(moved)}",
                hint="run plan again and look at what changed",
            )
        return live

    def send(self, change: Change, request: Request) -> Answer:
        self.ledger.check()
        try:
            return self.provider.send(fill_request(request, self.ids, self.book), force=self.force_maker)
        except NotFound:
            if request.purpose == "detach":
                return Answer(204)  # the tool is gone, and with it the attachment
            raise

    # delete, forget, keep

    def delete(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        notes: tuple[str, ...] = ()
        self.begin(change)
        for request in change.requests:
            try:
                self.ledger.check()
                self.provider.send(fill_request(request, self.ids, self.book))
            except NotFound:
                if self.provider.get(change.address.kind, change.id or "") is not None:
                    raise
                notes = ("was gone already",)
        self.ledger.forget(change.address)
        return change.id, notes

    def forget(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        self.begin(change)
        self.ledger.forget(change.address)
        return change.id, ()

    def keep(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        """Nothing to send: take the object into state, rename its entry, or bring its digests up to date."""
        assert change.id is not None
        self.begin(change)
        live = self.live.get((change.address.kind, change.id)) or self.provider.get(change.address.kind, change.id)
        if live is None:
            raise PlanStale(f"{change.address} ({change.id}) is gone since the plan was made")
        self.remember(change, self.with_apart(change, live))
        return change.id, ()

    # read-back

    def read_back(
        self, change: Change, id: str, *, unchanged: bool = False, drafted: bool = False
    ) -> tuple[LiveObject, tuple[str, ...]]:
        """Read until the account shows the write, then record what was sent and seen; the object, and notes.

        `drafted` says that an answer spoke of a draft: why the write does not show, should it not.
        Raises `Rejected` when it never does, or when a member outside the patch vanished; the digests in state then
        stay as they were.
        """
        name = change.address.kind
        verdict = None
        for pause in (0.0, *READ_AGAIN):
            if pause:
                self.clock.sleep(pause)
            live = self.provider.get(name, id)
            if live is None:
                continue
            live = self.with_apart(change, live)
            verdict = judge(change, live, self.book, self.ids, unchanged=unchanged)
            if verdict.good:
                self.remember(change, live)
                return live, verdict.notes
            if verdict.vanished:
                break
        if verdict is None:
            raise Rejected(f"{change.address} ({id}) cannot be read after the write")
        if verdict.vanished:
            raise Rejected(
                f"the write of {change.address} made the account lose {', '.join(verdict.vanished)}",
                hint="what it was stands in the plan; run plan again to restore what the manifests hold",
            )
        if verdict.draft or drafted:
            raise Rejected(
                f"the write of {change.address} went into an unpublished draft",
                hint="publish or discard the draft in the vendor's editor, then run apply again",
            )
        raise Rejected(
            f"the account does not show the write of {change.address} at {', '.join(verdict.pending)}",
            hint="run plan again; if it stays, the API ignores this field: remove it or add it to lifecycle.ignore",
        )

    def with_apart(self, change: Change, live: LiveObject) -> LiveObject:
        """The object with what the API keeps apart from it, as far as that is ours."""
        spoken_of = {*(change.managed or {}), *(field.path for field in change.fields)}
        return read_apart(self.provider, live, spoken_of & set(kind(change.address.kind).apart))

    def remember(self, change: Change, live: LiveObject) -> None:
        old = self.entries.get(change.previous or change.address)
        self.ids[change.address] = live.id
        entry = record(change, live, old, self.book, self.ids, refresh=self.refresh)
        self.ledger.keep(change.address, entry, previous=change.previous)
