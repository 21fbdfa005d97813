"""What a step is: one change on its way; what all steps of one apply share; and sending one request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.state.entry_records import record, refreshed
from reconciler.engine.account_reader import missing_parts, read_apart
from reconciler.engine.apply.account_lists import KnownLists, Newcomers
from reconciler.engine.apply.pre_write_read import ObjectCheck, SentLog, before_change, planned_object
from reconciler.engine.apply.staleness import NOTHING, InterruptedRun
from reconciler.engine.apply.step_recorder import Ledger
from reconciler.engine.placeholders import fill_request
from reconciler.errors import NotFound, ProviderError
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Request
from reconciler.types.live import LiveObject
from reconciler.types.ports import Answer, Clock, Emit, Provider
from reconciler.types.state import Entry, Preimage


@dataclass(frozen=True, slots=True)
class PendingRead:
    """A step waits for one object to be read. It is handed the object, None where the account has none, or the
    `ProviderError` of the reading."""

    kind: str
    id: str
    after: float = 0.0
    """Seconds from now before which it is of no use to read."""
    shared: bool = False
    """A list serves as well as a reading of the one object: several steps may be answered by one request."""
    patient: bool = False
    """The vendor works on the object, maybe for minutes: a run that is asked to stop does not wait for it."""


Done: TypeAlias = tuple[str | None, tuple[str, ...]]
"""The live id, and notes for a person."""
Step: TypeAlias = Generator[PendingRead, LiveObject | None, Done]
"""Raises `ProviderError`, `PlanStale`, `StateError` and the like where the change failed."""


@dataclass(slots=True)
class StepContext:
    """Used from several threads; the ledger does its own locking."""

    provider: Provider
    ledger: Ledger
    book: SecretBook
    clock: Clock
    live: Mapping[tuple[str, str], LiveObject]
    """Objects as they were read for the plan, or for the check of a saved plan."""
    read_at: float
    namesakes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    listed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind -> ids of its list as it was read for the plan, in its order; without a kind whose list was not read."""
    force_maker: bool = False
    refresh: bool = False
    begun: InterruptedRun = NOTHING
    """What an earlier run of the same saved plan had done of these changes."""
    emit: Emit = lambda event: None
    stop: Callable[[], bool] = lambda: False
    shared_names: Collection[tuple[str, str]] = frozenset()
    """`name_key`s that several creates of this run have."""
    entries: Mapping[Address, Entry] = field(init=False)
    """State as this apply found it: each address is carried out once, so nothing in here goes stale."""
    ids: dict[Address, str] = field(init=False)
    """Every id known so far, those of this run included."""
    doors: dict[Address, str] = field(default_factory=dict)
    """Where a person makes a new object of this run ready for use (`Processing.done_at`)."""
    lists: KnownLists = field(init=False)
    newcomers: Newcomers = field(init=False)
    sent: SentLog = field(default_factory=SentLog)

    def __post_init__(self) -> None:
        self.note_entries()
        self.lists = KnownLists(self.provider, self.clock, self.read_at, self.listed)
        self.newcomers = Newcomers(self.lists, self.provider, self.clock, self.read_at, self.held_ids)

    def note_entries(self) -> None:
        """Take the state as it is now for what this apply found."""
        self.entries = self.ledger.state.resources
        self.ids = {address: entry.id for address, entry in self.entries.items()}

    def held_ids(self) -> set[str]:
        """The ids that addresses have by now."""
        return set(self.ids.copy().values())

    def is_known(self, kind: str, id: str) -> bool:
        """Whether an object was there before, or is another address's: none that was just made."""
        return (kind, id) in self.live or self.lists.was_there(kind, id) or id in self.held_ids()

    def is_named_alone(self, change: Change) -> bool:
        """Whether no other create of this run gives the name of `change`."""
        return name_key(change) not in self.shared_names

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

    def watch(self, change: Change) -> ObjectCheck:
        """The object of `change`, watched from when it was read for the plan."""
        was, at = planned_object(change, self.live, self.read_at)
        return ObjectCheck(change, self.provider, self.clock, self.book, self.ids, was, at, newcomers=self.newcomers)

    def with_apart(self, change: Change, live: LiveObject) -> LiveObject:
        """The object with what the API keeps apart from it, as far as that is ours."""
        return read_apart(self.provider, live, _apart_of(change))

    def lacks(self, change: Change, live: LiveObject) -> bool:
        """Whether some of that was not read with it."""
        return bool(missing_parts(live, _apart_of(change)))

    def remember(self, change: Change, live: LiveObject) -> None:
        """Record what was sent and what the account shows of it."""
        old = self.entries.get(change.address)
        self.ids[change.address] = live.id
        if self.refresh and old is not None:
            entry = refreshed(old, change.fields, live, self.book)
        else:
            entry = record(change, live, old, self.book, self.ids)
        self.ledger.keep(change.address, entry)


def _apart_of(change: Change) -> set[str]:
    return {*(change.managed or {}), *(field.path for field in change.fields)} & set(change.kind.separate_pointers)


def name_key(change: Change) -> tuple[str, str]:
    """Kind and name of an object that is created; how many blanks the name has, and where, makes no other name."""
    return change.kind.name, " ".join((change.name or "").split())


def names_given_twice(changes: Iterable[Change]) -> frozenset[tuple[str, str]]:
    """The names that several creates among `changes` give."""
    counts = Counter(name_key(change) for change in changes if change.action is Action.CREATE)
    return frozenset(key for key, count in counts.items() if count > 1)


def post(context: StepContext, change: Change, request: Request, before: Callable[[int], bool]) -> Answer:
    """Send one filled request. Before each attempt `before` is asked (True: it is done already), then the lock is
    made sure of for as long as the attempt may take."""
    last: list[str] = []
    ledger, provider = context.ledger, context.provider

    def gate(attempt: int) -> bool:
        nonlocal last
        if attempt:
            ledger.confirm(provider.timeout)  # whoever lost the lock is told so, whatever moved
        if before(attempt):
            return True
        ledger.confirm(provider.timeout)
        last = context.sent.begin(request)
        return False

    force = context.force_maker and change.action is Action.UPDATE
    try:
        answer = provider.send(request, force=force, gate=gate)
    except ProviderError as error:
        last[1:] = [f"answered {error.status}" if error.status else "no answer that counts"]
        raise
    last[1:] = [f"answered {answer.status}"]
    return answer


def send(context: StepContext, change: Change, request: Request, watch: ObjectCheck | None) -> Answer:
    """Send one request of a change whose object is there; `watch` looks at it before each attempt."""
    filled = fill_request(request, context.ids, context.book)
    try:
        return post(
            context, change, filled, lambda attempt: watch is not None and watch.read_again_before(filled, attempt)
        )
    except NotFound:
        if request.purpose == "detach":
            return Answer(204)  # the tool is gone, and with it the attachment
        raise
