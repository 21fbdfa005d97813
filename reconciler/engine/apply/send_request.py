"""Sending one request of a change: before each attempt the object is looked at and the lock made sure of."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.engine.apply.last_look import Watch
from reconciler.engine.apply.step_context import StepContext
from reconciler.engine.placeholders import fill_request
from reconciler.errors import NotFound, ProviderError
from reconciler.types.change import Action, Change, Request
from reconciler.types.ports import Answer


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


def send(context: StepContext, change: Change, request: Request, watch: Watch | None) -> Answer:
    """Send one request of a change whose object is there; `watch` looks at it before each attempt."""
    filled = fill_request(request, context.ids, context.book)
    try:
        return post(context, change, filled, lambda attempt: watch is not None and watch.look_before(filled, attempt))
    except NotFound:
        if request.purpose == "detach":
            return Answer(204)  # the tool is gone, and with it the attachment
        raise
