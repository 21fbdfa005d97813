"""The endpoint of registry tools."""

from __future__ import annotations

import pytest

from reconciler.platforms.tavus.client.endpoint import PatchStyle, is_stock
from reconciler.platforms.tavus.client.endpoints import ENDPOINTS

TOOL = ENDPOINTS["tool"]


@pytest.mark.parametrize("vocabulary", ["pal", "persona"])
def test_the_path_is_the_same_in_both_vocabularies(vocabulary: str) -> None:
    assert TOOL.paths[vocabulary] == "/tools"
    assert TOOL.list_query[vocabulary] == {"type": "user"}


def test_patches_are_partial_objects() -> None:
    assert TOOL.patch_style is PatchStyle.MERGE
    assert TOOL.attachments is None
    assert TOOL.force_query == {}


def test_the_vendors_tools_are_not_ours() -> None:
    assert is_stock(TOOL, {"tool_id": "end_call", "is_system_tool": True, "owner_id": None})
    assert not is_stock(TOOL, {"tool_id": "t1", "is_system_tool": False})
