"""Facts about documents that the program relies on."""

from __future__ import annotations

import pytest

from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.kinds.document import KIND

ROWS = {row.path: row for row in KIND.fields}


def test_only_name_and_tags_can_change() -> None:
    assert kind("document") is KIND
    ours = {path for path, row in ROWS.items() if not row.server_owned}
    assert {path for path in ours if path.count("/") == 1 and not ROWS[path].immutable} == {
        "/document_name",
        "/tags",
    }
    assert KIND.merge_patch


def test_its_content_is_nobodys_difference() -> None:
    assert not any("content" in path or "chunk" in path for path in ROWS)
    assert ROWS["/document_url"].required


@pytest.mark.parametrize("name", ["status", "progress", "error_message", "created_at", "updated_at"])
def test_how_far_it_is_is_no_difference_either(name: str) -> None:
    assert ROWS[f"/{name}"].server_owned


def test_what_is_waited_for() -> None:
    processing = KIND.processing
    assert processing is not None
    assert set(processing.busy) == {"started", "processing", "recrawling"}
    assert processing.failed == ("error",)
    assert "ready" not in (*processing.busy, *processing.failed)
    assert {processing.status, processing.progress, processing.message} <= set(ROWS)


def test_what_was_given_as_crawl_is_shown_as_crawl_config() -> None:
    assert ROWS["/crawl"].aliases == ("crawl_config",)
