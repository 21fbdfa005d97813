"""Reading the account for one run: complete lists, single objects, and where the vendor is with each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.resource_diff.resource_plan import Seen
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.state.entry_records import made_by
from reconciler.errors import AuthRefused, NotFound, ProviderError, Unavailable, Unreachable
from reconciler.types.address import Address
from reconciler.types.change import Change
from reconciler.types.json import lookup
from reconciler.types.kind import Kinds, KindSpec, Processing
from reconciler.types.live import Listing, LiveObject
from reconciler.types.ports import Clock, Provider
from reconciler.types.state import Entry, State
from reconciler.waits import LAG, look_again

T = TypeVar("T")
Key = tuple[str, str]
"""Kind and id of an object."""

DENIED = "{} {!r} ({}): lists show it, and the account answers that there is no such object"
LATER = "the service may lag behind: try again in a while; if it stays, ask the vendor about this id"
UNLISTED = "{} {!r} ({}): the account shows it by its id, and no list of its own objects has it"
NOT_OURS = (
    "the service may lag behind: try again in a while; if it belongs to somebody else, `reconciler state rm` it"
)
UNSETTLED = "an earlier run ended while it created something; looking twice before it is sent again"
DENIED_TWICE = "{} of the managed objects are not in the account; looking twice before they count as deleted"
MANY_MISSING = 20
"""Above this many missing ids one more complete list is cheaper, and more convincing, than a GET each."""
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class AccountReader:
    """One provider, read with at most `width` requests at a time."""

    provider: Provider
    clock: Clock
    width: int = 10
    tolerant: bool = False
    """Whether an object that the account does not show is only noted; else the first one ends the run."""
    not_shown: dict[tuple[str, str], str] = field(default_factory=dict)
    """Kind and id of each of them, with the account's answer."""
    unlisted: dict[str, ProviderError] = field(default_factory=dict)
    """Kinds whose list could be done without, and was not given."""

    def lists(self, kinds: Iterable[str]) -> dict[str, Listing]:
        """A complete list per kind, side by side."""
        wanted = [name for name in dict.fromkeys(kinds) if name in self.provider.kinds]
        return dict(zip(wanted, run_parallel(self.provider.list, wanted, self.width), strict=True))

    def further(self, listings: Mapping[str, Listing], wanted: Iterable[str]) -> dict[str, Listing]:
        """Those of the `wanted` lists that are not among `listings`, and that the run can do without: one that cannot
        be read is noted, and missed by nobody else."""
        found: dict[str, Listing] = {}
        for name in wanted:
            if name not in listings:
                try:
                    found |= self.lists([name])
                except ProviderError as error:
                    self.unlisted[name] = error
        return found

    def settle_pending(
        self,
        listings: dict[str, Listing],
        state: State,
        book: SecretBook,
        settle: Callable[[str], None],
        names: Mapping[Address, str],
    ) -> None:
        """An open create that the first list does not show is looked for in a second one before it is sent again.

        `settle` gives the service time in between to carry out what it had received; `names` are those of today.
        """
        held = {entry.id for entry in state.resources.values()}
        unseen = {
            intent.kind
            for intent in state.pending
            if (found := listings.get(intent.kind)) is not None
            and not made_by(intent, found, book, held, names.get(intent.address))
        }
        if unseen:
            settle(UNSETTLED)
            listings |= self.lists(sorted(unseen))

    def missing(
        self, entries: Mapping[Address, Entry], listings: dict[str, Listing], settle: Callable[[str], None]
    ) -> Seen:
        """Find out what became of managed ids that their list does not show.

        One that the account shows by itself is looked for in a list once more: lists may lag behind. Of many, some
        are asked for, and only if these are gone the rest is believed to be what a second list does not show either.
        `settle` passes some time before what list and account deny alike counts as gone.
        """
        lost = _lost(entries, listings)
        if len(lost) > MANY_MISSING and not any(self._by_id(_spread(lost, MANY_MISSING)).values()):
            settle(DENIED_TWICE.format(len(lost)))
            self._list_again(lost, listings)
            return Seen(listings, gone=frozenset(id for _, id in _lost(entries, listings)))
        found = self._by_id(lost)
        if denied := [key for key, live in found.items() if live is None]:
            settle(DENIED_TWICE.format(len(denied)))
            found |= self._by_id(denied)
        there = [key for key, live in found.items() if live is not None]
        listed = look_again(there, lambda keys: self._list_again(keys, listings), self.clock.sleep)
        for kind, id in (key for key, live in listed.items() if live is None):
            live = found[kind, id]
            name = live.name if live else None
            self._note((kind, id), Unavailable(UNLISTED.format(kind, name or "without a name", id), hint=NOT_OURS))
        unread = {key for key in lost if key not in found} | self.not_shown.keys()
        return Seen(
            listings,
            gone=frozenset(key[1] for key, live in found.items() if live is None and key not in unread),
            unread=frozenset(id for _, id in unread),
        )

    def _by_id(self, keys: Iterable[Key]) -> dict[Key, LiveObject | None]:
        return self._each(keys, lambda key: self.provider.get(*key))

    def _list_again(self, keys: Iterable[Key], listings: dict[str, Listing]) -> dict[Key, LiveObject | None]:
        """The objects as lists of now show them, which `listings` then hold, too."""
        wanted = list(keys)
        for name, again in self.lists(sorted({name for name, _ in wanted})).items():
            objects = {**listings[name].objects, **again.objects} if name in listings else again.objects
            listings[name] = Listing(name, objects, again.unnamed)
        return {(name, id): listings[name].objects.get(id) for name, id in wanted}

    def apart(
        self, wanted: Mapping[tuple[str, str], Collection[str]], live: Mapping[tuple[str, str], LiveObject]
    ) -> dict[tuple[str, str], LiveObject]:
        """The objects of which something `wanted` is kept apart from the body, with it: a GET for each of them,
        less what the list carried."""

        def read(key: Key) -> LiveObject:
            for pause in LAG:
                try:
                    return read_apart(self.provider, live[key], wanted[key])
                except NotFound:  # listed a moment ago
                    self.clock.sleep(pause)
            return read_apart(self.provider, live[key], wanted[key])

        return self._each([key for key in wanted if key in live], read)

    def details(self, wanted: Iterable[LiveObject]) -> dict[Key, LiveObject | None]:
        """Each object by a GET of its own, keeping what is known of its attachments; None for one that was deleted
        since it was listed. One that lists go on to show and that the account denies all the same is not shown."""
        items = {live.key: live for live in wanted}
        found = self._by_id(items)
        found |= look_again([key for key, new in found.items() if new is None], self._by_id, self.clock.sleep)
        denied = [key for key, new in found.items() if new is None and key not in self.not_shown]
        for key, listed in self._list_again(denied, {}).items():
            if listed is not None:
                self._note(
                    key, Unavailable(DENIED.format(key[0], listed.name or "without a name", key[1]), hint=LATER)
                )
        found = {key: new for key, new in found.items() if key not in self.not_shown}
        return {
            key: replace(new, tools=items[key].tools if new.tools is None else new.tools, parts=items[key].parts)
            if new
            else None
            for key, new in found.items()
        }

    def _each(
        self, keys: Iterable[tuple[str, str]], read: Callable[[tuple[str, str]], T]
    ) -> dict[tuple[str, str], T]:
        """What `read` gives for each object, less those that the account answered for without showing them."""
        wanted = [key for key in keys if key not in self.not_shown]

        def attempt(key: tuple[str, str]) -> tuple[T, ...]:
            try:
                return (read(key),)
            except ProviderError as error:
                self._note(key, error)
                return ()

        found = zip(wanted, run_parallel(attempt, wanted, self.width), strict=True)
        return {key: live for key, answer in found for live in answer}

    def _note(self, key: Key, error: ProviderError) -> None:
        if not self.tolerant or not _about_one_object(error):
            raise error
        self.not_shown[key] = error.message


def _about_one_object(error: ProviderError) -> bool:
    """Whether the account is there and lets us in, and only this object is not to be had."""
    return not isinstance(error, AuthRefused | Unreachable) and error.status != 429


def read_apart(provider: Provider, live: LiveObject, pointers: Collection[str]) -> LiveObject:
    """`live` with what the API keeps apart from it at `pointers`: attached tools, and parts in sub resources."""
    for pointer in missing_parts(live, pointers):
        if pointer == live.kind.attachments:
            live = replace(live, tools=provider.attached_tools(live.id))
        else:
            live = replace(live, parts={**live.parts, pointer: provider.part(*live.key, pointer)})
    return live


def missing_parts(live: LiveObject, pointers: Collection[str]) -> list[str]:
    """Those of `pointers` at which nothing was read yet: what the API keeps apart from the object."""
    spec = live.kind
    attached = [pointer for pointer in pointers if pointer == spec.attachments and live.tools is None]
    return attached + [pointer for pointer in spec.subresources if pointer in pointers and pointer not in live.parts]


def _lost(entries: Mapping[Address, Entry], listings: Mapping[str, Listing]) -> list[Key]:
    return [
        (address.kind, entry.id)
        for address, entry in entries.items()
        if address.kind in listings and entry.id not in listings[address.kind].objects
    ]


def _spread(keys: Sequence[Key], count: int) -> list[Key]:
    """So many of them, from the first to the last."""
    return [keys[place * (len(keys) - 1) // (count - 1)] for place in range(count)]


def kinds_to_read(addresses: Iterable[Address], known: Kinds, *, attachments: bool) -> list[str]:
    """The kinds whose lists a run needs; the kind of attachments too where a manifest may name account objects."""
    kinds = {address.kind for address in addresses}
    if attachments:
        for name in list(kinds):
            spec = known.get(name)
            kinds |= {row.ref for row in spec.fields if row.path == spec.attachments and row.ref}
    return sorted(kinds)


def run_parallel(function: Callable[[T], R], items: Iterable[T], width: int) -> list[R]:
    """Raises the first exception, after the calls already running have ended; no call is started after it."""
    todo = list(items)
    if len(todo) <= 1 or width <= 1:
        return [function(item) for item in todo]
    with ThreadPoolExecutor(min(width, len(todo))) as pool:
        futures = [pool.submit(function, item) for item in todo]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise


@dataclass(frozen=True, slots=True)
class ProcessingStatus:
    """Where the vendor is with an object."""

    status: str
    busy: bool = False
    failed: bool = False
    waiting: bool = False
    """For a person, not for the vendor."""
    percent: int | None = None
    message: str = ""


def processing_status(live: LiveObject) -> ProcessingStatus | None:
    """What the object shows of its processing; None for a kind that has none, or where nothing is shown."""
    spec = live.kind
    processing = spec.processing
    if processing is None:
        return None
    return _standing(spec, processing, live)


def _standing(spec: KindSpec, processing: Processing, live: LiveObject) -> ProcessingStatus | None:
    body, _ = to_canonical(spec, live.body)
    status = lookup(body, processing.status)
    if not isinstance(status, str):
        return None
    progress = lookup(body, processing.progress) if processing.progress else None
    message = lookup(body, processing.message) if processing.message else None
    return ProcessingStatus(
        status,
        busy=status in processing.busy,
        failed=status in processing.failed,
        waiting=bool(processing.ready) and status not in processing.ready,
        percent=int(progress) if isinstance(progress, int | float) and not isinstance(progress, bool) else None,
        message=message if isinstance(message, str) else "",
    )


def processing_failure(address: str, now: ProcessingStatus) -> str:
    """The message about an object that the vendor could not process, or that waits for a person."""
    if now.waiting:
        return f"{address} is of no use yet ({now.status})"
    return f"{address} could not be processed ({now.status}{': ' + now.message if now.message else ''})"


def processing_remedy(change: Change) -> str:
    """What to do about it."""
    processing = change.kind.processing
    if processing is not None and processing.ready:
        return processing.remedy
    return f"{processing.remedy}, or try once more with --replace {change.address}" if processing else ""
