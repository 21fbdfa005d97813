"""Windows: when writing is denied, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.continuous.windows import check_window, closed
from reconciler.errors import UsageError
from reconciler.types.watch import Window

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
    found = closed((WEEKEND,), at(moment))
    assert (found.until if found else None) == (at(until) if until else None)


def test_outside_of_what_is_allowed_nothing_is_written() -> None:
    assert closed((NIGHTS,), at("2026-11-30T02:30:00+01:00")) is None
    found = closed((NIGHTS,), at("2026-11-30T12:00:00+01:00"))
    assert found is not None and found.until == at("2026-12-01T02:00:00+01:00")


def test_deny_wins_and_the_end_is_when_both_agree() -> None:
    """Saturday at 2:30 both are open; the next night that is allowed and not denied is Monday to Tuesday."""
    found = closed((WEEKEND, NIGHTS), at("2026-11-28T02:30:00+01:00"))
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
        closed((window,), datetime(2026, 1, 1, tzinfo=UTC))


@given(st.lists(WINDOWS, max_size=3), MOMENTS)
def test_at_the_end_it_is_open_and_until_then_it_is_not(windows: list[Window], now: datetime) -> None:
    found = closed(windows, now)
    if found is None or found.until is None:
        return
    assert found.until > now
    assert closed(windows, found.until) is None
    before = found.until - timedelta(seconds=1)
    if before > now:
        assert closed(windows, before) is not None
