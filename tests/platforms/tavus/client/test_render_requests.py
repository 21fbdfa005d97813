"""A planned change becomes exactly the requests that carry it out, in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.diff.request_body import create_body
from reconciler.platforms.tavus.client.endpoints import ENDPOINTS
from reconciler.platforms.tavus.client.render_requests import divide, render
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Change, Direction, FieldChange, PatchOp, Request
from reconciler.types.json import SENSITIVE
from tests.support.records import change_of

DESK = Address("persona", "claims-desk")
TOOL = Address("tool", "lookup")
KEY = SecretRef("env", "LLM_KEY")
LOOKUP = ResourceRef("tool.lookup")


def requests(change: Change, before: Any = None, vocabulary: str = "pal") -> tuple[Request, ...]:
    name = change.address.kind
    return render(kind(name), ENDPOINTS[name], vocabulary, change, before)


def lines(found: tuple[Request, ...]) -> list[str]:
    return [f"{request.method} {request.path} {request.purpose}" for request in found]


def create(after: Any, **more: Any) -> Change:
    return change_of(DESK, Action.CREATE, after=after, **more)


def update(*patch: PatchOp, id: str | None = "p1", **more: Any) -> Change:
    return change_of(more.pop("address", DESK), Action.UPDATE, id=id, patch=patch, **more)


def tools(before: Any, after: Any, **more: Any) -> FieldChange:
    return FieldChange("/tools", Direction.GIT, before, after, **more)


@pytest.mark.parametrize("action", [Action.NOOP, Action.FORGET])
def test_what_writes_nothing_has_no_request(action: Action) -> None:
    assert requests(change_of(DESK, action, id="p1")) == ()


# --- create -------------------------------------------------------------------------------------------------------


def test_a_create_in_pal_words() -> None:
    after = {
        "pal_name": "Desk",
        "default_face_id": "r1",
        "layers": {"conversational_flow": {"interruptibility": "low"}},
    }
    (request,) = requests(create(after))
    assert request == Request(
        "POST",
        "/pals",
        DESK,
        {
            "pal_name": "Desk",
            "default_face_id": "r1",
            "layers": {"conversational_flow": {"pal_interruptibility": "low"}},
        },
        "create",
    )


def test_a_create_in_persona_words() -> None:
    after = {
        "pal_name": "Desk",
        "default_face_id": "r1",
        "layers": {"conversational_flow": {"interruptibility": "low"}},
    }
    (request,) = requests(create(after), vocabulary="persona")
    assert request.path == "/personas"
    assert request.body == {
        "persona_name": "Desk",
        "default_replica_id": "r1",
        "layers": {"conversational_flow": {"replica_interruptibility": "low"}},
    }


def test_a_create_leaves_out_nulls_and_what_the_server_owns() -> None:
    after = {
        "pal_id": "p1",
        "pal_name": "Desk",
        "default_face_id": "r1",
        "created_at": "2026",
        "context": None,
        "layers": {
            "stt": {"hotwords": None},
            "llm": {"extra_body": {}},
            "conferencing": {"username": "u", "email": "e"},
        },
    }
    (request,) = requests(create(after))
    assert request.body == {
        "pal_name": "Desk",
        "default_face_id": "r1",
        "layers": {"llm": {"extra_body": {}}, "conferencing": {"username": "u"}},
    }


def test_a_create_keeps_unknown_fields_and_markers() -> None:
    after = {
        "pal_name": "Desk",
        "default_face_id": "r1",
        "new_field": {"a": [None, 1]},
        "guardrail_ids": [ResourceRef("guardrail.x")],
        "layers": {"llm": {"api_key": KEY}},
    }
    (request,) = requests(create(after))
    assert request.body == after


def test_a_create_never_sends_a_mask() -> None:
    after = {"layers": {"llm": {"api_key": "********", "model": "m"}, "tts": {"api_key": SENSITIVE}}}
    assert create_body(kind("persona"), after) == {"layers": {"llm": {"model": "m"}}}


def test_a_schema_is_sent_as_written() -> None:
    schema = {"type": "object", "properties": {"a": {"default": None}, "$ref": {"$ref": "#/x"}}}
    change = change_of(TOOL, Action.CREATE, after={"name": "lookup", "parameters": schema, "static_filler": None})
    (request,) = requests(change)
    assert request == Request("POST", "/tools", TOOL, {"name": "lookup", "parameters": schema}, "create")


def test_references_that_are_only_in_the_managed_leaves() -> None:
    change = create(
        {"default_face_id": "r1", "guardrail_ids": [None, "g1"], "objectives_id": None, "layers": {"tts": {}}},
        managed={
            "/pal_name": "Desk",
            "/guardrail_ids": [ResourceRef("guardrail.x"), "g1"],
            "/objectives_id": ResourceRef("objectives.y"),
            "/layers/tts/pronunciation_dictionary_id": ResourceRef("pronunciation_dictionary.z"),
        },
    )
    (request,) = requests(change)
    assert request.body == {
        "default_face_id": "r1",
        "guardrail_ids": [ResourceRef("guardrail.x"), "g1"],
        "objectives_id": ResourceRef("objectives.y"),
        "layers": {"tts": {"pronunciation_dictionary_id": ResourceRef("pronunciation_dictionary.z")}},
    }


@pytest.mark.parametrize("word", ["tools", "tool_ids"])
def test_a_create_attaches_its_tools_in_one_request(word: str) -> None:
    found = requests(create({"default_face_id": "r1", word: [LOOKUP, "t9", "t9"]}))
    assert lines(found) == ["POST /pals create", "POST /pals/{persona.claims-desk}/tools attach"]
    assert found[0].body == {"default_face_id": "r1"}
    assert found[1].body == {"tool_ids": [LOOKUP, "t9"]}


@pytest.mark.parametrize("after", [{"tools": []}, {"tools": None}, {}])
def test_a_create_without_tools_attaches_nothing(after: Any) -> None:
    assert lines(requests(create({"default_face_id": "r1", **after}))) == ["POST /pals create"]


@pytest.mark.parametrize("face", [{}, {"default_face_id": None}, {"default_face_id": ""}])
def test_a_persona_without_a_face_is_created_in_the_words_that_allow_it(face: Any) -> None:
    """POST /pals refuses it; the rest of its life happens under /pals, the ids are the same."""
    found = requests(create({"pal_name": "Desk", "tools": ["t1"], **face}))
    assert lines(found) == ["POST /personas create", "POST /pals/{persona.claims-desk}/tools attach"]
    body = found[0].body
    assert isinstance(body, dict)
    assert body["persona_name"] == "Desk"


# --- update -------------------------------------------------------------------------------------------------------


def test_an_update_is_one_patch_of_operations() -> None:
    found = requests(update(PatchOp("replace", "/system_prompt", "new"), PatchOp("remove", "/context")))
    assert found == (
        Request(
            "PATCH",
            "/pals/p1",
            DESK,
            [{"op": "replace", "path": "/system_prompt", "value": "new"}, {"op": "remove", "path": "/context"}],
            "update",
        ),
    )


def test_an_id_is_quoted() -> None:
    (request,) = requests(update(PatchOp("remove", "/context"), id="../x y?"))
    assert request.path == "/pals/..%2Fx%20y%3F"


def test_an_import_uses_its_id_and_an_unknown_id_is_a_placeholder() -> None:
    change = update(PatchOp("remove", "/context"), id=None)
    assert requests(change)[0].path == "/pals/{persona.claims-desk}"
    assert requests(replace(change, importing="p7"))[0].path == "/pals/p7"


def test_conferencing_travels_alone_and_last() -> None:
    found = requests(
        update(
            PatchOp("replace", "/layers/conferencing/username", "u"),
            PatchOp("replace", "/greeting", "hi"),
            PatchOp("add", "/layers/conferencing/allowlist", []),
        )
    )
    assert lines(found) == ["PATCH /pals/p1 update", "PATCH /pals/p1 conferencing"]
    assert [operation["path"] for operation in found[1].body] == [  # type: ignore[index,call-overload,union-attr]
        "/layers/conferencing/username",
        "/layers/conferencing/allowlist",
    ]


def test_conferencing_only_is_one_request() -> None:
    assert lines(requests(update(PatchOp("remove", "/layers/conferencing")))) == ["PATCH /pals/p1 conferencing"]


def test_a_parent_that_is_added_whole_is_taken_apart() -> None:
    op = PatchOp("add", "/layers", {"llm": {"model": "m"}, "conferencing": {"username": "u"}})
    together, alone = divide(kind("persona"), [op])
    assert together == [PatchOp("add", "/layers", {"llm": {"model": "m"}})]
    assert alone == [PatchOp("add", "/layers/conferencing", {"username": "u"})]
    assert op.value == {"llm": {"model": "m"}, "conferencing": {"username": "u"}}


def test_a_parent_that_goes_with_conferencing_in_it_is_taken_apart() -> None:
    op = PatchOp("remove", "/layers")
    live: dict[str, Any] = {"layers": {"conferencing": {"username": "u"}, "llm": {"model": "m"}}}
    assert divide(kind("persona"), [op], live) == ([op], [PatchOp("remove", "/layers/conferencing")])
    live = {"layers": {"conferencing": {"username": "u"}}}
    assert divide(kind("persona"), [op], live) == ([], [PatchOp("remove", "/layers/conferencing")])
    for live in ({"layers": {"conferencing": None, "llm": {}}}, {"layers": {"llm": {}}}, {"layers": None}):
        assert divide(kind("persona"), [op], live) == ([op], [])


def test_conferencing_goes_before_the_face_that_it_needs() -> None:
    found = requests(update(PatchOp("remove", "/default_face_id"), PatchOp("remove", "/layers/conferencing")))
    assert lines(found) == ["PATCH /pals/p1 conferencing", "PATCH /pals/p1 update"]


def test_a_parent_without_conferencing_stays_whole() -> None:
    op = PatchOp("add", "/layers", {"llm": {"model": "m"}})
    assert divide(kind("persona"), [op]) == ([op], [])


def test_tools_are_attached_at_once_and_detached_one_by_one() -> None:
    found = requests(update(fields=(tools(["t1", "t2", "t3"], ["t3", LOOKUP, "t4"]),)))
    assert lines(found) == [
        "POST /pals/p1/tools attach",
        "DELETE /pals/p1/tools/t1 detach",
        "DELETE /pals/p1/tools/t2 detach",
    ]
    assert found[0].body == {"tool_ids": [LOOKUP, "t4"]}
    assert found[1].body is None


def test_a_shown_null_gives_way_to_the_managed_references() -> None:
    change = update(fields=(tools(["t1"], None, after_unknown=True),), managed={"/tools": ["t1", LOOKUP]})
    (request,) = requests(change)
    assert request.body == {"tool_ids": [LOOKUP]}


def test_all_tools_go() -> None:
    assert lines(requests(update(fields=(tools(["t1"], []),)))) == ["DELETE /pals/p1/tools/t1 detach"]
    assert lines(requests(update(fields=(tools(["t1"], None),)))) == ["DELETE /pals/p1/tools/t1 detach"]


def test_the_same_tools_in_another_order_are_no_request() -> None:
    assert requests(update(fields=(tools(["t1", "t2"], ["t2", "t1"]),))) == ()


def test_attaching_comes_after_an_ordinary_patch() -> None:
    found = requests(update(PatchOp("replace", "/greeting", "hi"), fields=(tools([], ["t1"]),)))
    assert [request.purpose for request in found] == ["update", "attach"]


@pytest.mark.parametrize(
    "op",
    [
        PatchOp("remove", "/layers/llm/tools"),
        PatchOp("remove", "/layers/llm/tools/0"),
        PatchOp("remove", "/layers/perception/visual_tools"),
        PatchOp("replace", "/layers/llm/tools", []),
        PatchOp("replace", "/layers/llm", {"model": "m"}),
        PatchOp("remove", "/layers/perception"),
    ],
)
def test_attaching_comes_before_inline_tools_go(op: PatchOp) -> None:
    found = requests(update(op, fields=(tools(["t0"], ["t1"]),)))
    assert [request.purpose for request in found] == ["attach", "update", "detach"]


def test_attaching_comes_after_inline_tools_are_added() -> None:
    found = requests(update(PatchOp("add", "/layers/llm/tools/-", {}), fields=(tools(["t0"], []),)))
    assert [request.purpose for request in found] == ["update", "detach"]


# --- kinds with a merging PATCH -----------------------------------------------------------------------------------


def merge(*patch: PatchOp, before: Any, **more: Any) -> Any:
    (request,) = requests(update(*patch, id="t1", address=TOOL, **more), before=before)
    assert (request.method, request.path, request.purpose) == ("PATCH", "/tools/t1", "update")
    return request.body


LIVE = {"name": "lookup", "description": "old", "parameters": {}, "on_call": "generate_filler", "tool_id": "t1"}


def api(**members: Any) -> Any:
    return {"delivery": {"api": {"url": "https://a.example", **members}}}


def test_a_merging_patch_holds_the_members_that_are_touched() -> None:
    assert merge(PatchOp("replace", "/description", "new"), before=LIVE) == {"description": "new"}
    body = merge(PatchOp("add", "/parameters/type", "object"), PatchOp("replace", "/on_call", "silent"), before=LIVE)
    assert body == {"parameters": {"type": "object"}, "on_call": "silent"}


def test_a_removed_member_is_null() -> None:
    assert merge(PatchOp("remove", "/static_filler"), before={**LIVE, "static_filler": "x"}) == {
        "static_filler": None
    }


@pytest.mark.parametrize("token", ["********", "shown in the clear"])
def test_an_object_that_is_replaced_whole_is_sent_whole_without_the_secrets_of_others(token: str) -> None:
    before = api(timeout=4, auth={"type": "bearer", "token": token})
    body = merge(PatchOp("replace", "/delivery/api/timeout", 5), before=before)
    assert body == api(timeout=5, auth={"type": "bearer"})


def test_a_secret_that_is_ours_travels_as_a_marker() -> None:
    before = api(auth={"type": "bearer", "token": "********"})
    body = merge(PatchOp("replace", "/delivery/api/auth/token", KEY), before=before)
    assert body == api(auth={"type": "bearer", "token": KEY})


def test_a_hidden_header_that_is_ours_is_sent_again() -> None:
    body = merge(
        PatchOp("add", "/delivery/api/timeout", 5),
        before=api(headers={"X-Key": "********", "X-Other": "********"}),
        managed={"/delivery/api/headers/X-Key": KEY, "/delivery/api/auth/token": KEY},
    )
    assert body == api(headers={"X-Key": KEY}, timeout=5)


@pytest.mark.parametrize("shown", ["the value itself", "********"])
def test_a_reference_at_a_place_that_no_table_knows_is_sent_again_beside_what_changes(shown: str) -> None:
    body = merge(
        PatchOp("add", "/delivery/api/query_params/b", "2"),
        before=api(query_params={"a": shown}),
        managed={"/delivery/api/query_params/a": KEY},
    )
    assert body == api(query_params={"a": KEY, "b": "2"})


def test_what_is_shown_is_not_what_is_sent() -> None:
    patch = PatchOp("replace", "/description", "plain")
    assert merge(patch, before=LIVE, after={"description": SENSITIVE}) == {"description": "plain"}


# --- delete -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "vocabulary", "line"),
    [
        (DESK, "pal", "DELETE /pals/x1 delete"),
        (DESK, "persona", "DELETE /personas/x1 delete"),
        (TOOL, "pal", "DELETE /tools/x1 delete"),
    ],
)
def test_a_delete(address: Address, vocabulary: str, line: str) -> None:
    assert lines(requests(change_of(address, Action.DELETE, id="x1"), vocabulary=vocabulary)) == [line]


def test_rendering_changes_nothing() -> None:
    after = {"pal_name": "Desk", "tools": ["t1"], "layers": {"stt": {"hotwords": None}}}
    managed = {"/guardrail_ids": [ResourceRef("guardrail.x")]}
    change = create(after, managed=managed)
    assert requests(change) == requests(change)
    assert after == {"pal_name": "Desk", "tools": ["t1"], "layers": {"stt": {"hotwords": None}}}
