"""A live body as a spec: what is kept, what becomes a reference, and what no manifest can hold."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.field_tree import build_field_tree
from reconciler.core.canonical.references import write_member_references
from reconciler.core.export.manifest_body import ExportedBody, export_body, name_secrets
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.json import Json, Object
from tests.support.records import live_of

MASK = "********"
KNOWN = {("guardrail", "g1"): {"ref": "guardrail.one"}, ("document", "d1"): {"ref": "document.doc"},
         ("tool", "t1"): "lookup", ("tool", "t2"): {"ref": "tool.other"}}  # fmt: skip


def refer(name: str, id: str) -> Json:
    return KNOWN.get((name, id), None if name == "tool" else id)


def exported(body: Object, name: str = "persona", **more: object) -> ExportedBody:
    return export_body(live_of(name, "p1", "N", body, **more), refer, KINDS)  # type: ignore[arg-type]


def spec(body: Object, name: str = "persona", **more: object) -> Json:
    """The spec as manifests have it, with `{env: pointer}` for each secret."""
    found = exported(body, name, **more)
    named = name_secrets(found.spec, {pointer: pointer for pointer in found.secrets})
    assert isinstance(named, dict)
    return write_member_references(build_field_tree(kind(name)), named)


def test_pal_words_in_the_order_of_the_table() -> None:
    found = spec({
        "layers": {"conversational_flow": {"replica_interruptibility": "low"}, "llm": {"model": "m"}},
        "default_replica_id": "r1", "persona_name": "N",
    })  # fmt: skip
    assert found == {
        "pal_name": "N", "default_face_id": "r1",
        "layers": {"llm": {"model": "m"}, "conversational_flow": {"pal_interruptibility": "low"}},
    }  # fmt: skip
    assert list(found) == ["pal_name", "default_face_id", "layers"]


def test_what_says_nothing_is_left_out() -> None:
    body: Object = {
        "persona_id": "p1", "created_at": "x", "updated_at": "x", "persona_name": "N", "context": "",
        "greeting": None, "pipeline_mode": "full", "document_ids": [], "tool_ids": [], "is_template": False,
        "persona_description": "",
        "layers": {
            "llm": {"speculative_inference": True, "tools": [], "headers": {}, "extra_body": {}},
            "tts": {"tts_emotion_control": "true"},
            "perception": None, "stt": {"stt_engine": "tavus-auto", "hotwords": ""},
        },
    }  # fmt: skip
    assert spec(body) == {"pal_name": "N"}


def test_the_servers_own_bookkeeping_is_left_out_though_no_table_knows_it() -> None:
    body: Object = {
        "persona_name": "N",
        "uuid": "p1",
        "last_seen_at": "x",
        "usage_count": 3,
        "self": "p1",
        "mood": "x",
    }
    assert spec(body) == {"pal_name": "N", "mood": "x"}


def test_turn_taking_that_is_on_with_all_its_defaults_stays_on() -> None:
    flow: Object = {"turn_detection_model": "sparrow-1", "turn_taking_patience": "medium", "voice_isolation": "near"}
    assert spec({"layers": {"conversational_flow": flow}}) == {
        "layers": {"conversational_flow": {"turn_detection_model": "sparrow-1"}}
    }


def test_texts_that_stand_for_booleans_are_booleans() -> None:
    assert spec({"layers": {"llm": {"speculative_inference": "false"}}}) == {
        "layers": {"llm": {"speculative_inference": False}}
    }


def test_ids_become_references_where_they_are_known() -> None:
    body: Object = {"guardrail_ids": ["g2", "g1"], "document_ids": ["d1"], "objectives_id": "o9"}
    found = spec(body, tools=("t2", "t1"))
    assert found == {
        "document_ids": [{"ref": "document.doc"}], "objectives_id": "o9",
        "guardrail_ids": ["g2", {"ref": "guardrail.one"}], "tools": ["lookup", {"ref": "tool.other"}],
    }  # fmt: skip


def test_a_set_of_tools_that_cannot_be_told_is_left_to_the_account() -> None:
    found = exported({"pal_name": "N"}, tools=("t1", "end_call"))
    assert found.spec == {"pal_name": "N"}
    assert found.left_out == (("/tools", "end_call is not one of the account's own objects"),)


def test_ids_inside_skills_are_references_too() -> None:
    skills: Json = {"presentation": {"document_ids": ["d1", "dx"], "slides_trigger": "on_demand"}}
    found = spec({"pal_name": "N"}, parts={"/skills": skills})
    assert found == {
        "pal_name": "N",
        "skills": {"presentation": {"document_ids": [{"ref": "document.doc"}, "dx"], "slides_trigger": "on_demand"}},
    }


@pytest.mark.parametrize("shown", [MASK, "****", "sk-in-clear", "x"])
def test_secrets_are_references_whatever_is_shown(shown: str) -> None:
    llm: Object = {"base_url": "https://x", "api_key": shown, "headers": {"X-Auth": shown}, "model": "m"}
    found = spec({"layers": {"llm": llm, "tts": {"api_key": shown}}})
    assert found == {
        "layers": {
            "llm": {
                "model": "m", "base_url": "https://x", "api_key": {"env": "/layers/llm/api_key"},
                "headers": {"X-Auth": {"env": "/layers/llm/headers/X-Auth"}},
            },
            "tts": {"api_key": {"env": "/layers/tts/api_key"}},
        }
    }  # fmt: skip


def test_settings_are_exported_in_clear_and_what_looks_like_a_credential_is_not() -> None:
    llm: Object = {
        "base_url": "https://me:pa55@llm.example/v1", "model": "m",
        "headers": {"X-Organization-ID": "northwind", "X-Any": "Bearer abc"},
        "default_query": {"api-version": "2024-02-15-preview", "v": "sk-proj-abc"},
    }  # fmt: skip
    layers = spec({"layers": {"llm": llm}})["layers"]
    assert isinstance(layers, dict)
    assert layers["llm"] == {
        "model": "m", "base_url": {"env": "/layers/llm/base_url"},
        "headers": {"X-Any": {"env": "/layers/llm/headers/X-Any"}, "X-Organization-ID": "northwind"},
        "default_query": {"api-version": "2024-02-15-preview", "v": {"env": "/layers/llm/default_query/v"}},
        "api_key": {"env": "/layers/llm/api_key"},
    }  # fmt: skip


def test_a_url_with_a_credential_in_it_is_a_reference() -> None:
    document: Object = {"document_name": "d", "document_url": "https://b.example/k.pdf?X-Amz-Signature=f00"}
    assert spec(document, "document")["document_url"] == {"env": "/document_url"}


def test_a_secret_that_must_be_there_is_asked_for_though_the_server_is_silent() -> None:
    assert exported({"layers": {"llm": {"base_url": "https://x"}}}).secrets == ("/layers/llm/api_key",)
    tool: Object = {"name": "t", "description": "d", "delivery": {"api": {"url": "u", "auth": {"type": "hmac"}}}}
    assert exported(tool, "tool").secrets == ("/delivery/api/auth/secret",)
    assert exported({"channel": "embed", "has_password": True}, "deployment").secrets == ("/password",)
    assert exported({"channel": "embed", "has_password": False}, "deployment").secrets == ()


def test_a_header_that_cannot_be_a_secret_is_written_out() -> None:
    headers: Object = {"Content-Type": "application/json", "Accept": MASK, "accept": "sk-very-secret-text"}
    found = spec({"layers": {"llm": {"headers": headers}}})
    assert found["layers"]["llm"]["headers"] == {  # type: ignore[index,call-overload]
        "Content-Type": "application/json",
        "Accept": {"env": "/layers/llm/headers/Accept"},
        "accept": {"env": "/layers/llm/headers/accept"},
    }


def test_a_delivery_without_what_the_server_fills_in() -> None:
    api: Object = {
        "url": "https://x", "method": "POST", "timeout": 10, "headers": {}, "body_template": None, "query_params": {},
        "auth": {"type": "bearer", "token": MASK}, "content_type": None,
    }  # fmt: skip
    body: Object = {"name": "t", "description": "d", "delivery": {"app_message": False, "api": api}}
    auth: Json = {"type": "bearer", "token": {"env": "/delivery/api/auth/token"}}
    assert spec(body, "tool") == {
        "name": "t", "description": "d", "delivery": {"api": {"url": "https://x", "auth": auth}},
    }  # fmt: skip
    assert spec({**body, "delivery": {"app_message": True, "api": None}}, "tool") == {"name": "t", "description": "d"}


def test_named_items_lose_what_the_server_gave_them() -> None:
    items: Json = [
        {
            "objective_name": "a",
            "objective_prompt": "P",
            "confirmation_mode": "auto",
            "uuid": "u",
            "modality": "verbal",
        }
    ]
    assert spec({"name": "N", "data": items}, "objectives") == {
        "name": "N", "data": [{"objective_name": "a", "objective_prompt": "P"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("layers", "pointer"),
    [
        ({"llm": {"extra_body": {"a": {"literal": MASK}}}}, "/layers/llm/extra_body/a"),
        ({"stt": {"hotwords": ["Tavus"]}}, "/layers/stt/hotwords"),
        ({"llm": {"model": 7}}, "/layers/llm/model"),
        ({"llm": {"tools": [{"name": MASK}]}}, "/layers/llm/tools"),
        ({"llm": {"headers": {"X": {"deep": "x"}}}}, "/layers/llm/headers/X"),
        ({"llm": {"headers": MASK}}, "/layers/llm/headers"),
        ({"llm": {"model": "half \ud83c"}}, "/layers/llm/model"),
        ({"llm": {"extra_body": {"\udfff": 1}}}, "/layers/llm/extra_body/\udfff"),
        ({"llm": {"extra_body": {"n": float("nan")}}}, "/layers/llm/extra_body/n"),
        ({"llm": {"extra_body": {"n": [10**400]}}}, "/layers/llm/extra_body/n"),
    ],
)
def test_what_no_manifest_can_hold_is_left_out_and_said(layers: Object, pointer: str) -> None:
    found = exported({"pal_name": "N", "layers": {**layers, "tts": {"tts_engine": "azure"}}})
    assert [place for place, _ in found.left_out] == [pointer]
    assert found.spec["pal_name"] == "N"
    assert found.spec["layers"]["tts"] == {"tts_engine": "azure"}  # type: ignore[index,call-overload]


def test_schemas_are_kept_as_they_are() -> None:
    parameters: Json = {"type": "object", "properties": {"env": {"type": "string"}, "r": {"$ref": "#/$defs/a"}}}
    body: Object = {"name": "t", "description": "d", "parameters": parameters}
    assert spec(body, "tool") == body


def test_a_masked_text_in_an_unknown_place_is_a_secret() -> None:
    assert spec({"layers": {"llm": {"extra_body": {"key": MASK}}}}) == {
        "layers": {"llm": {"extra_body": {"key": {"env": "/layers/llm/extra_body/key"}}}}
    }
