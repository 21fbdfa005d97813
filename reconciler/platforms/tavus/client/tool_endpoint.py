"""Where registry tools live in the API."""

from __future__ import annotations

from reconciler.platforms.tavus.client.endpoint import Endpoint, PatchStyle

# Sources: pages get-tools, update-tool (a plain partial object; `parameters` and `delivery` are replaced whole).
ENDPOINT = Endpoint(
    kind="tool",
    paths={"pal": "/tools", "persona": "/tools"},
    list_query={"pal": {"type": "user"}, "persona": {"type": "user"}},
    list_words=("tools",),
    type_words=("type",),
    system_flags=("is_system_tool",),
    patch_style=PatchStyle.MERGE,
)
