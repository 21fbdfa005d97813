"""The endpoint of each kind: paths, filters and queries in both vocabularies, and skills, a sub resource."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.errors import NotFound
from reconciler.platforms.tavus.client.endpoints import (
    ENDPOINTS,
    Endpoint,
    PatchStyle,
    attached_in,
    everywhere,
    id_of,
    is_stock,
    items_in,
    name_of,
    object_in,
    owners_in,
    read_skills,
    total_in,
    write_skills,
)
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Direction, FieldChange
from reconciler.types.json import Json
from tests.support.lab import JumpingClock
from tests.support.records import change_of

OTHERS = [endpoint for kind, endpoint in ENDPOINTS.items() if kind not in ("persona", "tool")]


class Clock:
    def now(self) -> str:
        return "2026-11-21T05:13:47Z"

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None: ...


def open_over(answer: Any, seen: list[httpx.Request] | None = None) -> TavusProvider:
    """A provider over `answer(request) -> JSON` (or a status)."""

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        found = answer(request)
        return httpx.Response(found) if isinstance(found, int) else httpx.Response(200, json=found)

    return TavusProvider(
        api_key="key",
        base_url="http://127.0.0.1:9/v2",
        transport=httpx.MockTransport(handle),
        clock=Clock(),
        random=lambda: 0.5,
    )


@pytest.mark.parametrize("endpoint", OTHERS, ids=lambda one: one.kind)
def test_their_words_are_the_same_in_both_vocabularies(endpoint: Endpoint) -> None:
    assert endpoint.paths["pal"] == endpoint.paths["persona"]
    assert endpoint.attachments is None
    assert endpoint.force_query == {}
    assert everywhere(1) == {"pal": 1, "persona": 1}


@pytest.mark.parametrize("endpoint", OTHERS, ids=lambda one: one.kind)
def test_where_pages_begin_and_how_patches_look(endpoint: Endpoint) -> None:
    zero = {"document", "pronunciation_dictionary", "deployment"}
    assert endpoint.page_base == (0 if endpoint.kind in zero else 1)
    merge = endpoint.patch_style is PatchStyle.MERGE
    assert merge == (endpoint.kind in ("document", "connector"))


def test_guardrails_and_their_legacy_sets_share_a_path() -> None:
    one, many = ENDPOINTS["guardrail"], ENDPOINTS["guardrail_set"]
    assert one.paths == many.paths
    assert one.list_query["pal"]["legacy"] == "false"
    assert many.list_query["pal"]["legacy"] == "true"
    assert is_stock(one, {"uuid": "g1", "guardrail_type": "system"})
    assert not is_stock(one, {"uuid": "g1"})


def test_a_list_that_gives_hardly_more_than_ids_is_read_object_by_object() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> Any:
        if request.url.path == "/v2/guardrails":
            rows = [{"guardrails_id": "g1", "created_at": "x"}, {"guardrails_id": "g2", "guardrails_name": "Two"}]
            return {"data": rows, "total_count": 2}
        return {"guardrails_id": "g1", "guardrails_name": "One", "data": [{"guardrail_name": "a"}]}

    listing = open_over(answer, seen).list("guardrail_set")
    assert [(live.name, live.detailed) for live in listing.objects.values()] == [("One", True), ("Two", False)]
    assert [request.url.path for request in seen] == ["/v2/guardrails", "/v2/guardrails/g1"]
    assert seen[0].url.params["legacy"] == "true"


def test_one_that_disappears_meanwhile_stays_as_it_was_listed() -> None:
    def answer(request: httpx.Request) -> Any:
        return (
            {"data": [{"objectives_id": "o1"}], "total_count": 1} if request.url.path.endswith("objectives") else 404
        )

    assert open_over(answer).list("objectives").objects["o1"].name is None


@pytest.mark.parametrize("word", ["data", "deployments"])
def test_deployments_stand_under_either_word_and_are_counted_under_total(word: str) -> None:
    seen: list[httpx.Request] = []
    rows = [{"deployment_id": f"dep_{number}", "name": "n"} for number in range(3)]
    listing = open_over(lambda request: {word: rows, "total": 3}, seen).list("deployment")
    assert list(listing.objects) == ["dep_0", "dep_1", "dep_2"]
    assert dict(seen[0].url.params) == {"limit": "200", "page": "0"}


def test_objectives_in_the_wrapping_of_the_documentation() -> None:
    body = {"objectives_id": "o1", "name": "Intake", "data": [{"objective_name": "a"}]}
    live = open_over(lambda request: {"data": body}).get("objectives", "o1")
    assert live is not None
    assert live.body == body


def test_the_create_of_a_set_sends_a_list() -> None:
    provider = open_over(lambda request: {})
    item = {"guardrail_name": "a", "guardrail_prompt": "A", "uuid": "gx", "callback_url": None}
    change = change_of(Address("guardrail_set", "s"), Action.CREATE, after={"name": "S", "data": {"a": item}})
    (request,) = provider.requests(change, None)
    assert (request.method, request.path) == ("POST", "/guardrails")
    assert request.body == {"name": "S", "data": [{"guardrail_name": "a", "guardrail_prompt": "A"}]}


def test_a_document_is_changed_by_what_moved_alone() -> None:
    from reconciler.types.change import PatchOp

    provider = open_over(lambda request: {})
    change = change_of(
        Address("document", "d"),
        Action.UPDATE,
        id="d1",
        after={"document_name": "D", "document_url": "https://x.example", "tags": ["a"]},
        patch=(PatchOp("replace", "/tags", ["a"]),),
    )
    (request,) = provider.requests(change, {"document_id": "d1", "tags": []})
    assert (request.method, request.path, request.body) == ("PATCH", "/documents/d1", {"tags": ["a"]})


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


DESK = Address("persona", "desk")
ENTRY: Json = {"skill_id": "memory", "config": {"a": 1}, "attached_at": "x"}


@pytest.mark.parametrize(
    ("answer", "skills"),
    [
        ({"data": {"memory": ENTRY}}, {"memory": {"a": 1}}),
        ({"data": [ENTRY]}, {"memory": {"a": 1}}),
        ({"data": [{"id": "memory"}]}, {"memory": {}}),
        ({"skills": {"memory": {"config": None}}}, {"memory": {}}),
        ({"memory": None}, {"memory": {}}),
        ([ENTRY], {"memory": {"a": 1}}),
        ({"data": {}}, {}),
        ({"data": None}, {}),
    ],
)
def test_every_shape_is_read(answer: Json, skills: Json) -> None:
    assert read_skills(answer) == skills


@pytest.mark.parametrize(
    "answer", ["x", 7, {"data": ["memory"]}, {"data": [{}]}, {"data": {"memory": 7}}, {"data": 1}]
)
def test_what_is_something_else_is_not_taken_for_none(answer: Json) -> None:
    assert read_skills(answer) is None


@pytest.mark.parametrize("skills", [None, {}, []])
def test_taking_all_away_is_an_empty_set(skills: Json) -> None:
    assert write_skills(skills) == {"skills": {}}


def test_skills_stand_in_a_sub_resource() -> None:
    part = ENDPOINTS["persona"].parts["/skills"]
    assert part.name == "skills"
    assert part.read({"data": {"memory": ENTRY}}) == {"memory": {"a": 1}}


@pytest.fixture(params=["pal", "persona"])
def provider(request: pytest.FixtureRequest) -> TavusProvider:
    return TavusProvider(
        api_key="key",
        base_url="http://127.0.0.1/v2",
        vocabulary=request.param,
        transport=SimulatorTransport(None),
        clock=JumpingClock(),
        random=lambda: 0.5,
    )


def carry_out(provider: TavusProvider, change: Change) -> str:
    id = change.id or ""
    for request in provider.requests(change, None):
        from dataclasses import replace

        answer = provider.send(replace(request, path=request.path.replace("{persona.desk}", id)))
        id = id or provider.created_id("persona", answer) or ""
    return id


def test_the_life_of_a_skill(provider: TavusProvider) -> None:
    body = {"pal_name": "Desk", "system_prompt": "x", "default_face_id": "r1", "skills": {"memory": {}}}
    id = carry_out(provider, change_of(DESK, Action.CREATE, after=body, managed={"/skills": {"memory": {}}}))
    assert provider.part("persona", id, "/skills") == {"memory": {}}
    live = provider.get("persona", id)
    assert live is not None
    assert "skills" not in live.body, "they are no part of the body"

    field = FieldChange("/skills", Direction.GIT, {"memory": {}}, {"internet_search": {}})
    change = change_of(DESK, Action.UPDATE, id=id, fields=(field,), managed={"/skills": {"internet_search": {}}})
    (request,) = provider.requests(change, live.body)
    assert (request.method, request.body) == ("PUT", {"skills": {"internet_search": {}}})
    carry_out(provider, change)
    assert provider.part("persona", id, "/skills") == {"internet_search": {}}

    gone = change_of(
        DESK, Action.UPDATE, id=id, fields=(FieldChange("/skills", Direction.GIT, {}, None),), managed={}
    )
    carry_out(provider, gone)
    assert provider.part("persona", id, "/skills") == {}


def test_of_an_unknown_persona(provider: TavusProvider) -> None:
    with pytest.raises(NotFound):
        provider.part("persona", "p404", "/skills")


ENDPOINT_PERSONA = kind("persona")
ENDPOINT_TOOL = kind("tool")


@pytest.mark.parametrize("name", list(ENDPOINTS))
def test_every_endpoint_is_of_a_kind_and_has_a_path_per_vocabulary(name: str) -> None:
    endpoint = ENDPOINTS[name]
    assert endpoint.kind == name
    assert name in KINDS
    for vocabulary in ("pal", "persona"):
        assert endpoint.paths[vocabulary].startswith("/")
        assert not endpoint.paths[vocabulary].endswith("/")
    assert endpoint.page_base in (0, 1)
    assert (endpoint.attachments is not None) == (kind(name).attachments is not None)


@pytest.mark.parametrize("name", list(ENDPOINTS))
def test_the_patch_style_is_what_the_kind_says(name: str) -> None:
    assert (ENDPOINTS[name].patch_style.value == "merge") is kind(name).merge_patch


@pytest.mark.parametrize(
    ("item", "id"),
    [
        ({"pal_id": "p1", "persona_id": "p2"}, "p1"),
        ({"persona_id": "p2", "uuid": "u"}, "p2"),
        ({"uuid": "u", "id": "i"}, "u"),
        ({"id": "i"}, "i"),
        ({"id": 7}, "7"),
        ({"pal_id": None, "id": "i"}, "i"),
        ({"pal_id": "", "name": "n"}, None),
        ({"id": True}, None),
        ({}, None),
        ("p1", None),
        (None, None),
    ],
)
def test_ids(item: Any, id: str | None) -> None:
    assert id_of(ENDPOINT_PERSONA, item) == id


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ({"pal_name": "a", "persona_name": "b"}, "a"),
        ({"persona_name": "b"}, "b"),
        ({"name": "c"}, "c"),
        ({"pal_name": None}, None),
        ({"pal_name": ""}, ""),
        ({}, None),
    ],
)
def test_names(item: Any, name: str | None) -> None:
    assert name_of(ENDPOINT_PERSONA, item) == name
    assert name_of(ENDPOINT_TOOL, {"name": "t"}) == "t"


@pytest.mark.parametrize(
    "answer",
    [
        {"pal_id": "p1", "x": 1},
        {"data": {"pal_id": "p1", "x": 1}},
        {"data": [{"pal_id": "p1", "x": 1}]},
        {"data": [{"pal_id": "p1", "x": 1}], "total_count": 1},
        {"persona": {"pal_id": "p1", "x": 1}},
        [{"pal_id": "p1", "x": 1}],
    ],
)
def test_one_object(answer: Any) -> None:
    assert object_in(ENDPOINT_PERSONA, answer) == {"pal_id": "p1", "x": 1}


def test_an_object_with_data_of_its_own_is_not_unwrapped() -> None:
    answer = {"pal_id": "p1", "data": [{"pal_id": "p2"}]}
    assert object_in(ENDPOINT_PERSONA, answer) is answer


@pytest.mark.parametrize("answer", [None, "x", 7, [], [{"pal_id": "a"}, {"pal_id": "b"}]])
def test_no_object(answer: Any) -> None:
    assert object_in(ENDPOINT_PERSONA, answer) is None


@pytest.mark.parametrize(
    ("answer", "items", "total"),
    [
        ({"data": [1, 2], "total_count": 2}, [1, 2], 2),
        ({"data": [], "total_count": 0}, [], 0),
        ({"data": [1], "total": 5}, [1], 5),
        ({"data": [1], "total_count": "5"}, [1], 5),
        ({"pals": [1]}, [1], None),
        ({"personas": [1]}, [1], None),
        ({"deployments": [1], "total": 1}, [1], 1),
        ([1, 2, 3], [1, 2, 3], None),
        ({"data": None}, [], None),
        ({"data": [1], "total_count": None}, [1], None),
        ({"data": [1], "total_count": -1}, [1], None),
        ({"data": [1], "total_count": True}, [1], None),
        ({"error": "no"}, None, None),
        ({"data": {"a": 1}}, None, None),
        ("x", None, None),
        (None, None, None),
    ],
)
def test_lists(answer: Any, items: Any, total: int | None) -> None:
    assert items_in(ENDPOINTS["persona"].list_words, answer) == items
    assert total_in(answer) == total


@pytest.mark.parametrize(
    ("name", "item", "stock"),
    [
        ("persona", {"pal_type": "system"}, True),
        ("persona", {"persona_type": "system"}, True),
        ("persona", {"pal_type": "user"}, False),
        ("persona", {}, False),
        ("tool", {"is_system_tool": True}, True),
        ("tool", {"is_system_tool": False, "type": "user"}, False),
        ("tool", {"type": "system"}, True),
        ("persona", {"is_system_tool": True}, False),
    ],
)
def test_the_vendors_own_objects(name: str, item: Any, stock: bool) -> None:
    assert is_stock(ENDPOINTS[name], item) is stock


@pytest.mark.parametrize(
    ("item", "tools"),
    [
        ({"tool_ids": ["t2", "t1", "t1"]}, ("t1", "t2")),
        ({"tool_ids": []}, ()),
        ({"tool_ids": None}, ()),
        ({"tool_ids": "t1"}, None),
        ({"tool_ids": [1]}, None),
        ({}, None),
        (None, None),
    ],
)
def test_attached_tools(item: Any, tools: Any) -> None:
    assert attached_in(item) == tools


def test_owners() -> None:
    assert list(owners_in([{"owner_id": None}, {}, {"owner_id": "u1"}, {"owner_id": ""}, {"owner_id": "u2"}])) == [
        "u1",
        "u2",
    ]
