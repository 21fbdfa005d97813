"""Rounds of watched workspaces as text for people: a line a round, a table of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.types.json import Object
from reconciler.types.watch import Memory, Round, Watch

WIDTH = 17
"""Of the longest status, in characters."""


def round_line(done: Round, now: datetime) -> str:
    """One round on one line: time (UTC), workspace, status, version, reason."""
    version = f" at {short(done.commit)}" if done.commit else ""
    reason = " ".join(done.reason.split())
    return f"{now:%Y-%m-%d %H:%M:%SZ}  {done.workspace}  {done.status.value:<{WIDTH}}  {reason}{version}"


def round_object(done: Round, memory: Memory, watch: Watch, now: datetime) -> Object:
    """The same for machines."""
    return {
        "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "workspace": done.workspace,
        "mode": watch.mode.value,
        "status": done.status.value,
        "since": None if memory.since is None else f"{memory.since:%Y-%m-%dT%H:%M:%SZ}",
        "reason": done.reason,
        "hint": done.hint,
        "version": done.commit,
        "changes": dict(done.counts),
        "wrote": done.wrote,
        "failures": memory.failures,
    }


def short(version: str) -> str:
    """The first characters of a commit or a digest, as git shows them."""
    return version[:10]


def status_table(rows: Sequence[tuple[Round, Memory]]) -> str:
    """Workspace, status, since when (UTC), version and reason, in columns."""
    titles = ("WORKSPACE", "STATUS", "SINCE", "VERSION", "REASON")
    cells = [titles] + [
        (
            done.workspace,
            done.status.value,
            f"{memory.since:%Y-%m-%d %H:%M}" if memory.since else "",
            short(done.commit or ""),
            " ".join(done.reason.split()),
        )
        for done, memory in rows
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles) - 1)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)), row[-1]]).rstrip()
        + "\n"
        for row in cells
    )
