"""Items of an object that are listed as objects of their own."""

from __future__ import annotations

from reconciler.core.planning.attachments import item_ids, shadows
from reconciler.platforms.tavus.kinds import KINDS, kind
from tests.support.making import listing, live

ITEM = {"guardrail_name": "a", "guardrail_prompt": "A"}


def test_the_items_of_a_legacy_set_are_shown_as_guardrails() -> None:
    assert list(shadows(["guardrail", "persona"], KINDS)) == [("guardrail_set", "/data", "guardrail")]
    assert list(shadows(["persona", "guardrail_set"], KINDS)) == []


def test_their_ids() -> None:
    one = live(
        "guardrail_set", "gs", {"guardrails_id": "gs", "data": [{**ITEM, "uuid": "g1"}, {**ITEM, "uuid": "g2"}]}
    )
    bare = live("guardrail_set", "gt", {"guardrails_id": "gt"})
    odd = live("guardrail_set", "gu", {"guardrails_id": "gu", "data": ["x"]})
    assert item_ids(listing("guardrail_set", one, bare, odd), "/data", kind("guardrail")) == {"g1", "g2"}
