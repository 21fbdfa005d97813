"""When the next round is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.continuous.schedule import (
    ClosedWindow,
    check_window,
    closed_window,
    has_recovered,
    is_due,
    seconds_to_heal,
    seconds_to_next,
    update_memory,
)
from reconciler.errors import UsageError
from reconciler.types.watch import Backoff, Memory, Round, Status, Watch, Window

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WATCH = Watch()


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def round_of(status: Status, commit: str | None = "a", *, wrote: bool = False) -> Round:
    return Round("w", status, "because", commit, wrote=wrote)


def test_a_workspace_is_looked_at_first_on_a_new_commit_and_when_its_time_has_come() -> None:
    assert is_due(WATCH, Memory(), "a", NOW)
    synced = update_memory(Memory(), round_of(Status.SYNCED), NOW)
    assert not is_due(WATCH, synced, "a", after(WATCH.drift_interval - 1))
    assert is_due(WATCH, synced, "b", after(1))
    assert is_due(WATCH, synced, "a", after(WATCH.drift_interval))


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SYNCED])
def test_what_is_not_synced_is_looked_at_every_time(status: Status) -> None:
    assert is_due(WATCH, update_memory(Memory(), round_of(status), NOW), "a", after(1))


@given(st.sampled_from(Status), st.floats(0, 1, exclude_max=True))
def test_the_next_round_comes_within_what_the_file_says(status: Status, random: float) -> None:
    done = round_of(status)
    seconds = seconds_to_next(WATCH, update_memory(Memory(), done, NOW), done, random)
    if status in (Status.FAILED, Status.LOCKED, Status.FROZEN):
        assert WATCH.retry.first <= seconds <= WATCH.retry.first * 1.2
    else:
        assert WATCH.interval <= seconds <= WATCH.interval * 1.2


@given(st.sampled_from(Status), st.floats(1, 100), st.floats(1, 9000), st.floats(1, 9000))
def test_looks_at_the_account_come_as_many_times_later_as_it_cannot_carry(
    status: Status, stretch: float, interval: float, drift: float
) -> None:
    watch = replace(WATCH, interval=interval, drift_interval=drift, jitter=0.0)
    done = round_of(status)
    memory = update_memory(Memory(), done, NOW, stretch=stretch)
    seconds = seconds_to_next(watch, memory, done, 0.0)
    if status is Status.SYNCED:
        assert not is_due(watch, memory, "a", after(drift * stretch - 1))
        assert is_due(watch, memory, "a", after(drift * stretch + 1))
        assert seconds == pytest.approx(interval if interval < drift else interval * stretch), "git costs nothing"
    elif status not in (Status.FAILED, Status.LOCKED, Status.FROZEN, Status.UNAUTHORIZED):
        assert seconds == pytest.approx(interval * stretch)


def test_failures_in_a_row_are_tried_again_later_each_time() -> None:
    memory, waits = Memory(), []
    for _ in range(10):
        memory = update_memory(memory, round_of(Status.FAILED), NOW)
        waits.append(seconds_to_next(WATCH, memory, round_of(Status.FAILED), 0.0))
    assert waits[:4] == [30.0, 60.0, 120.0, 240.0]
    assert waits[-1] == WATCH.retry.max
    assert update_memory(memory, round_of(Status.SYNCED), NOW).failures == 0


def test_the_same_drift_is_put_back_later_each_time() -> None:
    memory, waits = Memory(commit="a"), []
    assert seconds_to_heal(WATCH, memory, "same", NOW) == 0
    for _ in range(8):
        memory = update_memory(memory, round_of(Status.SYNCED, wrote=True), NOW, healed="same")
        waits.append(seconds_to_heal(WATCH, memory, "same", NOW))
    assert waits[:4] == [60.0, 180.0, 540.0, 1620.0]
    assert waits[-1] == WATCH.heal.max
    assert seconds_to_heal(WATCH, memory, "same", after(WATCH.heal.max)) == 0
    assert seconds_to_heal(WATCH, memory, "another", NOW) == 0


@pytest.mark.parametrize("done", [round_of(Status.SYNCED), round_of(Status.DRIFTED, "b")], ids=["synced", "commit"])
def test_success_and_a_new_commit_forget_what_was_put_back(done: Round) -> None:
    memory = update_memory(Memory(commit="a"), round_of(Status.SYNCED, wrote=True), NOW, healed="same")
    assert seconds_to_heal(WATCH, update_memory(memory, done, NOW), "same", NOW) == 0


def test_a_clock_that_was_put_back_holds_up_nothing() -> None:
    synced = update_memory(Memory(), round_of(Status.SYNCED), NOW)
    assert is_due(WATCH, synced, "a", after(-86400))
    healed = update_memory(Memory(commit="a"), round_of(Status.SYNCED, wrote=True), NOW, healed="same")
    assert seconds_to_heal(WATCH, healed, "same", after(-86400)) == WATCH.heal.first


def test_waiting_for_the_heal_forgets_nothing() -> None:
    memory = update_memory(Memory(commit="a"), round_of(Status.SYNCED, wrote=True), NOW, healed="same")
    waiting = update_memory(memory, round_of(Status.PENDING), after(30))
    assert seconds_to_heal(WATCH, waiting, "same", after(30)) == 30.0


def test_since_is_when_it_became_what_it_is() -> None:
    memory = update_memory(Memory(), round_of(Status.FAILED), NOW)
    memory = update_memory(memory, round_of(Status.FAILED), after(60))
    assert memory.since == NOW
    assert update_memory(memory, round_of(Status.SYNCED), after(90)).since == after(90)


def test_a_recovery_is_the_end_of_a_trouble() -> None:
    synced = round_of(Status.SYNCED)
    assert has_recovered(update_memory(Memory(), round_of(Status.FAILED), NOW), synced)
    assert not has_recovered(update_memory(Memory(), synced, NOW), synced)
    assert not has_recovered(Memory(), synced)


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6), st.floats(1, 10), st.integers(0, 10_000))
def test_waits_grow_up_to_the_most(first: float, most: float, factor: float, times: int) -> None:
    backoff = Backoff(first, most, factor)
    assert min(first, most) <= backoff.seconds(times) <= backoff.seconds(times + 1) <= max(most, min(first, most))


def test_what_the_round_says_comes_first() -> None:
    done = replace(round_of(Status.PENDING), after=5.0)
    assert seconds_to_next(WATCH, Memory(), done, 0.5) == 5.0


pytest.importorskip("cronsim", reason="the extra `windows` is not installed")

WEEKEND = Window("deny", "0 18 * * 5", 60 * 3600.0, "Europe/Berlin")
NIGHTS = Window("allow", "0 2 * * *", 2 * 3600.0, "Europe/Berlin")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
WINDOWS = st.builds(
    Window,
    st.sampled_from(["deny", "allow"]),
    st.sampled_from(["0 18 * * 5", "0 2 * * *", "30 2 * * *", "0 0 1 * *", "*/7 * * * *", "0 12 * * 1-5"]),
    st.integers(1, 200_000).map(float),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-11-27T17:59:59+01:00", None),
        ("2026-11-27T18:00:00+01:00", "2026-11-30T06:00:00+01:00"),
        ("2026-11-30T05:59:59+01:00", "2026-11-30T06:00:00+01:00"),
        ("2026-11-30T06:00:00+01:00", None),
        # The clocks go back that night, and forward that one: sixty real hours.
        ("2026-10-25T12:00:00+01:00", "2026-10-26T05:00:00+01:00"),
        ("2026-03-29T12:00:00+02:00", "2026-03-30T07:00:00+02:00"),
    ],
)
def test_a_weekend_is_denied(moment: str, until: str | None) -> None:
    found = closed_window((WEEKEND,), at(moment))
    assert (found.until if found else None) == (at(until) if until else None)


def test_outside_of_what_is_allowed_nothing_is_written() -> None:
    assert closed_window((NIGHTS,), at("2026-11-30T02:30:00+01:00")) is None
    found = closed_window((NIGHTS,), at("2026-11-30T12:00:00+01:00"))
    assert found is not None and found.until == at("2026-12-01T02:00:00+01:00")


def test_deny_wins_and_the_end_is_when_both_agree() -> None:
    """Saturday at 2:30 both are open; the next night that is allowed and not denied is Monday to Tuesday."""
    found = closed_window((WEEKEND, NIGHTS), at("2026-11-28T02:30:00+01:00"))
    assert found is not None and found.window is WEEKEND
    assert found.until == at("2026-12-01T02:00:00+01:00")


@pytest.mark.parametrize(
    "window",
    [
        Window("deny", "whenever", 60.0),
        Window("deny", "0 0 30 2 *", 60.0),
        Window("deny", "0 0 * * *", 60.0, "Mars/Olympus"),
        Window("deny", "0 0 * * *", 60.0, "../../etc/passwd"),
    ],
)
def test_what_cannot_be_read_is_refused(window: Window) -> None:
    with pytest.raises(UsageError):
        check_window(window)
    with pytest.raises(UsageError):
        closed_window((window,), datetime(2026, 1, 1, tzinfo=UTC))


SHIFTS = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),
    "Africa/Cairo": ("2026-04-23T22:00Z", "2026-10-29T21:00Z"),
}


@given(
    shift=st.sampled_from([(zone, moment) for zone, moments in SHIFTS.items() for moment in moments]),
    minute=st.sampled_from([0, 15, 30, 59]),
    hour=st.integers(0, 4),
    hours=st.integers(1, 20),
    seconds=st.integers(-6 * 3600, 12 * 3600),
)
@example(("Europe/Berlin", "2026-10-25T01:00Z"), 59, 2, 3, 1160)  # the hour that is shown twice, its second time
@example(("America/New_York", "2026-11-01T06:00Z"), 30, 1, 5, 600)
def test_when_clocks_are_put_back_or_forward_a_window_is_open_for_its_whole_time(
    shift: tuple[str, str], minute: int, hour: int, hours: int, seconds: int
) -> None:
    """Judged by all openings, counted from days before."""
    from cronsim import CronSim

    zone, moment = shift
    now = at(moment) + timedelta(seconds=seconds)
    window = Window("deny", f"{minute} {hour} * * *", hours * 3600.0, zone)
    openings = CronSim(window.cron, (now - timedelta(days=4)).astimezone(ZoneInfo(zone)))
    begun = [found for _, found in zip(range(10), openings, strict=False) if found.astimezone(UTC) <= now]
    wanted = any(now - found.astimezone(UTC) < timedelta(hours=hours) for found in begun)
    assert (closed_window((window,), now) is not None) == wanted


@given(st.lists(WINDOWS, max_size=3), MOMENTS)
def test_at_the_end_it_is_open_and_until_then_it_is_not(windows: list[Window], now: datetime) -> None:
    found = closed_window(windows, now)
    if found is None or found.until is None:
        return
    assert found.until > now
    assert closed_window(windows, found.until) is None
    before = found.until - timedelta(seconds=1)
    if before > now:
        assert closed_window(windows, before) is not None


def test_a_folder_without_a_version_is_looked_at_the_first_time_too() -> None:
    assert is_due(WATCH, Memory(), None, NOW)
    assert is_due(WATCH, Memory(status=Status.SYNCED), None, NOW)


@pytest.mark.parametrize("before", [None, *Status])
@pytest.mark.parametrize("status", Status)
def test_only_a_synced_round_after_trouble_is_a_recovery(before: Status | None, status: Status) -> None:
    troubled = before not in (None, Status.SYNCED, Status.PENDING)
    assert has_recovered(Memory(status=before), round_of(status)) is (status is Status.SYNCED and troubled)


def test_what_a_person_approved_is_held_up_only_by_windows_that_are_no_ones_to_approve() -> None:
    strict, lenient = replace(WEEKEND, manual=False), replace(WEEKEND, manual=True)
    saturday = at("2026-11-28T12:00:00+01:00")
    for windows, asked, by_hand in (
        ((strict,), True, True),
        ((lenient,), True, False),
        ((lenient, strict), True, True),
    ):
        assert (closed_window(windows, saturday) is not None) is asked
        assert (closed_window(windows, saturday, manual=True) is not None) is by_hand


def test_a_denial_without_an_end_in_sight_denies_all_the_same() -> None:
    always = Window("deny", "0 * * * *", 7200)
    assert closed_window((always,), NOW) == ClosedWindow(always, None)
