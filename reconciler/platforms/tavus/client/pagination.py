"""Complete lists out of pages, or an error: never a part that looks like the whole.

A list decides whether an object exists, so a part of it would make twins. What is distrusted: the number of the first
page, the page size, the total, that pages stand still while they are read, and that `page` is looked at at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.errors import IncompleteList, Rejected
from reconciler.types.json import Json, Object

ATTEMPTS = 3
MOST_PAGES = 10_000
"""Pages of one list, where nothing else is set."""
NO_SUCH_PAGE = (400, 404, 410, 416, 422)
"""Any other refusal, a redirect to a sign-in page above all, must not pass for the end of a list."""
WRONG_REQUEST = (400, 422)
"""These may say something else than that there is no such page: only a total shows that the list was whole."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: the items as found, and how many objects the server says there are in all."""

    items: Sequence[Json]
    total: int | None = None
    refusal: Rejected | None = None
    """What the server said instead of giving a further page."""


Fetch: TypeAlias = Callable[[int], Page]
Identify: TypeAlias = Callable[[Json], str | None]
Progress: TypeAlias = Callable[[int, int | None], None]


@dataclass(slots=True)
class Attempt:
    """One attempt at the whole list."""

    ids: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Page number -> ids in order."""
    items: dict[str, Object] = field(default_factory=dict)
    totals: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    """Why this attempt cannot be trusted."""
    base: int = 1
    """Where the server's numbering seems to begin: the next attempt starts there."""

    def add(self, number: int, page: Page, identify: Identify) -> int:
        """Take a page in; how many objects it brought that were not known yet."""
        known = len(self.items)
        ids: list[str] = []
        for item in page.items:
            id = identify(item)
            if id is None or not isinstance(item, dict):
                self.faults.append("an item has no id")
                continue
            ids.append(id)
            self.items.setdefault(id, item)
        self.ids[number] = tuple(ids)
        if page.total is not None:
            self.totals.add(page.total)
        return len(self.items) - known

    def in_order(self) -> dict[str, Object]:
        return {id: self.items[id] for number in sorted(self.ids) for id in self.ids[number]}


def read_list(
    what: str,
    fetch: Fetch,
    identify: Identify,
    *,
    base: int,
    limit: int,
    width: int = 1,
    progress: Progress = lambda done, total: None,
    most: int = MOST_PAGES,
) -> dict[str, Object]:
    """Every item by id, in the order of the list.

    `what` names the list in errors, `base` is the documented first page (0 or 1), `limit` the page size that
    `fetch` asks for, `width` how many pages are read at a time. A clean list of N with a total costs ceil(N / limit)
    requests, one when N is 0. Raises `IncompleteList` after three attempts and for a list of more than
    `most` pages, and whatever `fetch` raises.
    """
    reason = ""
    for _ in range(ATTEMPTS):
        reader = _Reader(fetch, identify, limit=limit, width=width, progress=progress, most=most, what=what)
        attempt = reader.run(base)
        if not attempt.faults:
            return attempt.in_order()
        reason = attempt.faults[0]
        base = attempt.base
    raise IncompleteList(
        f"the list of {what} was read {ATTEMPTS} times and never became complete: {reason}",
        hint="somebody may be changing the account at this moment; try again. Nothing was sent",
    )


class _Reader:
    """Reads the list once."""

    def __init__(
        self, fetch: Fetch, identify: Identify, *, limit: int, width: int, progress: Progress, most: int, what: str
    ) -> None:
        self._fetch = fetch
        self._identify = identify
        self._limit = limit
        self._width = max(1, width)
        self._progress = progress
        self._most = most
        self._what = what
        self._shown: int | None = None
        self.attempt = Attempt()

    def run(self, base: int) -> Attempt:
        first, base = self._first(base)
        self.attempt.base = base
        total = first.total
        if total is not None and total < len(first.items):
            total = None  # a total below what is on the table counts something else
            self.attempt.totals.clear()
        self._shown = total
        if not first.items and total is None and self._says_otherwise(base):
            # A fault may answer with an empty list; where no total speaks against it, it has to say so twice.
            self.attempt.faults.append("an empty list was followed by another answer")
            return self.attempt
        self._take(base, first)
        if total is None:
            self._walk(base)
        else:
            self._fill(base, len(first.items), total)
        return self.attempt

    def _first(self, base: int) -> tuple[Page, int]:
        try:
            return self._fetch(base), base
        except Rejected as refused:
            if refused.status not in NO_SUCH_PAGE:
                raise
            try:  # a server that counts otherwise may refuse the page that it does not have
                return self._fetch(1 - base), 1 - base
            except Rejected:
                raise refused from None

    def _too_long(self, found: str) -> IncompleteList:
        return IncompleteList(
            f"the list of {self._what} has more than {self._most} pages ({found})",
            hint="check base_url; where the account is that large, `max_pages` of the provider (RECONCILER_MAX_PAGES)"
            " sets how many are read. Nothing was sent",
        )

    def _says_otherwise(self, number: int) -> bool:
        again = self._ask(number)
        return bool(again.items) or again.total is not None or again.refusal is not None

    def _take(self, number: int, page: Page, *, extra: bool = False) -> int:
        """Take a page in; how many objects it brought. An `extra` one may repeat another, but not in part."""
        new = self.attempt.add(number, page, self._identify)
        if extra and 0 < new < len(self.attempt.ids[number]):
            self.attempt.faults.append(f"page {number} repeats objects of another page")
        self._progress(len(self.attempt.items), self._shown)
        return new

    def _ask(self, number: int) -> Page:
        """A further page; some servers say with a refusal that there is none."""
        try:
            return self._fetch(number)
        except Rejected as refused:
            if refused.status not in NO_SUCH_PAGE:
                raise
            return Page((), refusal=refused)

    # --- with a total: all further pages at once -------------------------------------------------------------------

    def _fill(self, base: int, size: int, total: int) -> None:
        attempt = self.attempt
        if size and total > size:
            if total > size * self._most:
                raise self._too_long(f"{total} objects, {size} a page")
            self._take_all(range(base + 1, base + -(-total // size)))
        regular = dict(attempt.ids)
        if len(attempt.items) < total and base > 0 and self._probe_before(base):
            attempt.base = base - 1
        number = max(attempt.ids) + 1
        while (
            len(attempt.items) < total and number < self._most and self._take(number, self._ask(number), extra=True)
        ):
            number += 1  # pages of uneven size
        if len(attempt.items) != total:
            attempt.faults.append(f"{len(attempt.items)} of {total} objects")
        self._check_pages(regular)

    def _check_pages(self, regular: dict[int, tuple[str, ...]]) -> None:
        """The marks of a list that moved while it was read: an object on two pages, totals that differ."""
        attempt = self.attempt
        if len(attempt.totals) > 1:
            attempt.faults.append("the total changed while it was read")
        seen: dict[str, int] = {}
        for number, ids in sorted(regular.items()):
            if len(set(ids)) != len(ids) or any(id in seen for id in ids):
                attempt.faults.append(f"page {number} repeats objects of another page")
                if number == 1 and regular.get(0) == ids:
                    attempt.base = 1  # page 0 is an alias of page 1
                return
            seen.update(dict.fromkeys(ids, number))

    def _take_all(self, numbers: Iterable[int]) -> None:
        wanted = list(numbers)
        if len(wanted) < 2 or self._width < 2:
            for number in wanted:
                self._take(number, self._ask(number))
            return
        from concurrent.futures import ThreadPoolExecutor, as_completed

        pool = ThreadPoolExecutor(min(self._width, len(wanted)), thread_name_prefix="pages")
        try:
            futures = {pool.submit(self._ask, number): number for number in wanted}
            for future in as_completed(futures):
                self._take(futures.pop(future), future.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _probe_before(self, base: int) -> bool:
        """Whether the page before the first one holds objects: the server counts from there."""
        page = self._ask(base - 1)
        ids = tuple(self._identify(item) for item in page.items)
        return bool(ids) and ids != self.attempt.ids.get(base) and bool(self._take(base - 1, page, extra=True))

    # --- without a total: page by page until there is no more ------------------------------------------------------

    def _walk(self, base: int) -> None:
        attempt = self.attempt
        # Nothing here tells that page 0 exists, so it is asked for: half a list would pass for the whole.
        honoured = base > 0 and self._probe_before(base)
        if not attempt.ids[base] and base > 0:
            return
        repeated = False
        for number in range(base + 1, base + 1 + self._most):
            page = self._ask(number)
            if page.refusal is not None and page.refusal.status in WRONG_REQUEST:
                said = page.refusal.message
                attempt.faults.append(f"page {number} was refused ({said}), and no total says that there is none")
                break
            # An empty page is the end; but a server that counts from 1 may answer page 0 with nothing.
            if not page.items and (number > 1 or attempt.ids[base]):
                break
            new = self._take(number, page)
            if new == len(attempt.ids[number]):
                honoured = honoured or new > 0
            elif attempt.ids[number] != attempt.ids[number - 1]:
                attempt.faults.append(f"page {number} repeats objects of another page")
                break
            elif number > 1 or base > 0:
                repeated = True
                break  # the last page once more, or `page` is not looked at; 0 and 1 may be one page
        else:
            raise self._too_long("and no end")
        if repeated and not honoured and len(attempt.ids[base]) == self._limit:
            attempt.faults.append("every page number gives the same full page, and there is no total")
