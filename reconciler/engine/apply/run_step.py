"""Carrying out one change: write-ahead intent, requests, read-back, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.history.preimage import preimage
from reconciler.core.planning.preconditions import unlawful
from reconciler.core.planning.read_back import is_draft, judge
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.state.applied_record import record
from reconciler.core.state.entry_changes import name_digest, refreshed
from reconciler.engine.account_reader import read_apart, run_parallel
from reconciler.engine.apply.last_look import Newcomers, Sent, Watch, base_of, before_change
from reconciler.engine.apply.safe_create import look_up, name_in, send_create
from reconciler.engine.apply.staleness import NOTHING, Begun, is_as_planned
from reconciler.engine.apply.step_recorder import Ledger
from reconciler.engine.apply.wait_visible import (
    read_intervals,
    refuse,
    wait_until_attached,
    wait_until_gone,
    wait_until_patched,
)
from reconciler.engine.placeholders import fill_request
from reconciler.engine.plan.wait_ready import wait_until_done
from reconciler.errors import NotFound, PlanBlocked, PlanStale, ProviderError
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Request
from reconciler.types.json import Json
from reconciler.types.live import LiveObject
from reconciler.types.ports import Answer, Clock, Emit, Provider
from reconciler.types.preimage import Preimage
from reconciler.types.state import Entry, Intent, Move

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
    newcomers: Newcomers = field(init=False)
    sent: Sent = field(default_factory=Sent)

    def __post_init__(self) -> None:
        self.entries = self.ledger.state.resources
        self.ids = {address: entry.id for address, entry in self.entries.items()}
        self.newcomers = Newcomers(self.provider, self.clock, self.read_at, lambda: set(self.ids.copy().values()))

    def run(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        """Carry out `change`; the live id and notes for a person. Raises `ProviderError`, `PlanStale`, ..."""
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
        digest = name_digest(change, self.book)
        return Intent(change.address, change.address.kind, change.name or "", before, self.clock.now(), digest)

    def create(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        self.begin(change)
        first, *others = change.requests
        seen: list[LiveObject] = []
        with self.newcomers.turn(change.kind.name, change.name or ""):
            id = self.begun.made.get(change.address) or self.make(change, first, seen)
            self.ids[change.address] = id
        # The id is safe from here on; what was sent is only recorded once it was seen.
        self.ledger.keep(
            change.address, Entry(id, name=change.name, lifecycle=change.lifecycle, source=change.source)
        )
        for request in others:
            self.send(change, request, None)
        live, notes = self.read_back(change, id, first=None if others or not seen else seen[-1])
        return id, notes + wait_until_done(change, live, self.provider, self.clock, self.emit, self.stop)

    def make(self, change: Change, first: Request, seen: list[LiveObject]) -> str:
        """Send the create itself; the new id. What gives way to the new object is put aside first. `seen` gets the
        object, where it was read."""
        old = self.entries.get(change.address)
        if change.replaces is not None and change.replaces not in self.entries and old is not None:
            aside = replace(old, gives_way_to=change.address)
            self.ledger.keep(change.replaces, aside, previous=change.address)
        intent, request = self.intent(change), fill_request(first, self.ids, self.book)
        name = name_in(change.kind, request, intent.name)
        return send_create(
            change,
            intent,
            lambda: self.post(change, request, lambda attempt: self.newcomers.refuse(intent, name)),
            self.provider,
            self.ledger,
            lambda: self.look_up(intent, name),
            lambda told: self.settle(intent, name, told, seen),
        )

    def look_up(self, intent: Intent, name: str) -> str | None:
        """The object that an open create made: of the name sent, not there before, in no state entry."""
        return look_up(intent, name, self.newcomers.read, self.clock, lambda: set(self.ids.copy().values()))

    def watch(self, change: Change) -> Watch:
        """The object of `change`, watched from when it was read for the plan."""
        was, at = base_of(change, self.live, self.read_at)
        return Watch(change, self.provider, self.clock, self.book, self.ids, was, at, newcomers=self.newcomers)

    def settle(self, intent: Intent, name: str, told: str | None, seen: list[LiveObject]) -> str | None:
        """The id of what a create made. The one that the answer tells is believed where nobody knew it before and the
        object there bears the `name` sent; else it is looked for. `seen` gets the object, where it was read."""
        known = told in intent.before or (intent.kind, told) in self.live or told in set(self.ids.copy().values())
        live = None if told is None or known else self.provider.get(intent.kind, told)
        if live is not None and (live.name is None or live.name.split() == name.split()):
            seen.append(live)
            return told
        found = self.look_up(intent, name)
        return told if found is None and live is None and not known else found

    def post(self, change: Change, request: Request, before: Callable[[int], bool]) -> Answer:
        """Send one request. Before each attempt `before` is asked (True: it is done already), then the lock is made
        sure of for as long as the attempt may take."""
        last: list[str] = []

        def gate(attempt: int) -> bool:
            nonlocal last
            if attempt:
                self.ledger.confirm(self.provider.timeout)  # whoever lost the lock is told so, whatever moved
            if before(attempt):
                return True
            self.ledger.confirm(self.provider.timeout)
            last = self.sent.begin(request)
            return False

        force = self.force_maker and change.action is Action.UPDATE
        try:
            answer = self.provider.send(request, force=force, gate=gate)
        except ProviderError as error:
            last[1:] = [f"answered {error.status}" if error.status else "no answer that counts"]
            raise
        last[1:] = [f"answered {answer.status}"]
        return answer

    # update

    def update(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        assert change.id is not None
        held = self.live.get((change.address.kind, change.id))
        sent = held is not None and self.begun.explains(change, held, self.book, self.ids)
        sent = sent and not is_as_planned(change, held)
        watch = self.watch(change)
        if watch.is_old():
            watch.look()
        self.begin(change, None if sent else watch.now)
        unchanged = drafted = False
        for place, request in enumerate(change.requests):
            if sent and request.purpose in BODY:
                continue
            if request.purpose == "detach":
                wait_until_patched(change, change.requests[:place], self.provider, self.clock)
            answer = self.send(change, request, watch)
            unchanged = unchanged or answer.status == 304
            drafted = drafted or is_draft(answer.body)
            if request.purpose == "attach" and any(later.purpose == "update" for later in change.requests[place:]):
                wait_until_attached(change, self.tools_in(request), self.provider, self.clock)
        return change.id, self.read_back(change, change.id, unchanged=unchanged, drafted=drafted)[1]

    def tools_in(self, request: Request) -> set[Json]:
        """The ids that an attach names."""
        body = fill_request(request, self.ids, self.book).body
        return set(texts) if isinstance(body, dict) and isinstance(texts := body.get("tool_ids"), list) else set()

    def send(self, change: Change, request: Request, watch: Watch | None) -> Answer:
        filled = fill_request(request, self.ids, self.book)
        try:
            return self.post(change, filled, lambda attempt: watch is not None and watch.look_before(filled, attempt))
        except NotFound:
            if request.purpose == "detach":
                return Answer(204)  # the tool is gone, and with it the attachment
            raise

    # delete, forget, keep

    def delete(self, change: Change) -> tuple[str | None, tuple[str, ...]]:
        notes: tuple[str, ...] = ()
        watch = self.watch(change)
        gone = watch.is_old() and watch.look()
        self.begin(change, watch.now)
        for request in change.requests if not gone else ():
            try:
                self.send(change, request, watch)
            except NotFound:
                gone = True
        wait_until_gone(change, self.provider, self.clock)
        if gone:
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
        self,
        change: Change,
        id: str,
        *,
        unchanged: bool = False,
        drafted: bool = False,
        first: LiveObject | None = None,
    ) -> tuple[LiveObject, tuple[str, ...]]:
        """Read until the account shows the write, then record what was sent and seen; the object, and notes.

        `drafted` says that an answer spoke of a draft: why the write does not show, should it not. `first` is the
        object where it was read since the write.
        Raises `Rejected` when it never does, or when a member outside the patch vanished; the digests in state then
        stay as they were.
        """
        name = change.address.kind
        verdict = None
        for _ in read_intervals(self.clock):
            live, first = first or self.provider.get(name, id), None
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
        return read_apart(self.provider, live, spoken_of & set(change.kind.apart))

    def remember(self, change: Change, live: LiveObject) -> None:
        old = self.entries.get(change.address)
        self.ids[change.address] = live.id
        if self.refresh and old is not None:
            entry = refreshed(old, change.fields, live, self.book)
        else:
            entry = record(change, live, old, self.book, self.ids)
        self.ledger.keep(change.address, entry)
