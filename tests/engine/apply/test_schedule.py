"""Which changes may start: laws over any graph, circles included."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.apply.schedule import Schedule
from reconciler.types.change import Action
from tests.support.making import at
from tests.support.records import change_of


def change(address, *used):
    return change_of(address, Action.CREATE, depends_on=used)


NAMES = [f"persona.p{number}" for number in range(9)]


@st.composite
def graphs(draw):
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    needs = {name: draw(st.lists(st.sampled_from([*NAMES, name]), max_size=3)) for name in names}
    return [
        change_of(at(name), Action.CREATE, depends_on=tuple(at(one) for one in used)) for name, used in needs.items()
    ]


def reachable(changes):
    """Address -> everything that it needs, directly or not."""
    direct = {change.address: set(change.depends_on) for change in changes}
    found = {address: set(used) for address, used in direct.items()}
    for _ in changes:
        for used in found.values():
            used |= {more for one in list(used) for more in direct.get(one, ())}
    return found


@given(graphs(), st.randoms())
def test_each_change_starts_once_after_what_it_needs_and_all_of_them_do(changes, random):
    schedule, needs = Schedule(changes), reachable(changes)
    running, ended = [], []
    while schedule.left:
        fresh = schedule.ready()
        running += fresh
        assert running, "something can always start"
        for change in fresh:
            waited = {one for one in change.depends_on if change.address not in needs.get(one, ())}
            assert waited & needs.keys() <= set(ended), "only a circle starts before what it needs"
        change = running.pop(random.randrange(len(running)))
        ended.append(change.address)
        schedule.end(change.address)
    assert sorted(ended) == sorted(change.address for change in changes)


@given(graphs())
def test_what_needs_nothing_that_is_left_starts_at_once(changes):
    needs = reachable(changes)
    free = [change for change in changes if not needs[change.address] & needs.keys() - {change.address}]
    assert {one.address for one in free} <= {one.address for one in Schedule(changes).ready()}


def test_what_is_held_up_is_counted_through_others():
    a, b, c, d = (at(f"persona.{name}") for name in "abcd")
    chain = [change(a), change(b, a), change(c, b), change(d)]
    schedule = Schedule(chain)
    assert [one.address for one in schedule.ready()] == [a, d]
    assert schedule.held_up([a]) == 2
    assert schedule.held_up([d]) == 0
    schedule.end(a)
    assert schedule.held_up([b]) == 1
