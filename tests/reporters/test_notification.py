"""Messages about watched workspaces, in the forms of their receivers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.reporters.watch_status import notification
from reconciler.types.json import Object
from reconciler.types.watch import Memory, Round, Status, Watch

NOW = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
DONE = Round("w", Status.STALE_SOURCE, "1 to <update> &\n2 more", "c1", hint="approve it")


def made(form: str, *, recovered: bool = False) -> Object:
    return notification(form, DONE, Memory(since=NOW), Watch(), NOW, recovered=recovered)


def test_slack_gets_text_in_which_no_markup_begins() -> None:
    text = made("slack")["text"]
    assert text == "*w: stale source*\n1 to &lt;update&gt; &amp; 2 more\napprove it"


def test_teams_gets_a_card() -> None:
    match made("teams"):
        case {
            "type": "message",
            "attachments": [{"contentType": kind, "content": {"type": card, "body": list(body)}}],
        }:
            assert (kind, card) == ("application/vnd.microsoft.card.adaptive", "AdaptiveCard")
            blocks = [block for block in body if isinstance(block, dict)]
            assert {block["type"] for block in blocks} == {"RichTextBlock"}, "a TextBlock obeys Markdown"
            runs = [run for block in blocks if isinstance(block["inlines"], list) for run in block["inlines"]]
            assert [run["text"] for run in runs if isinstance(run, dict)] == [
                "w: stale source", "1 to <update> & 2 more", "approve it",
            ]  # fmt: skip
        case other:
            pytest.fail(str(other))


@pytest.mark.parametrize("form", ["slack", "teams", "json"])
def test_a_recovery_says_so(form: str) -> None:
    assert "recovered" in str(made(form, recovered=True))


def test_programs_get_every_fact() -> None:
    found = made("json")
    assert (found["workspace"], found["status"], found["recovered"]) == ("w", "stale_source", False)
