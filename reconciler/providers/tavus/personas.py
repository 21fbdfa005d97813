"""Where personas live in the API: `/pals`, or `/personas` in the older vocabulary."""

from __future__ import annotations

from reconciler.providers.tavus.endpoints import Endpoint

# Sources: pages list-pals, get-pal, patch-pal; the vendor's client reads one with include_settings=true.
ENDPOINT = Endpoint(
    kind="persona",
    paths={"pal": "/pals", "persona": "/personas"},
    list_query={"pal": {"pal_type": "user"}, "persona": {"persona_type": "user"}},
    get_query={"include_settings": "true"},
    list_words=("pals", "personas"),
    type_words=("pal_type", "persona_type"),
    attachments="tools",
    force_query={"force": "true"},
)
