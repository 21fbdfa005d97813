"""Rounds of watched workspaces as text for people: a line a round, a table of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.types.json import Object
from reconciler.types.watch import Memory, Round, Status, Watch

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


COLORS = {Status.SYNCED: "good", Status.FAILED: "attention", Status.UNAUTHORIZED: "attention"}
"""Of Adaptive Cards; everything else is a warning."""


def notification(form: str, done: Round, memory: Memory, watch: Watch, now: datetime, *, recovered: bool) -> Object:
    """The body of a POST in `form` (slack | teams | json).

    Slack: https://api.slack.com/messaging/webhooks (`text`, and `<&>` escaped). Teams: an Adaptive Card in the
    envelope of workflows, https://learn.microsoft.com/power-automate/teams/create-adaptive-cards.
    """
    word = "recovered" if recovered else done.status.value.replace("_", " ")
    title = f"{done.workspace}: {word}"
    reason = " ".join(done.reason.split())
    if form == "slack":
        lines = [f"*{_slack(title)}*", _slack(reason), *([_slack(done.hint)] if done.hint else [])]
        return {"text": "\n".join(lines)}
    if form == "teams":
        texts: list[Object] = [
            {"type": "TextBlock", "text": text, "wrap": True} for text in (reason, done.hint) if text
        ]
        body: list[Object] = [
            {
                "type": "TextBlock", "text": title, "weight": "bolder", "wrap": True,
                "color": COLORS.get(done.status, "warning"),
            },
            *texts,
        ]  # fmt: skip
        card: Object = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard", "version": "1.4", "body": list(body),
        }  # fmt: skip
        attachment: Object = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        return {"type": "message", "attachments": [attachment]}
    return {**round_object(done, memory, watch, now), "recovered": recovered}


def _slack(text: str) -> str:
    """Text that no markup begins in: `&`, `<` and `>` are all that Slack asks to be escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
