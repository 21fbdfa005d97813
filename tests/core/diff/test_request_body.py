"""Bodies of writes: nothing that the server owns or hides leaves, and a merging PATCH holds what it touches alone."""

from __future__ import annotations

import pytest

from reconciler.core.diff.request_body import create_body, has_reference, merge_patch_body, with_markers
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Change, PatchOp
from reconciler.types.json import SENSITIVE
from tests.support.greetings.kinds import KINDS

BOT, PHRASE = KINDS.get("bot"), KINDS.get("phrase")


def test_a_create_sends_what_is_ours_alone() -> None:
    body = {"id": "b1", "label": "Door", "key": SENSITIVE, "volume": None, "rooms": []}
    assert create_body(BOT, body) == {"label": "Door", "rooms": []}


def test_what_is_not_known_yet_is_sent_as_a_reference() -> None:
    reference = ResourceRef("phrase.hello")
    made = with_markers(BOT, {"label": "Door", "phrase": None}, {"/label": "Door", "/phrase": reference})
    assert made == {"label": "Door", "phrase": reference}
    assert has_reference([reference])
    assert not has_reference(SecretRef("env", "KEY"))


def test_a_merging_patch_holds_what_it_touches() -> None:
    before = {"id": "p1", "title": "Hello", "text": "Hello.", "language": "de"}
    patch = (PatchOp("replace", "/text", "Hi."), PatchOp("remove", "/language"))
    change = Change(Address("phrase", "hello"), PHRASE, Action.UPDATE, id="p1", patch=patch)
    assert merge_patch_body(PHRASE, "", change, before) == {"text": "Hi.", "language": None}


@pytest.mark.parametrize("shown", ["********", SENSITIVE])
def test_a_hidden_header_is_sent_again_and_a_declared_secret_is_not(shown: str) -> None:
    api = {"url": "https://x.example.com", "headers": {"X-Key": shown, "X-Open": "clear"}, "auth": {"token": shown}}
    key = SecretRef("env", "KEY")
    managed = {f"/delivery/api/{place}": key for place in ("headers/X-Key", "headers/X-Open", "auth/token")}
    made = with_markers(kind("tool"), {"delivery": {"api": api}}, managed)
    assert made == {"delivery": {"api": api | {"headers": {"X-Key": key, "X-Open": "clear"}}}}
