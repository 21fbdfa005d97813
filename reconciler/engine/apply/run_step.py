"""Starting the step of a change, and what is marked in the state before: write-ahead intents, pre-images, moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.core.history.preimage import preimage
from reconciler.core.planning.preconditions import unlawful
from reconciler.engine.account_reader import run_parallel
from reconciler.engine.apply.create_object import create, intent_of
from reconciler.engine.apply.step import Step
from reconciler.engine.apply.step_context import StepContext
from reconciler.engine.apply.write_object import delete, forget, keep, update
from reconciler.errors import PlanBlocked
from reconciler.types.change import Action, Change
from reconciler.types.preimage import Preimage
from reconciler.types.state import Move

WIDTH = 10
"""Objects that are read at once for the pre-images of what comes next."""


class Worker:
    """Makes steps of changes. Used from several threads."""

    def __init__(self, context: StepContext) -> None:
        self.context = context

    def start(self, change: Change) -> Step:
        """The step that carries out `change`. It raises `ProviderError`, `PlanStale`, ..."""
        self._refuse_unlawful(change)
        match change.action:
            case Action.CREATE:
                done = yield from create(self.context, change)
            case Action.UPDATE:
                done = yield from update(self.context, change)
            case Action.DELETE:
                done = yield from delete(self.context, change)
            case Action.FORGET:
                done = forget(self.context, change)
            case Action.NOOP:
                done = keep(self.context, change)
        self.context.ledger.finish(change.address)
        return done

    def announce(self, changes: Sequence[Change]) -> None:
        """Mark that `changes` may start now, together. Raises `StateError`."""
        ledger = self.context.ledger
        if not ledger.together:
            return  # one line each, right before its request, is cheap
        # A replacement first gives its old entry another address, which closes what is open under its own.
        plain = [one for one in changes if one.action is Action.CREATE and not one.replaces]
        before = run_parallel(self.context.preimage, [one for one in changes if one.is_difference], WIDTH)
        intents = [intent_of(self.context, change) for change in plain]
        ledger.announce(intents, [one for one in before if one is not None])

    def rename(self, changes: Sequence[Change]) -> None:
        """Give what moves its new address, whatever else becomes of it: before everything else, and all at once."""
        moves: list[Move] = []
        known: list[Preimage] = []
        for change in changes:
            if change.previous is None:
                continue
            entry = self.context.entries.get(change.previous)
            moves.append(Move(change.previous, change.address, entry.id if entry is not None else None))
            if entry is not None:
                known.append(preimage(replace(change, action=Action.NOOP, importing=None), None, entry))
        self.context.ledger.rename(moves, known)
        self.context.note_entries()

    def _refuse_unlawful(self, change: Change) -> None:
        """No request leaves for what is blocked, observed, protected or ignored, whatever a plan file says."""
        entry = self.context.entries.get(change.previous or change.address)
        held = entry.lifecycle if entry is not None and change.action is Action.DELETE else None
        blocks = (*change.blocked, *unlawful(change, today=held))
        if blocks:
            reasons = "; ".join(dict.fromkeys(block.message for block in blocks))
            raise PlanBlocked(f"{change.address}: {reasons}; nothing of it was sent", [])
