"""Documents."""

from __future__ import annotations

from typing import Any

import pytest


def make(api: Any, **fields: Any) -> str:
    answer = api.post("/documents", {"document_url": "https://example.com/handbook.pdf", **fields})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "started"
    return str(answer.json()["document_id"])


def test_a_document_is_ready_by_the_next_read(api: Any) -> None:
    id = make(api)
    body = api.get(f"/documents/{id}")
    assert id.startswith("d")
    assert (body["status"], body["document_name"], body["tags"]) == ("ready", "handbook.pdf", [])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"document_url": None},
        {"document_url": ""},
        {"document_url": "u", "tags": "a"},
        {"document_url": "u", "crawl": {"depth": 11}},
        {"document_url": "u", "crawl": {"max_pages": 0}},
        {"document_url": "u", "crawl": 3},
    ],
)
def test_wrong_documents(api: Any, body: dict[str, Any]) -> None:
    assert api.post("/documents", body).status_code == 400


def test_lists_count_pages_from_zero(api: Any) -> None:
    ids = [make(api, tags=[f"t{number % 2}"]) for number in range(5)]
    page = api.get("/documents", limit=2, page=1)
    assert [item["document_id"] for item in page["data"]] == ids[2:4]
    assert (page["total_count"], page["page"], page["limit"]) == (5, 1, 2)
    assert [item["document_id"] for item in api.get("/documents", limit=2)["data"]] == ids[:2]
    assert api.get("/documents", tags="t1")["total_count"] == 2
    assert api.get("/documents", status="error")["total_count"] == 0
    assert api.get("/documents", name_or_uuid="HAND")["total_count"] == 5
    assert api.get("/documents/tags")["tags"][0] == {"tag": "t0", "document_ids": ids[::2]}


def test_patch_is_a_partial_object(api: Any) -> None:
    id = make(api, tags=["a"])
    answer = api.patch(f"/documents/{id}", {"tags": ["b"], "document_url": "ignored"})
    assert (answer.status_code, answer.json()["tags"]) == (200, ["b"])
    assert answer.json()["document_url"] == "https://example.com/handbook.pdf"
    assert api.patch(f"/documents/{id}", {"document_name": ""}).status_code == 400
    assert api.patch(f"/documents/{id}", []).status_code == 400
    assert api.patch(f"/documents/{id}", {"document_name": "New"}).json()["tags"] == ["b"]


def test_only_crawled_documents_can_be_crawled_again(api: Any) -> None:
    assert api.post(f"/documents/{make(api)}/recrawl", {}).status_code == 409
    answer = api.post(f"/documents/{make(api, crawl={'depth': 2})}/recrawl", {})
    assert (answer.status_code, answer.json()["status"]) == (202, "recrawling")


def test_delete_and_not_found(api: Any) -> None:
    id = make(api)
    pal = api.pal(document_ids=[id])
    assert api.get(f"/documents/{id}/chunks")["data"] == []
    assert api.delete(f"/documents/{id}").status_code == 204
    assert api.live(pal)["document_ids"] == []
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/chunks"), ("POST", "/recrawl")):
        answer = api(method, f"/documents/{id}{path}", **({"json": {}} if method == "POST" else {}))
        assert (answer.status_code, answer.json()) == (404, {"message": "Document not found"})
