"""The endpoint of each kind: paths, filters and queries in both vocabularies, and skills, a sub resource."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.platforms.tavus.client.endpoint import Endpoint, PatchStyle, everywhere, is_stock
from reconciler.platforms.tavus.client.endpoints import ENDPOINTS
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.types.address import Address
from reconciler.types.change import Action, Change

OTHERS = [endpoint for kind, endpoint in ENDPOINTS.items() if kind not in ("persona", "tool")]


class Clock:
    def now(self) -> str:
        return "2026-11-21T05:13:47Z"

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None: ...


def open_over(answer: Any, seen: list[httpx.Request] | None = None) -> TavusProvider:
    """A provider over `answer(request) -> JSON` (or a status)."""

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        found = answer(request)
        return httpx.Response(found) if isinstance(found, int) else httpx.Response(200, json=found)

    return TavusProvider(
        api_key="key",
        base_url="http://127.0.0.1:9/v2",
        transport=httpx.MockTransport(handle),
        clock=Clock(),
        random=lambda: 0.5,
    )


@pytest.mark.parametrize("endpoint", OTHERS, ids=lambda one: one.kind)
def test_their_words_are_the_same_in_both_vocabularies(endpoint: Endpoint) -> None:
    assert endpoint.paths["pal"] == endpoint.paths["persona"]
    assert endpoint.attachments is None
    assert endpoint.force_query == {}
    assert everywhere(1) == {"pal": 1, "persona": 1}


@pytest.mark.parametrize("endpoint", OTHERS, ids=lambda one: one.kind)
def test_where_pages_begin_and_how_patches_look(endpoint: Endpoint) -> None:
    zero = {"document", "pronunciation_dictionary", "deployment"}
    assert endpoint.page_base == (0 if endpoint.kind in zero else 1)
    merge = endpoint.patch_style is PatchStyle.MERGE
    assert merge == (endpoint.kind == "document")


def test_guardrails_and_their_legacy_sets_share_a_path() -> None:
    one, many = ENDPOINTS["guardrail"], ENDPOINTS["guardrail_set"]
    assert one.paths == many.paths
    assert one.list_query["pal"]["legacy"] == "false"
    assert many.list_query["pal"]["legacy"] == "true"
    assert is_stock(one, {"uuid": "g1", "guardrail_type": "system"})
    assert not is_stock(one, {"uuid": "g1"})


def test_a_list_that_gives_hardly_more_than_ids_is_read_object_by_object() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> Any:
        if request.url.path == "/v2/guardrails":
            rows = [{"guardrails_id": "g1", "created_at": "x"}, {"guardrails_id": "g2", "guardrails_name": "Two"}]
            return {"data": rows, "total_count": 2}
        return {"guardrails_id": "g1", "guardrails_name": "One", "data": [{"guardrail_name": "a"}]}

    listing = open_over(answer, seen).list("guardrail_set")
    assert [(live.name, live.detailed) for live in listing.objects.values()] == [("One", True), ("Two", False)]
    assert [request.url.path for request in seen] == ["/v2/guardrails", "/v2/guardrails/g1"]
    assert seen[0].url.params["legacy"] == "true"


def test_one_that_disappears_meanwhile_stays_as_it_was_listed() -> None:
    def answer(request: httpx.Request) -> Any:
        return (
            {"data": [{"objectives_id": "o1"}], "total_count": 1} if request.url.path.endswith("objectives") else 404
        )

    assert open_over(answer).list("objectives").objects["o1"].name is None


@pytest.mark.parametrize("word", ["data", "deployments"])
def test_deployments_stand_under_either_word_and_are_counted_under_total(word: str) -> None:
    seen: list[httpx.Request] = []
    rows = [{"deployment_id": f"dep_{number}", "name": "n"} for number in range(3)]
    listing = open_over(lambda request: {word: rows, "total": 3}, seen).list("deployment")
    assert list(listing.objects) == ["dep_0", "dep_1", "dep_2"]
    assert dict(seen[0].url.params) == {"limit": "200", "page": "0"}


def test_objectives_in_the_wrapping_of_the_documentation() -> None:
    body = {"objectives_id": "o1", "name": "Intake", "data": [{"objective_name": "a"}]}
    live = open_over(lambda request: {"data": body}).get("objectives", "o1")
    assert live is not None
    assert live.body == body


def test_the_create_of_a_set_sends_a_list() -> None:
    provider = open_over(lambda request: {})
    item = {"guardrail_name": "a", "guardrail_prompt": "A", "uuid": "gx", "callback_url": None}
    change = Change(Address("guardrail_set", "s"), Action.CREATE, after={"name": "S", "data": {"a": item}})
    (request,) = provider.requests(change, None)
    assert (request.method, request.path) == ("POST", "/guardrails")
    assert request.body == {"name": "S", "data": [{"guardrail_name": "a", "guardrail_prompt": "A"}]}


def test_a_document_is_changed_by_what_moved_alone() -> None:
    from reconciler.types.change import PatchOp

    provider = open_over(lambda request: {})
    change = Change(
        Address("document", "d"),
        Action.UPDATE,
        id="d1",
        after={"document_name": "D", "document_url": "https://x.example", "tags": ["a"]},
        patch=(PatchOp("replace", "/tags", ["a"]),),
    )
    (request,) = provider.requests(change, {"document_id": "d1", "tags": []})
    assert (request.method, request.path, request.body) == ("PATCH", "/documents/d1", {"tags": ["a"]})
