"""What a step is: one change on its way; what all steps of one apply share; and sending one request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.state.entry_records import record, refreshed
from reconciler.engine.account_reader import missing_parts, read_apart
from reconciler.engine.apply.account_lists import AccountLists, NameCheck
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
    """A read that a step waits for. The step receives the object, None if the account has none, or the
    `ProviderError` of the read."""

    kind: str
    id: str
    after: float = 0.0
    """Seconds from now before which reading is pointless."""
    shared: bool = False
    """A list item is good enough, so one page of a list may answer several steps."""
    patient: bool = False
    """The vendor is processing the object, maybe for minutes: a run that is asked to stop does not wait for it."""


Done: TypeAlias = tuple[str | None, tuple[str, ...]]
"""The live id, and notes for a person."""
Step: TypeAlias = Generator[PendingRead, LiveObject | None, Done]
"""Raises `ProviderError`, `PlanStale`, `StateError` and the like where the change failed."""


@dataclass(slots=True)
class StepContext:
    """What all steps of one apply share. Used from several threads; the ledger does its own locking."""

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
    """The entries before this apply: each address is written once, so none of them goes stale."""
    ids: dict[Address, str] = field(init=False)
    """Every id known so far, those of this run included."""
    authorization_urls: dict[Address, str] = field(default_factory=dict)
    """URL at which a person finishes the set-up of a new object, such as OAuth (`Processing.done_at`)."""
    lists: AccountLists = field(init=False)
    name_check: NameCheck = field(init=False)
    sent: SentLog = field(default_factory=SentLog)

    def __post_init__(self) -> None:
        self.read_entries()
        self.lists = AccountLists(self.provider, self.clock, self.read_at, self.listed)
        self.name_check = NameCheck(self.lists, self.provider, self.clock, self.read_at, self.managed_ids)

    def read_entries(self) -> None:
        """Read the entries and their ids from the state as it is now."""
        self.entries = self.ledger.state.resources
        self.ids = {address: entry.id for address, entry in self.entries.items()}

    def managed_ids(self) -> set[str]:
        """The ids of all managed objects, those created by this run included."""
        return set(self.ids.copy().values())

    def is_known(self, kind: str, id: str) -> bool:
        """Whether an object existed when the plan was made or is managed: not one that was just created."""
        return (kind, id) in self.live or self.lists.was_planned_with(kind, id) or id in self.managed_ids()

    def has_unique_name(self, change: Change) -> bool:
        """Whether no other create of this run has the name of `change`."""
        return name_key(change) not in self.shared_names

    def begin(self, change: Change, live: LiveObject | None = None) -> None:
        """Record the pre-image of a change; `live` is its object if it was read just now. Raises `StateError`."""
        if self.ledger.together or not change.is_difference:
            return
        before = self.preimage(change, live)
        if before is not None:
            self.ledger.begin(before)

    def preimage(self, change: Change, live: LiveObject | None = None) -> Preimage | None:
        """The object of `change` before the write; None if another change records it."""
        entry = self.entries.get(change.address)
        return before_change(change, entry, live, self.live, self.provider)

    def object_check(self, change: Change) -> ObjectCheck:
        """The check that the object of `change` is still as it was read for the plan."""
        was, at = planned_object(change, self.live, self.read_at)
        return ObjectCheck(
            change, self.provider, self.clock, self.book, self.ids, was, at, name_check=self.name_check
        )

    def with_separate_parts(self, change: Change, live: LiveObject) -> LiveObject:
        """The object with the managed parts that the API keeps in sub resources. Raises `ProviderError`."""
        return read_apart(self.provider, live, _separate_parts(change))

    def lacks_separate_parts(self, change: Change, live: LiveObject) -> bool:
        """Whether some of those parts have not been read yet."""
        return bool(missing_parts(live, _separate_parts(change)))

    def remember(self, change: Change, live: LiveObject) -> None:
        """Record in the state what was sent and what the account shows of it. Raises `StateError`."""
        old = self.entries.get(change.address)
        self.ids[change.address] = live.id
        if self.refresh and old is not None:
            entry = refreshed(old, change.fields, live, self.book)
        else:
            entry = record(change, live, old, self.book, self.ids)
        self.ledger.keep(change.address, entry)


def _separate_parts(change: Change) -> set[str]:
    return {*(change.managed or {}), *(field.path for field in change.fields)} & set(change.kind.separate_pointers)


def name_key(change: Change) -> tuple[str, str]:
    """Kind and name of an object that is created; how many blanks the name has, and where, makes no other name."""
    return change.kind.name, " ".join((change.name or "").split())


def names_given_twice(changes: Iterable[Change]) -> frozenset[tuple[str, str]]:
    """The names that several creates among `changes` give."""
    counts = Counter(name_key(change) for change in changes if change.action is Action.CREATE)
    return frozenset(key for key, count in counts.items() if count > 1)


def post(context: StepContext, change: Change, request: Request, before: Callable[[int], bool]) -> Answer:
    """Send one request without placeholders. Before each attempt `before` runs (True: nothing is left to send), then
    the lock is confirmed for as long as the attempt may take. Raises `ProviderError`, `StateLocked`."""
    last: list[str] = []
    ledger, provider = context.ledger, context.provider

    def gate(attempt: int) -> bool:
        nonlocal last
        if attempt:
            ledger.confirm(provider.timeout)  # a lost lock is reported before anything else that changed
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


def send(context: StepContext, change: Change, request: Request, check: ObjectCheck | None) -> Answer:
    """Send one request of a change whose object is there; `check` looks at it before each attempt."""
    filled = fill_request(request, context.ids, context.book)
    try:
        return post(
            context, change, filled, lambda attempt: check is not None and check.read_again_before(filled, attempt)
        )
    except NotFound:
        if request.purpose == "detach":
            return Answer(204)  # the tool was deleted, and the attachment with it
        raise
