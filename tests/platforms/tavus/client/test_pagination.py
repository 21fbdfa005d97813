"""Lists are complete or an error, whatever the server does with its pages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import AuthRefused, IncompleteList, Rejected, Unavailable
from reconciler.platforms.tavus.client.pagination import Page, read_list

Fetch = Callable[[int], Page]


class Listed:
    """A server's list of `count` objects, with its habits."""

    def __init__(
        self,
        count: int,
        *,
        base: int = 1,
        cap: int = 100,
        total: bool = True,
        ignores_page: bool = False,
        alias_zero: bool = False,
        clamps: bool = False,
        refuses_beyond: int | None = None,
    ) -> None:
        self.ids = [f"p{number:05}" for number in range(count)]
        self.base, self.cap, self.total = base, cap, total
        self.ignores_page, self.alias_zero, self.clamps = ignores_page, alias_zero, clamps
        self.refuses_beyond = refuses_beyond
        self.asked: list[int] = []
        self.before_page: Callable[[int], None] = lambda number: None
        self._lock = threading.Lock()

    def __call__(self, number: int) -> Page:
        with self._lock:
            self.asked.append(number)
            self.before_page(len(self.asked))
            index = 0 if self.ignores_page else number - self.base
            if self.alias_zero:
                index = max(index, 0)
            last = max(0, -(-len(self.ids) // self.cap) - 1)
            if self.clamps:
                index = min(index, last)
            if index < 0:
                raise Rejected("no such page", status=400)
            if self.refuses_beyond and index > last:
                raise Rejected("no such page", status=self.refuses_beyond)
            part = self.ids[index * self.cap : (index + 1) * self.cap]
            return Page([{"id": id} for id in part], len(self.ids) if self.total else None)


def read(fetch: Fetch, *, base: int = 1, width: int = 1, **options: Any) -> list[str]:
    return list(read_list("things", fetch, identify, base=base, limit=100, width=width, **options))


def identify(item: Any) -> str | None:
    return item.get("id") if isinstance(item, dict) else None


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 199, 200, 201, 1000])
@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("width", [1, 8])
def test_a_clean_list_costs_one_request_a_page(count: int, base: int, width: int) -> None:
    server = Listed(count, base=base)
    assert read(server, base=base, width=width) == server.ids
    assert sorted(server.asked) == list(range(base, base + max(1, -(-count // 100))))


@pytest.mark.parametrize("cap", [1, 7, 10, 25, 50])
def test_a_server_that_caps_the_page_size(cap: int) -> None:
    server = Listed(123, cap=cap)
    assert read(server) == server.ids
    assert len(server.asked) == -(-123 // cap)


def test_the_order_is_that_of_the_list_however_pages_arrive() -> None:
    gate = threading.Event()
    server = Listed(400)

    def fetch(number: int) -> Page:
        if number == 2:  # the second page arrives after the fourth
            gate.wait(10)
        page = server(number)
        if number == 4:
            gate.set()
        return page

    assert read(fetch, width=4) == server.ids


@pytest.mark.parametrize("count", [1, 50, 100, 101, 150, 200, 250, 300])
@pytest.mark.parametrize("cap", [100, 40])
def test_a_server_that_counts_from_zero(count: int, cap: int) -> None:
    server = Listed(count, base=0, cap=cap)
    assert read(server) == server.ids


@pytest.mark.parametrize("count", [0, 1, 100, 150, 250])
@pytest.mark.parametrize("alias", [True, False])
def test_a_server_that_counts_from_one_where_zero_was_documented(count: int, alias: bool) -> None:
    server = Listed(count, base=1, alias_zero=alias)
    assert read(server, base=0) == server.ids


def test_a_server_that_ignores_the_page_and_gives_all() -> None:
    server = Listed(250, cap=1000, ignores_page=True)
    assert read(server) == server.ids
    assert server.asked == [1]


def test_a_server_that_ignores_the_page_and_gives_a_part() -> None:
    with pytest.raises(IncompleteList, match="100 of 250"):
        read(Listed(250, ignores_page=True))


def test_without_a_total_pages_are_read_to_the_empty_one() -> None:
    server = Listed(250, total=False)
    assert read(server) == server.ids
    assert max(server.asked) == 4


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("documented", [0, 1])
@pytest.mark.parametrize("cap", [100, 30])
@pytest.mark.parametrize("refuses", [404, None])
def test_without_a_total_any_base_and_size(
    count: int, base: int, documented: int, cap: int, refuses: int | None
) -> None:
    server = Listed(count, base=base, cap=cap, total=False, refuses_beyond=refuses)
    assert sorted(read(server, base=documented)) == server.ids


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("count", [1, 30, 100, 250])
@pytest.mark.parametrize("page", [2, 3])
def test_without_a_total_a_refused_request_is_no_end(status: int, count: int, page: int) -> None:
    """400 and 422 say that the request is wrong, not that there is no such page: half a list would pass for all."""
    server = Listed(count, cap=30, total=False)

    def fetch(number: int) -> Page:
        if number >= page:
            raise Rejected("a page is at most 2", status=status)
        return server(number)

    if count <= 30 * (page - 2):
        assert read(fetch) == server.ids  # an empty page came before it
        return
    with pytest.raises(IncompleteList, match=f"page {page} was refused .a page is at most 2"):
        read(fetch)


@pytest.mark.parametrize("status", [400, 422])
def test_with_a_total_a_refused_page_is_counted(status: int) -> None:
    server = Listed(250, refuses_beyond=status)
    assert read(server) == server.ids


@pytest.mark.parametrize("status", [400, 404, 410, 416, 422])
def test_an_empty_answer_that_is_refused_the_second_time_is_no_empty_list(status: int) -> None:
    answers = iter([Page([])])

    def fetch(number: int) -> Page:
        if (first := next(answers, None)) is None:
            raise Rejected("not now", status=status)
        return first

    with pytest.raises((IncompleteList, Rejected)):
        read(fetch)


def test_without_a_total_a_page_that_repeats_itself_ends_the_list() -> None:
    server = Listed(40, total=False, ignores_page=True)
    assert read(server) == server.ids


def test_without_a_total_a_full_page_that_repeats_itself_may_be_a_part() -> None:
    with pytest.raises(IncompleteList, match="same full page"):
        read(Listed(250, total=False, ignores_page=True))


def test_without_a_total_the_last_page_again_ends_the_list() -> None:
    server = Listed(250, total=False, clamps=True)
    assert read(server) == server.ids


def test_an_object_that_slips_to_the_next_page_is_noticed() -> None:
    server = Listed(250)

    def insert(request: int) -> None:
        if request == 2:
            server.ids.insert(0, "p-new")

    server.before_page = insert
    assert read(server) == server.ids
    assert len(server.asked) > 3


def test_an_object_that_slips_to_the_page_before_is_noticed() -> None:
    server = Listed(250)

    def delete(request: int) -> None:
        if request == 2:
            del server.ids[0]

    server.before_page = delete
    assert read(server) == server.ids


def test_a_list_that_never_stands_still_is_an_error() -> None:
    server = Listed(250)
    server.before_page = lambda request: server.ids.insert(0, f"n{request}")
    with pytest.raises(IncompleteList) as caught:
        read(server)
    assert "3 times" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("total", [True, False])
def test_an_empty_answer_that_was_a_fault(total: bool) -> None:
    server = Listed(30, total=total)
    answers = iter([Page([])])

    def fetch(number: int) -> Page:
        return next(answers, None) or server(number)

    assert read(fetch) == server.ids


def test_a_total_that_is_too_high_is_an_error() -> None:
    with pytest.raises(IncompleteList, match="3 of 5 objects"):
        read(lambda number: Page([{"id": f"a{i}"} for i in range(3)] if number == 1 else [], 5))


def test_a_total_that_is_too_low_is_not_believed() -> None:
    server = Listed(250)

    def fetch(number: int) -> Page:
        return Page(server(number).items, 10)

    assert read(fetch) == server.ids


def test_pages_of_uneven_size() -> None:
    parts = [["a", "b", "c"], ["d"], ["e", "f"], ["g"]]

    def fetch(number: int) -> Page:
        part = parts[number - 1] if 0 < number <= len(parts) else []
        return Page([{"id": id} for id in part], 7)

    assert read(fetch) == list("abcdefg")


def test_an_item_without_an_id_is_no_list() -> None:
    with pytest.raises(IncompleteList, match="no id"):
        read(lambda number: Page([{"id": "a"}, {"name": "b"}], 2))
    with pytest.raises(IncompleteList, match="no id"):
        read(lambda number: Page(["a"], 1))


def test_an_id_twice_on_one_page_is_no_list() -> None:
    with pytest.raises(IncompleteList):
        read(lambda number: Page([{"id": "a"}, {"id": "a"}], 2))


@pytest.mark.parametrize("error", [Unavailable("gone"), AuthRefused("no")])
@pytest.mark.parametrize("width", [1, 4])
def test_a_page_that_cannot_be_read_is_an_error_and_no_end(error: Exception, width: int) -> None:
    server = Listed(500)

    def fetch(number: int) -> Page:
        if number == 3:
            raise error
        return server(number)

    with pytest.raises(type(error)):
        read(fetch, width=width)


def test_a_refusal_of_the_first_page_is_an_error() -> None:
    def fetch(number: int) -> Page:
        raise Rejected(f"unknown parameter on page {number}", status=400)

    with pytest.raises(Rejected, match="page 1"):
        read(fetch)


@pytest.mark.parametrize("status", [302, 402, 409, None])
@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_refusal_of_another_kind_is_no_end(status: int | None, total: bool, page: int) -> None:
    server = Listed(250, total=total)

    def fetch(number: int) -> Page:
        if number == page:
            raise Rejected("sign in first", status=status)
        return server(number)

    with pytest.raises(Rejected, match="sign in"):
        read(fetch)


def test_progress_is_told() -> None:
    told: list[tuple[int, int | None]] = []
    read(Listed(250), progress=lambda done, total: told.append((done, total)))
    assert told == [(100, 250), (200, 250), (250, 250)]


SERVERS = st.fixed_dictionaries(
    {
        "count": st.integers(0, 60),
        "base": st.integers(0, 1),
        "cap": st.integers(1, 20),
        "total": st.booleans(),
        "alias_zero": st.booleans(),
        "clamps": st.booleans(),
    }
)


@settings(max_examples=300, deadline=None)
@given(SERVERS, st.integers(0, 1), st.integers(1, 3))
def test_any_honest_server_is_read_whole(habits: dict[str, Any], documented: int, width: int) -> None:
    server = Listed(**habits)
    try:
        found = list(read_list("things", server, identify, base=documented, limit=20, width=width))
    except IncompleteList:
        # Only where there is no way to tell: every page the same, as full as asked for, and no total.
        assert habits["clamps"]
        return
    assert sorted(found) == server.ids


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(1, 10),
    st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(0, 40)), max_size=4),
)
def test_a_list_that_moves_never_misses_what_was_there_throughout(
    count: int, cap: int, moves: list[tuple[int, bool, int]]
) -> None:
    """One kind of move at a time, as one other writer makes them: insertions only, or removals only."""
    server = Listed(count, cap=cap)
    inserting = bool(moves) and moves[0][1]
    stable = set(server.ids)

    def disturb(request: int) -> None:
        for when, _, place in moves:
            if when == request and inserting:
                server.ids.insert(min(place, len(server.ids)), f"new{request}-{place}")
            elif when == request and place < len(server.ids):
                stable.discard(server.ids.pop(place))

    server.before_page = disturb
    try:
        found = set(read_list("things", server, identify, base=1, limit=10))
    except IncompleteList:
        return
    assert stable <= found
