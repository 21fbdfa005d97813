"""What people are told of a watched workspace, in the forms that chat programs and other receivers take."""

from __future__ import annotations

from datetime import datetime

from reconciler.reporters.watch_status import round_object
from reconciler.types.json import Object
from reconciler.types.watch import Memory, Round, Status, Watch

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
