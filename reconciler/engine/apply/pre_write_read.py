"""Right before the first byte of every attempt: what the object is by now, its pre-image, and new namesakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.canonical.canonical_form import leaves, may_be_omitted
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.history.preimage import preimage
from reconciler.core.planning.preconditions import is_done, moved_since
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.engine.account_reader import read_apart
from reconciler.engine.apply.account_lists import FRESH, NameCheck
from reconciler.errors import PlanStale
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Request
from reconciler.types.live import LiveObject
from reconciler.types.ports import Clock, Provider
from reconciler.types.state import Entry, Preimage


@dataclass(slots=True)
class ObjectCheck:
    """One object that is about to be written: what it was when it was read, and when it was last looked at."""

    change: Change
    provider: Provider
    clock: Clock
    book: SecretBook
    ids: Mapping[Address, str]
    was: LiveObject | None
    """As it was read for the plan; None where only the plan knows."""
    read_at: float
    now: LiveObject | None = None
    """As it was read last, where it was read again."""
    name_check: NameCheck | None = None
    """Has the lists of this run: of what was read from a list only a list tells what it did not have."""

    def is_old(self) -> bool:
        return self.clock.monotonic() - self.read_at >= FRESH

    def read_again_before(self, request: Request, attempt: int) -> bool:
        """Look before a repeat, and where the last look was a while ago; True when `request` is done already."""
        return bool(attempt or self.is_old()) and self.read_again(request if attempt else None)

    def read_again(self, request: Request | None = None) -> bool:
        """Read the object again; True when nothing is left to do for `request`: it is done already.

        Raises `PlanStale` when the object is neither as it was read nor as this change would have left it.
        """
        change = self.change
        live = self.provider.get(change.address.kind, change.id or "")
        if live is not None:
            live = read_apart(self.provider, live, self._apart())
        self.read_at = self.clock.monotonic()
        if live is None:
            if change.action is Action.DELETE:
                return True
            raise PlanStale(f"{change.address} ({change.id}) is gone since the plan was made")
        moved = moved_since(change, live, self.was, self.book, self.ids) or self._appeared(live)
        if moved:
            raise PlanStale(
                f"{change.address} moved since the plan was made: {', '.join(moved)}",
                hint="run plan again and look at what changed",
            )
        self.now = live
        return request is not None and is_done(change, request, live, self.book, self.ids)

    def _appeared(self, live: LiveObject) -> tuple[str, ...]:
        """What an object that goes has by now and its list did not show when the plan was made, though it can."""
        was, lists = self.was, self.name_check
        if self.change.action is not Action.DELETE or was is None or was.detailed or lists is None:
            return ()
        spec = was.kind
        before, now = (leaves(spec, live_document(spec, version)) for version in (was, live))
        more = [
            path
            for path, value in now.items()
            if path not in before
            and path not in spec.separate_pointers
            and not may_be_omitted(field_at(spec, path), value)
        ]
        return tuple(sorted(lists.listed(was.kind.name, more)))

    def _apart(self) -> set[str]:
        apart = set(self.change.kind.separate_pointers)
        return apart & {field.path for field in self.change.fields} if self.change.action is Action.UPDATE else set()


class SentLog:
    """Every attempt at a write whose first byte may have left, in order, and what came of it."""

    def __init__(self) -> None:
        self._attempts: list[list[str]] = []

    def begin(self, request: Request) -> list[str]:
        """Note that an attempt begins; its second text is for what comes of it."""
        attempt = [f"{request.method} {request.path} ({request.address})", "no answer that counts"]
        self._attempts.append(attempt)
        return attempt

    def describe(self) -> str:
        """All of it, for a person whose run lost its lock."""
        if not self._attempts:
            return "Nothing was sent by this run."
        lines = "".join(f"\n  {what}: {outcome}" for what, outcome in list(self._attempts))
        return f"This run had sent, in this order:{lines}"


def planned_object(
    change: Change, live: Mapping[tuple[str, str], LiveObject], read_at: float
) -> tuple[LiveObject | None, float]:
    """The object of `change` as it was read for the plan, and when that was."""
    was = live.get((change.address.kind, change.id or ""))
    return was, read_at if was is None else min(read_at, was.read_at or read_at)


def before_change(
    change: Change,
    entry: Entry | None,
    fresh: LiveObject | None,
    known: Mapping[tuple[str, str], LiveObject],
    provider: Provider,
) -> Preimage | None:
    """What `change` is about to change. `fresh` is the object where it was read a moment ago.

    None for the delete that ends a replacement: the create before it kept that object. An object that goes is read
    whole, with everything that the API keeps apart from it; of one that changes, what the change touches.
    """
    if change.action is Action.DELETE and change.gives_way_to is not None:
        return None
    goes = change.action is Action.DELETE or change.replaces is not None
    id = change.id if change.replaces is None else entry.id if entry is not None else None
    if id is None or not (goes or change.action is Action.UPDATE):
        return preimage(change, None, entry)
    name = change.address.kind
    held = known.get((name, id))
    live = fresh or held
    if goes and (live is None or not live.detailed):
        live = provider.get(name, id)
    if live is None:
        return preimage(change, None, entry)
    if held is not None and live is not held:
        live = replace(live, tools=held.tools if live.tools is None else live.tools, parts=held.parts)
    apart = set(change.kind.separate_pointers)
    return preimage(change, read_apart(provider, live, apart if goes else apart & _touched(change)), entry)


def _touched(change: Change) -> set[str]:
    return {field.path for field in change.fields}
