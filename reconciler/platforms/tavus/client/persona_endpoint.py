"""Where personas live in the API: `/pals`, or `/personas` in the older vocabulary."""

from __future__ import annotations

from reconciler.platforms.tavus.client.endpoint import Endpoint, Part
from reconciler.platforms.tavus.client.skills import read_skills, write_skills

# Sources: pages list-pals, get-pal, patch-pal; the vendor's client reads one with include_settings=true.
# POST /pals refuses a body without default_face_id (page create-pal, and seen live), POST /personas takes it; both
# are names of one collection, so such an object is created through the older one.
ENDPOINT = Endpoint(
    kind="persona",
    paths={"pal": "/pals", "persona": "/personas"},
    list_query={"pal": {"pal_type": "user"}, "persona": {"persona_type": "user"}},
    get_query={"include_settings": "true"},
    list_words=("pals", "personas"),
    type_words=("pal_type", "persona_type"),
    attachments="tools",
    parts={"/skills": Part("skills", read_skills, write_skills)},
    create_needs={"pal": ("default_face_id",)},
    create_else={"pal": "persona"},
    force_query={"force": "true"},
)
