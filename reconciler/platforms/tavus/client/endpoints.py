"""Where the objects of each kind live in the API: one row a kind."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.platforms.tavus.client.endpoint import Endpoint, Part, PatchStyle, everywhere
from reconciler.types.json import Json, Object


def read_skills(answer: Json) -> Object | None:
    """Skill -> configuration out of the answer to a GET; None when the answer has no known shape.

    Documented is `{"data": {id: {"skill_id": id, "config": {...}, ...}}}`; a list of such entries is understood, too.
    """
    data = answer.get("data", answer.get("skills", answer)) if isinstance(answer, dict) else answer
    if data is None:
        return {}
    if isinstance(data, list):
        rows = [(row.get("skill_id") or row.get("id"), row) for row in data if isinstance(row, dict)]
        if len(rows) != len(data) or not all(isinstance(id, str) for id, _ in rows):
            return None
        return {str(id): _config(row) for id, row in rows}
    if not isinstance(data, dict) or not all(isinstance(row, dict | None) for row in data.values()):
        return None
    return {id: _config(row) for id, row in data.items()}


def _config(row: Json) -> Json:
    config = row.get("config") if isinstance(row, dict) else None
    return config if isinstance(config, dict) else {}


def write_skills(skills: Json) -> Object:
    """The body of the PUT that replaces the whole set; skills that are not named are taken away."""
    return {"skills": skills if isinstance(skills, dict) else {}}


ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.kind: endpoint
    for endpoint in (
        # Sources: pages list-pals, get-pal, patch-pal; the vendor's client reads one with include_settings=true.
        # POST /pals refuses a body without default_face_id (page create-pal, and seen live), POST /personas takes it;
        # both are names of one collection, so such an object is created through the older one.
        Endpoint(
            kind="persona",
            paths={"pal": "/pals", "persona": "/personas"},
            list_query={"pal": {"pal_type": "user"}, "persona": {"persona_type": "user"}},
            get_query={"include_settings": "true"},
            oldest_first=True,
            list_words=("pals", "personas"),
            type_words=("pal_type", "persona_type"),
            attachments="tools",
            parts={"/skills": Part("skills", read_skills, write_skills)},
            create_needs={"pal": ("default_face_id",)},
            create_else={"pal": "persona"},
            force_query={"force": "true"},
        ),
        # Sources: pages get-tools, update-tool (a partial object; `parameters` and `delivery` are replaced whole).
        Endpoint(
            kind="tool",
            paths=everywhere("/tools"),
            list_query=everywhere({"type": "user"}),
            oldest_first=True,
            list_words=("tools",),
            type_words=("type",),
            system_flags=("is_system_tool",),
            patch_style=PatchStyle.MERGE,
        ),
        # Source: guardrails page; the collection of the legacy sets, too, told apart by `legacy`.
        Endpoint(
            kind="guardrail",
            paths=everywhere("/guardrails"),
            list_query=everywhere({"legacy": "false", "type": "user"}),
            oldest_first=True,
            list_words=("guardrails",),
            type_words=("guardrail_type", "type"),
        ),
        # Source: page legacy-guardrail-sets; the list gives ids and dates, so each set is read by a GET.
        Endpoint(
            kind="guardrail_set",
            paths=everywhere("/guardrails"),
            list_query=everywhere({"legacy": "true", "type": "user"}),
            list_words=("guardrails",),
            type_words=("guardrail_type", "type"),
            nameless_lists=True,
        ),
        # Sources: pages get-objectives, patch-objectives; whether list items are whole sets is told differently.
        Endpoint(
            kind="objectives",
            paths=everywhere("/objectives"),
            list_query=everywhere({"type": "user"}),
            list_words=("objectives",),
            type_words=("objectives_type", "objective_type", "type"),
            nameless_lists=True,
        ),
        # Sources: pages create-document, list-documents, update-document (a plain object: name and tags).
        Endpoint(
            kind="document",
            paths=everywhere("/documents"),
            page_base=0,
            list_words=("documents",),
            patch_style=PatchStyle.MERGE,
        ),
        # Sources: pages list- and update-pronunciation-dictionary; lists leave the rules out, and JSON Patch takes
        # /name and /rules only.
        Endpoint(
            kind="pronunciation_dictionary",
            paths=everywhere("/pronunciation-dictionaries"),
            page_base=0,
            list_words=("pronunciation_dictionaries", "dictionaries"),
        ),
        # Sources: pages create-, list- and update-connector (a partial object); of pages of the list none speaks.
        Endpoint(
            kind="connector",
            paths=everywhere("/connectors"),
            list_words=("connectors",),
            patch_style=PatchStyle.MERGE,
            newer=True,
        ),
        # Source: the vendor's client, which asks for 200 at once; rows under `deployments` as well as under `data`.
        Endpoint(
            kind="deployment",
            paths=everywhere("/deployments"),
            page_base=0,
            page_limit=200,
            list_words=("deployments",),
        ),
    )
}
