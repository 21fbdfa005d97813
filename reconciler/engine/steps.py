"""Carrying out one change: write-ahead intent, requests, read-back, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.history.preimage import preimage
from reconciler.core.planning.gate import unlawful
from reconciler.core.readback import is_draft, judge, moved_since
from reconciler.core.secretbook import SecretBook
from reconciler.core.state.record import record
from reconciler.engine.beforehand import before_change
from reconciler.engine.creating import look_up, send_create
from reconciler.engine.fill import fill_request
from reconciler.engine.ledger import Ledger
from reconciler.engine.parallel import run_parallel
from reconciler.engine.processing import wait_until_done
from reconciler.engine.reading import read_apart
from reconciler.engine.resuming import NOTHING, Begun, is_as_planned
from reconciler.engine.seeing import looks, refuse, see_attached, see_patched
from reconciler.errors import NotFound, PlanBlocked, PlanStale
from reconciler.kinds import kind
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Request
from reconciler.types.json import Json
from reconciler.types.live import LiveObject
from reconciler.types.ports import Answer, Clock, Emit, Provider
from reconciler.types.preimage import Preimage
from reconciler.types.state import Entry, Intent, Move

FRESH = 5.0
"""Seconds for which a reading counts as current; older ones are read again right before a write."""
BODY = ("update", "conferencing")
"""Purposes of requests that write the body itself."""
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
    begun: Begun = NOTHING
    """What an earlier run of the same saved plan had done of these changes."""
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
        self.refuse_unlawful(change)
        steps: Mapping[Action, Callable[[Change], tuple[str | None, tuple[str, ...]]]] = {
            Action.CREATE: self.create,
            Action.UPDATE: self.update,
            Action.DELETE: self.delete,
            Action.FORGET: self.forget,
            Action.NOOP: self.keep,
        }
        done = steps[change.action](change)
        self.ledger.finish(change.address)
        return done

    def rename(self, changes: Sequence[Change]) -> None:
        """Give what moves its new address, whatever else becomes of it: before everything else, and all at once."""
        moves: list[Move] = []
        known: list[Preimage] = []
        for change in changes:
            if change.previous is None:
                continue
            entry = self.entries.get(change.previous)
            moves.append(Move(change.previous, change.address, entry.id if entry is not None else None))
            if entry is not None:
                known.append(preimage(replace(change, action=Action.NOOP, importing=None), None, entry))
        self.ledger.rename(moves, known)
        self.entries = self.ledger.state.resources
        self.ids = {address: entry.id for address, entry in self.entries.items()}

    def refuse_unlawful(self, change: Change) -> None:
        """No request leaves for what is blocked, observed, protected or ignored, whatever a plan file says."""
        entry = self.entries.get(change.previous or change.address)
        held = entry.lifecycle if entry is not None and change.action is Action.DELETE else None
        blocks = (*change.blocked, *unlawful(change, today=held))
        if blocks:
            reasons = "; ".join(dict.fromkeys(block.message for block in blocks))
            raise PlanBlocked(f"{change.address}: {reasons}; nothing of it was sent", [])

    # create

    def announce(self, changes: Sequence[Change]) -> None:
        """Mark the creates among `changes` as about to be sent, together. Raises `StateError`."""
        # A replacement first gives its old entry another address, which closes what is open under its own.
        plain = [one for one in changes if one.action is Action.CREATE and not one.replaces]
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
        entry = self.entries.get(change.address)
        return before_change(change, entry, live, self.live, self.provider)

    def intent(self, change: Change) -> Intent:
        """The mark that a create is about to be sent."""
        before = self.namesakes.get(str(change.address), ())
        return Intent(change.address, change.address.kind, change.name or "", before, self.clock.now())

    def create(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        self.begin(change)
        first, *others = change.requests
        id = self.begun.made.get(change.address) or self.make(change, first)
        self.ids[change.address] = id
        # The id is safe from here on; what was sent is only recorded once it was seen.
        self.ledger.keep(
            change.address, Entry(id, name=change.name, lifecycle=change.lifecycle, source=change.source)
        )
        for request in others:
            self.send(change, request)
        live, notes = self.read_back(change, id)
        return id, notes + wait_until_done(change, live, self.provider, self.clock, self.emit, self.stop)

    def make(self, change: Change, first: Request) -> str:
        """Send the create itself; the new id. What gives way to the new object is put aside first."""
        old = self.entries.get(change.address)
        if change.replaces is not None and change.replaces not in self.entries and old is not None:
            aside = replace(old, gives_way_to=change.address)
            self.ledger.keep(change.replaces, aside, previous=change.address)
        intent, request = self.intent(change), fill_request(first, self.ids, self.book)
        return send_create(change, request, intent, self.provider, self.ledger, lambda: self.look_up(intent))

    def look_up(self, intent: Intent) -> str | None:
        """The object that an open create made: of its name, not there before, in no state entry."""
        return look_up(intent, self.provider, self.clock, lambda: set(self.ids.copy().values()))

    # update

    def update(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        assert change.id is not None
        held = self.live.get((change.address.kind, change.id))
        sent = held is not None and self.begun.explains(change, held, self.book, self.ids)
        sent = sent and not is_as_planned(change, held)
        self.begin(change, None if sent else self.refuse_moved(change))
        unchanged = drafted = False
        for place, request in enumerate(change.requests):
            if sent and request.purpose in BODY:
                continue
            if request.purpose == "detach":
                see_patched(change, change.requests[:place], self.provider, self.clock)
            answer = self.send(change, request)
            unchanged = unchanged or answer.status == 304
            drafted = drafted or is_draft(answer.body)
            if request.purpose == "attach" and any(later.purpose == "update" for later in change.requests[place:]):
                see_attached(change, self.tools_in(request), self.provider, self.clock)
        return change.id, self.read_back(change, change.id, unchanged=unchanged, drafted=drafted)[1]

    def tools_in(self, request: Request) -> set[Json]:
        """The ids that an attach names."""
        body = fill_request(request, self.ids, self.book).body
        return set(texts) if isinstance(body, dict) and isinstance(texts := body.get("tool_ids"), list) else set()

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
        for _ in looks(self.clock):
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
        raise refuse(change, id, verdict, drafted=drafted)

    def with_apart(self, change: Change, live: LiveObject) -> LiveObject:
        """The object with what the API keeps apart from it, as far as that is ours."""
        spoken_of = {*(change.managed or {}), *(field.path for field in change.fields)}
        return read_apart(self.provider, live, spoken_of & set(kind(change.address.kind).apart))

    def remember(self, change: Change, live: LiveObject) -> None:
        old = self.entries.get(change.address)
        self.ids[change.address] = live.id
        entry = record(change, live, old, self.book, self.ids, refresh=self.refresh)
        self.ledger.keep(change.address, entry)
