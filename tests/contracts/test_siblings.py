"""What the rules say of a body and what the simulated API says are the same, field by field and kind by kind: valid
bodies pass both, and each of their invalid siblings is refused by both. Tools have a suite of their own."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import httpx
import pytest

from reconciler.core.canonical.field_tree import field_at
from reconciler.platforms.tavus.client.endpoints import ENDPOINTS
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.rules import RULES
from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.types.diagnostic import Severity
from reconciler.types.kind import Bounds, Field, Type
from tests.support.rulecase import context, manifest

UNREFUSED = ("L03", "L13", "L15")
"""Errors about what the API takes all the same: secrets in plain text, and what does not fit the model or voice."""
URL = "https://www.northwind.example"
WRONG: dict[Type, tuple[Any, ...]] = {
    Type.STRING: (7, True, ["a"], {"a": "b"}),
    Type.BOOLEAN: (7, "maybe", {}, []),
    Type.NUMBER: (True, "much", [], {}),
    Type.INTEGER: (True, 2.5, "2.5", "many", [], {}),
    Type.STRINGS: (7, "text", [7], {}),
    Type.LIST: (7, "text", {}),
    Type.OBJECT: (7, "text", []),
    Type.ANY: (),
}
DECIDING = ("/channel", "/pipeline_mode", "/auth_config/type")
"""Members that say what else has to be there."""
STEP = {"objective_name": "greet", "objective_prompt": "Say hello."}
RULE = {"text": "CVI", "pronunciation": "see-vee-eye", "type": "alias"}
PAGE = {"title": "Claims", "description": "Ask about your claim."}
OWN = {"model": "nw-1", "base_url": f"{URL}/v1", "api_key": "text"}


def pal(**members: Any) -> dict[str, Any]:
    return {"system_prompt": "Hi.", "default_face_id": "r90bbd427f71", **members}


def layer(name: str, **members: Any) -> dict[str, Any]:
    return pal(layers={name: members})


def landing(**members: Any) -> dict[str, Any]:
    return {"pal_id": "PAL", "channel": "landing-page", "customization": {"landing_page": {**PAGE, **members}}}


def step(name: str = "greet", **members: Any) -> dict[str, Any]:
    return {**STEP, "objective_name": name, **members}


VALID: list[tuple[str, dict[str, Any]]] = [
    ("guardrail", {"guardrail_name": "no_advice", "guardrail_prompt": "Asks for advice."}),
    (
        "guardrail",
        {
            "guardrail_name": "no_advice",
            "guardrail_prompt": "Asks for advice.",
            "modality": "audio",
            "callback_url": URL,
            "tags": ["legal", "all"],
            "app_message": False,
            "tool_call": {"name": "note"},
        },
    ),
    (
        "guardrail_set",
        {
            "name": "Compliance",
            "data": [
                {
                    "guardrail_name": "No legal advice",
                    "guardrail_prompt": "Asks for advice.",
                    "modality": "visual",
                    "callback_url": URL,
                    "tags": ["legal"],
                    "app_message": True,
                    "tool_call": {"name": "note"},
                }
            ],
        },
    ),
    ("objectives", {"data": [STEP]}),
    (
        "objectives",
        {
            "name": "Intake",
            "allow_loops": True,
            "data": [
                step("greet", next_conditional_objectives={"ask": "if new", "close": "if not"}, modality="audio"),
                step("ask", next_required_objective="close", output_variables=["name"], tool_call={"name": "note"}),
                step("close", confirmation_mode="manual", callback_url=URL, next_required_objective="greet"),
            ],
        },
    ),
    ("document", {"document_url": f"{URL}/returns.pdf"}),
    (
        "document",
        {
            "document_url": URL,
            "document_name": "Site",
            "tags": ["site"],
            "callback_url": URL,
            "crawl": {"depth": 10, "max_pages": 100},
            "custom_description": "All of it.",
            "participant_tags": ["guest"],
        },
    ),
    ("pronunciation_dictionary", {"name": "Brands"}),
    (
        "pronunciation_dictionary",
        {
            "name": "Brands",
            "rules": [
                {**RULE, "case_sensitive": True, "word_boundaries": False},
                {"text": "cvi", "pronunciation": "\u0259", "type": "ipa", "alphabet": "ipa"},
            ],
        },
    ),
    ("deployment", {"pal_id": "PAL", "channel": "widget"}),
    ("deployment", {"pal_id": "PAL", "channel": "embed", "allowed_origins": [], "limits": {}}),
    (
        "deployment",
        {
            **landing(cta=[{"title": "Hours", "url": URL}], logo=f"{URL}/logo.png"),
            "name": "Claims",
            "status": "active",
            "allowed_origins": [URL],
            "password": "text",
            "limits": {
                "daily_call_limit": 1,
                "daily_call_limit_per_user": 1,
                "concurrent_call_limit": 1,
                "max_call_duration": 60,
            },
        },
    ),
    (
        "deployment",
        {
            "pal_id": "PAL",
            "channel": "embed",
            "customization": {"conversation": {"unique_memory_tag": True, "context": "On the web."}},
        },
    ),
    ("persona", pal()),
    ("connector", {"name": "Linear", "server_url": URL}),
    ("connector", {"name": "Linear", "server_url": URL, "auth_config": {"type": "oauth2"}}),
    (
        "connector",
        {
            "name": "Linear",
            "server_url": URL,
            "auth_config": {"type": "bearer", "token": "text"},
            "selected_tool_names": ["find"],
        },
    ),
    ("persona", {"default_face_id": "r90bbd427f71", "pipeline_mode": "echo"}),
    ("persona", {"default_face_id": "r90bbd427f71", "pipeline_mode": "speech-to-speech"}),
    (
        "persona",
        pal(
            pal_name="Desk",
            pal_description="Claims",
            context="More.",
            greeting="Hi",
            pipeline_mode="full",
            document_ids=["d1-0a1b2c3d4e5f"],
            document_tags=["claims"],
            objectives_id="o1",
            guardrails_id="g1",
            guardrail_ids=["g2"],
            guardrail_tags=["legal"],
            tools=[],
            memories=["m"],
            languages=["en"],
            disclosure_type="always",
            verbal_disclosure="I am an AI.",
            visual_disclosure=True,
            is_template=False,
        ),
    ),
    ("persona", layer("llm", model="tavus-gpt-oss", speculative_inference=False, extra_body={"temperature": 0.5})),
    ("persona", layer("llm", model="tavus-gpt-oss", extra_body={"top_p": 0.5}, disable_vision=True)),
    (
        "persona",
        layer(
            "llm",
            **OWN,
            enable_llm_proxy=True,
            headers={"X-Organization-ID": "nw"},
            default_query={"api-version": "2026-05-01"},
            model_name="nw-1",
            is_custom=True,
            endpoint=URL,
        ),
    ),
    ("persona", layer("llm", model="tavus-gpt-oss", enable_llm_proxy=False)),
    (
        "persona",
        layer(
            "tts",
            tts_engine="elevenlabs",
            external_voice_id="v1",
            api_key="text",
            tts_model_name="eleven_turbo_v2_5",
            tts_emotion_control=True,
            voice_settings={"speed": 1.1},
            pronunciation_dictionary_id="pd_1",
            playht_user_id="u1",
        ),
    ),
    ("persona", layer("tts", voice_id="v1")),
    (
        "persona",
        layer(
            "stt",
            stt_engine="tavus-auto",
            hotwords="Northwind",
            participant_pause_sensitivity="high",
            participant_interrupt_sensitivity="superlow",
            smart_turn_detection=True,
        ),
    ),
    (
        "persona",
        layer(
            "perception",
            perception_model="raven-1",
            visual_awareness_queries=["Is an ID visible?"],
            audio_awareness_queries=["Is it loud?"],
            perception_analysis_queries=["Was an ID shown?"],
            visual_tool_prompt="Use it.",
            audio_tool_prompt="Use it.",
            emotion_recognition="limited",
            tool_prompt="",
        ),
    ),
    (
        "persona",
        layer(
            "perception",
            perception_model="raven-0",
            ambient_awareness_queries=["Is an ID visible?"],
            perception_tool_prompt="Use it.",
        ),
    ),
    (
        "persona",
        layer(
            "conversational_flow",
            turn_detection_model="sparrow-1",
            turn_taking_patience="high",
            interruptibility="low",
            voice_isolation="off",
            idle_engagement="eager",
            wake_phrase="Hey Desk",
            sleep_phrase="Goodnight",
            noise_cancellation="on",
            turn_commitment="medium",
            active_listening="low",
            idle_end_behavior="hang-up",
        ),
    ),
    ("persona", layer("conferencing", username="desk", allowlist=["a@northwind.example"], whitelabel=True)),
    (
        "persona",
        layer(
            "capabilities",
            mcp_enabled=True,
            search_enabled=True,
            activity_log_enabled=False,
            search_results_prompt_injection_prevention_enabled=True,
        ),
    ),
    (
        "persona",
        layer(
            "knowledge_base",
            rag_score_threshold=0.5,
            rag_n_chunks=5,
            rag_surrounding_chunk_radius=1,
            enable_rag_observability_app_messages=True,
            use_procedure_goalchain=False,
        ),
    ),
    ("persona", pal(layers={"sts": {"model": "x"}, "transport": {"transport_type": "daily"}})),
    ("persona", layer("mcp", connectors=["c8-58ea0f6420b2"], connector_tools={"c8-58ea0f6420b2": ["find"]})),
    (
        "persona",
        pal(
            skills={
                "magic_canvas": {
                    "components": {
                        **{
                            name: {"enabled": False}
                            for name in ("question", "input", "calendar", "text", "image", "video", "chart", "alert")
                        },
                        "scheduling_embed": {
                            "enabled": True,
                            "provider": "calendly",
                            "scheduling_url": "https://calendly.com/nw/intro",
                        },
                    },
                    "usage_guidance": "At the end.",
                },
                "presentation": {
                    "document_ids": ["d1-0a1b2c3d4e5f"],
                    "slides_trigger": "walk_the_deck",
                    "prompt": "Slowly.",
                },
                "internet_search": {},
                "memory": {},
            }
        ),
    ),
]
INVALID: list[tuple[str, dict[str, Any]]] = [
    ("guardrail", {"guardrail_name": "no_advice"}),
    ("guardrail", {"guardrail_name": "no advice", "guardrail_prompt": "Asks."}),
    ("guardrail_set", {"name": "Compliance"}),
    ("guardrail_set", {"name": "Compliance", "data": [{"guardrail_name": "a"}]}),
    ("objectives", {"name": "Intake"}),
    ("objectives", {"data": [step("greet", next_required_objective="ask")]}),
    ("objectives", {"data": [step("greet", next_conditional_objectives={"ask": "if new"})]}),
    ("objectives", {"data": [STEP, STEP]}),
    ("objectives", {"data": [STEP, step("close")]}),
    ("objectives", {"data": [step("greet", next_required_objective="greet")]}),
    ("objectives", {"allow_loops": True, "data": [step("greet", next_required_objective="greet")]}),
    ("objectives", {"allow_loops": True, "data": [step("greet", next_conditional_objectives={"greet": "if"})]}),
    (
        "objectives",
        {
            "data": [
                step("greet", next_required_objective="a", next_conditional_objectives={"b": "if"}),
                step("a"),
                step("b"),
            ]
        },
    ),
    ("document", {"document_name": "Site"}),
    ("pronunciation_dictionary", {"name": "Brands", "rules": [RULE, {**RULE, "pronunciation": "C V I"}]}),
    *(
        ("pronunciation_dictionary", {"name": "Brands", "rules": [{k: v for k, v in RULE.items() if k != word}]})
        for word in RULE
    ),
    ("connector", {"name": "Linear"}),
    ("connector", {"name": "Linear", "server_url": ""}),
    ("connector", {"name": "Linear", "server_url": URL, "auth_config": {"token": "text"}}),
    ("connector", {"name": "Linear", "server_url": URL, "auth_config": {"type": "bearer"}}),
    ("connector", {"name": "Linear", "server_url": URL, "auth_config": {"type": "bearer", "token": None}}),
    ("deployment", {"channel": "widget"}),
    ("deployment", {"pal_id": "PAL"}),
    ("deployment", {"pal_id": "PAL", "channel": "landing-page"}),
    ("deployment", landing(title="")),
    ("deployment", landing(description=None)),
    ("deployment", landing(cta=[{"title": "Hours"}])),
    ("deployment", landing(cta=[{"url": URL}])),
    ("persona", {"default_face_id": "r90bbd427f71"}),
    ("persona", pal(pipeline_mode="speech-to-speech")),
    ("persona", {"default_face_id": "r1", "pipeline_mode": "speech-to-speech", "context": "More."}),
    ("persona", {"system_prompt": "Hi", "layers": {"conferencing": {"username": "desk"}}}),
    ("persona", layer("llm", model="nw-1", base_url=URL)),
    ("persona", layer("llm", model="tavus-gpt-oss", enable_llm_proxy=True)),
    ("persona", layer("llm", **OWN | {"model": "tavus-gpt-oss"}, enable_llm_proxy=True)),
    ("persona", layer("llm", enable_llm_proxy=True)),
    ("persona", layer("llm", model="nw-1", base_url=URL, enable_llm_proxy=True)),
    ("persona", layer("conversational_flow", sleep_phrase="Goodnight")),
    ("persona", layer("conversational_flow", sleep_phrase="Goodnight", wake_phrase="")),
    ("persona", pal(skills={"presentation": {"slides_trigger": "on_demand"}})),
]


def rows(kind: str) -> list[Field]:
    return [row for row in KINDS.get(kind).fields if not row.server_owned]


def places(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every member of `value`, as pointer and value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for word, member in members:
        if isinstance(value, dict):
            yield f"{path}/{word}", member
        yield from places(member, f"{path}/{word}")


def row_at(kind: str, pointer: str) -> Field | None:
    starred = "".join(f"/{'*' if token.isdigit() else token}" for token in pointer[1:].split("/"))
    declared = {row.path: row for row in rows(kind)}
    return declared.get(starred) or declared.get(f"{starred.rpartition('/')[0]}/*")


def put(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    changed = deepcopy(body)
    *above, last = pointer[1:].split("/")
    inner: Any = changed
    for word in above:
        inner = inner[int(word)] if isinstance(inner, list) else inner[word]
    inner[last] = value
    return changed


def beyond(bounds: Bounds, value: Any) -> Iterator[Any]:
    """Values just outside of the bounds."""
    if bounds.max_length is not None:
        yield "x" * (bounds.max_length + 1)
    if bounds.min_length:
        yield ""
    if bounds.pattern:
        yield "a-b"
    if bounds.minimum is not None:
        yield bounds.minimum - 1
    if bounds.maximum is not None:
        yield bounds.maximum + 1
    if bounds.min_items:
        yield []
    if bounds.max_items is not None:
        yield [deepcopy(value[0]) if value else "x"] * (bounds.max_items + 1)
    if bounds.max_members is not None:
        yield dict.fromkeys(map(str, range(bounds.max_members + 1)), 1)
    if bounds.each is not None and bounds.each.max_length is not None:
        yield ["x" * (bounds.each.max_length + 1)]
        yield [""]


def within(bounds: Bounds) -> Iterator[Any]:
    """Values just inside of the bounds."""
    if bounds.max_length is not None:
        yield "x" * bounds.max_length
    if bounds.minimum is not None:
        yield bounds.minimum
    if bounds.maximum is not None:
        yield bounds.maximum
    if bounds.each is not None and bounds.each.max_length is not None:
        yield ["x" * bounds.each.max_length] * (bounds.max_items or 1)


def siblings(wanted: str, *, good: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each valid body of a kind with one value that is as good, or wrong; before it, which one."""
    for number, (kind, body) in enumerate(VALID):
        for pointer, value in places(body) if kind == wanted else ():
            row = row_at(kind, pointer)
            if row is None or ("skills" in body and not pointer.startswith("/skills")):
                continue
            if good and row.path == "/data/*/objective_name" and len(body["data"]) > 1:
                continue  # the others refer to it
            if good:
                changes = [*(within(row.bounds) if row.bounds else ()), *row.enum, *row.observed_values]
                changes = [] if pointer in DECIDING else changes
            else:
                types = (
                    [] if row.path.endswith("headers/*") or row.path.endswith("default_query/*") else WRONG[row.type]
                )
                changes = [one for one in types if not any(fits(kind_, one) for kind_ in row.tolerated_types)]
                changes += [
                    *(("other", "") if row.closed else ()),
                    *(beyond(row.bounds, value) if row.bounds else ()),
                ]
            for change in changes:
                shown = repr(change)[:40]
                yield f"{number}: {pointer} {shown}", put(body, pointer, change)


def fits(wanted: Type, value: Any) -> bool:
    return not any(type(one) is type(value) and one == value for one in WRONG[wanted])


def errors(kind: str, body: dict[str, Any]) -> list[str]:
    """What `validate` calls an error and the API would refuse."""
    one = manifest(body, kind)
    looked = context(one)
    found = [finding for rule in RULES.all().values() if rule.concerns(one) for finding in rule.check(one, looked)]
    return [
        f"{finding.code} {finding.pointer}: {finding.summary}"
        for finding in found
        if finding.severity is Severity.ERROR and finding.code not in UNREFUSED
    ]


def wire(kind: str, body: dict[str, Any], id: str) -> dict[str, Any]:
    sent = {word: id if value == "PAL" else value for word, value in body.items() if word != "skills"}
    if kind == "persona" and "tools" in sent:
        sent["tool_ids"] = sent.pop("tools")
    flow = sent.get("layers", {}).get("conversational_flow") if isinstance(sent.get("layers"), dict) else None
    if isinstance(flow, dict) and "interruptibility" in flow:
        renamed = {("pal_" if word == "interruptibility" else "") + word: value for word, value in flow.items()}
        sent["layers"] = {**sent["layers"], "conversational_flow": renamed}
    return sent


def service() -> tuple[httpx.Client, str]:
    """A client of a new account, and the id of its one persona."""
    client = httpx.Client(
        transport=SimulatorTransport(None), base_url="http://simulator/v2", headers={"x-api-key": "k"}
    )
    return client, client.post("/pals", json=pal()).json()["pal_id"]


shared = cache(service)


def refusal(kind: str, body: dict[str, Any]) -> str:
    """What the simulated API answers, empty where it takes the object."""
    with_username = isinstance(body.get("layers"), dict) and "conferencing" in body["layers"]
    client, id = service() if with_username else shared()  # usernames are taken once
    if "skills" in body:
        answer = client.put(f"/pals/{id}/skills", json={"skills": body["skills"]})
    else:
        answer = client.post(ENDPOINTS[kind].paths["pal"], json=wire(kind, body, id))
    assert answer.status_code in (200, 201, 400), answer.text
    return "" if answer.is_success else answer.text


@pytest.mark.parametrize(("kind", "body"), VALID)
def test_a_valid_body_passes_both(kind: str, body: dict[str, Any]) -> None:
    assert (errors(kind, body), refusal(kind, body)) == ([], "")


OF_VALID = sorted({kind for kind, _ in VALID})
"""The kinds that have siblings: hundreds of small ones, so they are one test a kind."""


@pytest.mark.parametrize("kind", OF_VALID)
def test_a_valid_sibling_passes_both(kind: str) -> None:
    told = [(label, errors(kind, body), refusal(kind, body)) for label, body in siblings(kind, good=True)]
    assert [one for one in told if one[1:] != ([], "")] == []


@pytest.mark.parametrize(("kind", "body"), INVALID)
def test_an_invalid_body_passes_neither(kind: str, body: dict[str, Any]) -> None:
    assert errors(kind, body)
    assert refusal(kind, body)


@pytest.mark.parametrize("kind", OF_VALID)
def test_a_sibling_of_another_type_word_or_size_passes_neither(kind: str) -> None:
    told = [(label, errors(kind, body), refusal(kind, body)) for label, body in siblings(kind, good=False)]
    assert told
    assert [one for one in told if not all(one)] == []


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "tool"])
def test_every_field_has_siblings(kind: str) -> None:
    met = {
        row.path
        for one, body in VALID
        if one == kind
        for pointer, _ in places(body)
        if (row := row_at(kind, pointer))
    }
    inline = {row.path for row in rows(kind) if row.keyed or field_at(KINDS.get(kind), row.path) is None}
    assert {row.path for row in rows(kind)} - met - inline - {"/layers/vqa"} == set()
