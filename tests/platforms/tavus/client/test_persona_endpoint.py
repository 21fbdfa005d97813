"""The endpoint of personas: its paths, filters and queries in both vocabularies."""

from __future__ import annotations

import pytest

from reconciler.core.kind_table import kind
from reconciler.platforms.tavus.client.endpoint import PatchStyle, is_stock
from reconciler.platforms.tavus.client.endpoints import ENDPOINTS

PERSONA = ENDPOINTS["persona"]


@pytest.mark.parametrize(
    ("vocabulary", "path", "word"), [("pal", "/pals", "pal_type"), ("persona", "/personas", "persona_type")]
)
def test_only_our_own_are_asked_for(vocabulary: str, path: str, word: str) -> None:
    assert PERSONA.paths[vocabulary] == path
    assert PERSONA.list_query[vocabulary] == {word: "user"}


def test_one_is_read_with_its_settings() -> None:
    assert PERSONA.get_query == {"include_settings": "true"}


def test_patches_are_operations_and_tools_a_sub_resource() -> None:
    assert PERSONA.patch_style is PatchStyle.JSON_PATCH
    assert PERSONA.attachments == "tools"
    assert kind("persona").attachments == "/tools"
    assert PERSONA.force_query == {"force": "true"}


def test_pages_count_from_one() -> None:
    assert PERSONA.page_base == 1


@pytest.mark.parametrize("word", ["pal_type", "persona_type"])
def test_stock_is_known_in_either_vocabulary(word: str) -> None:
    assert is_stock(PERSONA, {word: "system"})
    assert not is_stock(PERSONA, {word: "user"})
