"""The endpoint of personas: its paths, filters and queries in both vocabularies."""

from __future__ import annotations

import pytest

from reconciler.core.kind_table import kind
from reconciler.platforms.tavus.client.endpoint import PatchStyle, is_stock
from reconciler.platforms.tavus.client.persona_endpoint import ENDPOINT


@pytest.mark.parametrize(
    ("vocabulary", "path", "word"), [("pal", "/pals", "pal_type"), ("persona", "/personas", "persona_type")]
)
def test_only_our_own_are_asked_for(vocabulary: str, path: str, word: str) -> None:
    assert ENDPOINT.paths[vocabulary] == path
    assert ENDPOINT.list_query[vocabulary] == {word: "user"}


def test_one_is_read_with_its_settings() -> None:
    assert ENDPOINT.get_query == {"include_settings": "true"}


def test_patches_are_operations_and_tools_a_sub_resource() -> None:
    assert ENDPOINT.patch_style is PatchStyle.JSON_PATCH
    assert ENDPOINT.attachments == "tools"
    assert kind("persona").attachments == "/tools"
    assert ENDPOINT.force_query == {"force": "true"}


def test_pages_count_from_one() -> None:
    assert ENDPOINT.page_base == 1


@pytest.mark.parametrize("word", ["pal_type", "persona_type"])
def test_stock_is_known_in_either_vocabulary(word: str) -> None:
    assert is_stock(ENDPOINT, {word: "system"})
    assert not is_stock(ENDPOINT, {word: "user"})
