"""Waiting for the vendor, with a provider that plays its part."""

from __future__ import annotations

import pytest

from reconciler.engine.account_reader import processing_failure, processing_remedy, processing_status
from reconciler.engine.apply.read_back import PATIENCE, wait_until_done
from reconciler.errors import Rejected, Unavailable
from reconciler.types.change import Action
from reconciler.types.event import StepProgress
from reconciler.types.live import LiveObject
from tests.support.lab import JumpingClock, alone
from tests.support.making import at, live
from tests.support.records import change_of

CHANGE = change_of(at("document.a"), Action.CREATE)


def shown(status: object, **more: object) -> LiveObject:
    return live("document", "d1", {"document_id": "d1", "status": status, **more}, detailed=True)


class Playing:
    """Shows one answer after the other; the last one for good."""

    def __init__(self, *answers: LiveObject | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    def get(self, kind: str, id: str) -> LiveObject | None:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def wait(first: LiveObject, *answers: LiveObject | None, stop=lambda: False):
    clock, events, provider = JumpingClock(), [], Playing(*(answers or (None,)))
    step = wait_until_done(CHANGE, first, clock, events.append, stop)
    notes = alone(step, provider, clock)
    return notes, clock.time, events, provider.asked


@pytest.mark.parametrize("status", ["ready", "anything else", None, 7])
def test_what_is_not_worked_on_is_not_waited_for(status: object) -> None:
    assert wait(shown(status)) == ((), 0.0, [], 0)


def test_kinds_without_processing_are_never_waited_for() -> None:
    assert processing_status(live("guardrail", "g1", {"uuid": "g1", "status": "processing"})) is None


def test_it_is_looked_at_again_until_it_is_done_and_each_news_is_told_once() -> None:
    notes, seconds, events, asked = wait(
        shown("started"), shown("processing", progress=10), shown("processing", progress=10),
        shown("processing", progress=90.0), shown("ready"),
    )  # fmt: skip
    assert notes == ()
    assert asked == 4
    assert seconds == 1 + 2 + 3 + 5
    assert events == [
        StepProgress(CHANGE.address, Action.CREATE, "started"),
        StepProgress(CHANGE.address, Action.CREATE, "processing", 10),
        StepProgress(CHANGE.address, Action.CREATE, "processing", 90),
    ]


@pytest.mark.parametrize("percent", [True, "50", None])
def test_a_progress_that_is_no_number_is_not_told(percent: object) -> None:
    _, _, events, _ = wait(shown("processing", progress=percent), shown("ready"))
    assert [event.percent for event in events] == [None]


@pytest.mark.parametrize("before", [(), ("processing",)])
def test_a_failure_says_why_and_what_to_do(before: tuple[str, ...]) -> None:
    steps = [*(shown(status) for status in before), shown("error", error_message="file_empty")]
    with pytest.raises(Rejected) as caught:
        wait(*steps)
    assert "file_empty" in caught.value.message
    assert "document_url" in (caught.value.hint or "")
    assert "--replace document.a" in (caught.value.hint or "")


def test_a_failure_without_a_reason() -> None:
    now = processing_status(shown("error"))
    assert now is not None
    assert processing_failure("document.a", now) == "document.a could not be processed (error)"


def test_patience_has_an_end() -> None:
    with pytest.raises(Unavailable) as caught:
        wait(shown("processing"), shown("processing"))
    assert "30 minutes" in caught.value.message
    assert PATIENCE == 1800


def test_an_object_that_disappears_meanwhile() -> None:
    with pytest.raises(Unavailable, match="disappeared"):
        wait(shown("processing"), None)


def test_ctrl_c_ends_the_waiting_and_nothing_is_lost() -> None:
    notes, seconds, _, asked = wait(shown("processing"), shown("processing"), stop=lambda: True)
    assert notes == ("still processing: not waited for",)
    assert (seconds, asked) == (0.0, 0)


def test_what_to_do_about_a_kind_without_processing_is_nothing() -> None:
    assert processing_remedy(change_of(at("guardrail.a"), Action.CREATE)) == ""
