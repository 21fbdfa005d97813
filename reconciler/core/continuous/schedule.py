"""When the next round of a watched workspace is due, and what earlier rounds mean for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.types.watch import Memory, Round, Status, Watch

UNAUTHORIZED_SECONDS = 600.0
"""A refused key is tried again after this: it may have been renewed."""
TROUBLED = frozenset({Status.FAILED, Status.LOCKED, Status.FROZEN})
"""Ends that are tried again sooner or later than the interval, with growing waits."""


def due(watch: Watch, memory: Memory, commit: str | None, now: datetime) -> bool:
    """Whether the account is to be looked at though nothing asks for it: a new commit, or its time has come."""
    if memory.looked is None or commit != memory.commit:
        return True
    if memory.status is not None and memory.status is not Status.SYNCED:
        return True
    return now - memory.looked >= timedelta(seconds=watch.drift_interval)


def seconds_to_next(watch: Watch, memory: Memory, last: Round, random: float) -> float:
    """How long to wait after `last`, which `memory` has in it already; `random` is a number from 0 up to 1."""
    if last.after is not None:
        return max(0.0, last.after)
    if last.status is Status.UNAUTHORIZED:
        return UNAUTHORIZED_SECONDS
    wait = watch.interval
    if last.status in TROUBLED:
        wait = watch.retry.seconds(max(0, memory.failures - 1))
    return wait * (1.0 + watch.jitter * random)


def heal_wait(watch: Watch, memory: Memory, changes: str, now: datetime) -> float:
    """Seconds until the drift that `changes` (a digest) names may be put back; 0: now.

    The same drift again and again is somebody's doing: each time it is put back later.
    """
    if memory.healed != changes or memory.healed_at is None:
        return 0.0
    ready = memory.healed_at + timedelta(seconds=watch.heal.seconds(memory.heals - 1))
    return max(0.0, (ready - now).total_seconds())


def remember(memory: Memory, done: Round, now: datetime, *, healed: str | None = None) -> Memory:
    """What to know after a round. `healed`: a digest over the changes, where the round put back drift alone.

    A new commit, or a round in which nothing differs, forgets what was put back.
    """
    if healed is not None:
        again = healed == memory.healed and done.commit == memory.commit
        memory = replace(memory, healed=healed, heals=memory.heals + 1 if again else 1, healed_at=now)
    elif done.commit != memory.commit or (done.status is Status.SYNCED and not done.wrote):
        memory = replace(memory, healed=None, heals=0, healed_at=None)
    return replace(
        memory,
        status=done.status,
        since=memory.since if memory.status is done.status and memory.since is not None else now,
        commit=done.commit,
        synced=done.commit if done.status is Status.SYNCED else memory.synced,
        looked=now,
        failures=memory.failures + 1 if done.status in TROUBLED else 0,
    )


def recovered(memory: Memory, done: Round) -> bool:
    """Whether this round ended a trouble that people were told of."""
    return done.status is Status.SYNCED and memory.status not in (None, Status.SYNCED, Status.PENDING)
