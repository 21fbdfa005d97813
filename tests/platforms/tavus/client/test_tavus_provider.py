"""The provider port over canned answers: lists, objects, writes, and what it does not let through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.errors import (
    AuthRefused,
    IncompleteList,
    MakerConflict,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
    UsageError,
    WriteRefused,
)
from reconciler.platforms.tavus.client.tavus_client import LOOKS
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Request
from reconciler.types.event import Reading
from reconciler.types.ports import Answer

KEY = "tvs-5e7c-the-key"
DESK = Address("persona", "claims-desk")
TOOL = Address("tool", "lookup")
UNKNOWN = httpx.Response(400, json={"message": "Invalid persona_id"})


def ok(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def paged(items: list[dict[str, Any]], **extra: Any) -> Callable[[httpx.Request], httpx.Response]:
    """A list endpoint that keeps to the documentation."""

    def answer(request: httpx.Request) -> httpx.Response:
        limit, page = int(request.url.params["limit"]), int(request.url.params["page"])
        return ok({"data": items[(page - 1) * limit : page * limit], "total_count": len(items), **extra})

    return answer


# --- list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "vocabulary", "line"),
    [
        ("persona", "pal", "GET /v2/pals?pal_type=user&limit=100&page=1"),
        ("persona", "persona", "GET /v2/personas?persona_type=user&limit=100&page=1"),
        ("tool", "pal", "GET /v2/tools?type=user&limit=100&page=1"),
    ],
)
def test_what_a_list_asks(provider: Any, script: Any, kind: str, vocabulary: str, line: str) -> None:
    server = script([ok({"data": [], "total_count": 0})])
    listing = provider(server, vocabulary=vocabulary).list(kind)
    assert server.lines == [line]
    assert listing.kind == kind
    assert listing.objects == {}


def test_a_list_of_many_pages(provider: Any, script: Any) -> None:
    items = [{"pal_id": f"p{number}", "pal_name": f"n{number}"} for number in range(450)]
    server = script([paged(items)])
    told: list[Any] = []
    listing = provider(server, emit=told.append).list("persona")
    assert list(listing.objects) == [item["pal_id"] for item in items]
    assert len(server.seen) == 5
    assert told[-1] == Reading("persona", 450, 450)
    assert [event.done for event in told] == sorted(event.done for event in told)


def test_a_list_item_becomes_a_live_object(provider: Any, script: Any, clock: Any) -> None:
    item = {"persona_id": "p1", "persona_name": "Desk", "layers": None, "tool_ids": ["t2", "t1"], "new": {"x": 1}}
    live = provider(script([paged([item])])).list("persona").objects["p1"]
    assert (*live.key, live.name) == ("persona", "p1", "Desk")
    assert live.body == item
    assert live.tools == ("t1", "t2")
    assert not live.detailed
    assert live.read_at == clock.monotonic()


@pytest.mark.parametrize(("extra", "tools"), [({}, None), ({"tool_ids": None}, ()), ({"tool_ids": []}, ())])
def test_tools_are_known_only_where_the_item_shows_them(provider: Any, script: Any, extra: Any, tools: Any) -> None:
    live = provider(script([paged([{"pal_id": "p1", **extra}])])).list("persona").objects["p1"]
    assert live.tools == tools


def test_a_tool_has_no_tools(provider: Any, script: Any) -> None:
    live = provider(script([paged([{"tool_id": "t1", "name": "n", "tool_ids": ["x"]}])])).list("tool").objects["t1"]
    assert live.tools is None


def test_the_vendors_objects_are_left_out(provider: Any, script: Any) -> None:
    items = [{"pal_id": "p1", "pal_type": "user"}, {"pal_id": "p2", "pal_type": "system"}, {"pal_id": "p3"}]
    assert list(provider(script([paged(items)])).list("persona").objects) == ["p1", "p3"]
    tools = [{"tool_id": "end_call", "is_system_tool": True}, {"tool_id": "t1", "is_system_tool": False}]
    assert list(provider(script([paged(tools)])).list("tool").objects) == ["t1"]


@pytest.mark.parametrize(
    "body", [[{"pal_id": "p1"}], {"data": [{"uuid": "p1"}]}, {"pals": [{"id": "p1"}], "total": 1}]
)
def test_lists_of_other_shapes(provider: Any, body: Any) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return ok(body if request.url.params["page"] == "1" else [])

    assert list(provider(handler).list("persona").objects) == ["p1"]


@pytest.mark.parametrize("body", [{"error": "no"}, "text", {"data": {}}, 7])
def test_what_is_no_list_is_an_error(provider: Any, script: Any, body: Any) -> None:
    with pytest.raises(Unavailable, match="shape"):
        provider(script([ok(body)])).list("persona")


def test_an_odd_answer_that_was_a_fault(provider: Any, script: Any) -> None:
    server = script([ok({}), ok({"data": [{"pal_id": "p1"}], "total_count": 1})])
    assert list(provider(server).list("persona").objects) == ["p1"]
    server = script([ok({"error": "internal"}), ok([]), ok({"pal_id": "p1"})])
    assert provider(server).get("persona", "p1").id == "p1"


def test_a_list_that_never_becomes_complete(provider: Any, script: Any) -> None:
    with pytest.raises(IncompleteList, match="persona"):
        provider(script([ok({"data": [{"pal_id": "p1"}], "total_count": 3})])).list("persona")


def test_a_key_that_is_refused(provider: Any, script: Any) -> None:
    server = script([httpx.Response(401, json={"message": "Invalid access token"})])
    with pytest.raises(AuthRefused, match="Invalid access token"):
        provider(server).list("persona")
    assert len(server.seen) == 1


def test_the_owner_is_noted_where_it_shows(provider: Any, script: Any) -> None:
    one = provider(script([paged([{"tool_id": "t0", "owner_id": None}, {"tool_id": "t1", "owner_id": "u1"}])]))
    assert one.account().owner is None
    one.list("tool")
    assert one.account().owner == "u1"


def test_owners_that_differ_identify_nothing(provider: Any, script: Any) -> None:
    one = provider(script([paged([{"tool_id": "t0", "owner_id": "u2"}, {"tool_id": "t1", "owner_id": "u1"}])]))
    one.list("tool")
    assert one.account().owner is None


def test_the_owner_of_the_vendors_objects_is_not_ours(provider: Any, script: Any) -> None:
    one = provider(script([paged([{"tool_id": "t0", "owner_id": "vendor", "is_system_tool": True}])]))
    one.list("tool")
    assert one.account().owner is None


def test_an_unknown_kind(provider: Any, script: Any) -> None:
    with pytest.raises(UsageError):
        provider(script([ok([])])).list("persnoa")


# --- get ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{"pal_id": "p1"}, {"data": {"pal_id": "p1"}}, {"data": [{"pal_id": "p1"}]}])
def test_one_object(provider: Any, script: Any, body: Any) -> None:
    server = script([ok(body)])
    live = provider(server).get("persona", "p1")
    assert server.lines == ["GET /v2/pals/p1?include_settings=true"]
    assert live.id == "p1"
    assert live.detailed
    assert live.body == {"pal_id": "p1"}


@pytest.mark.parametrize(
    "answer",
    [
        UNKNOWN,
        httpx.Response(400, json={"error": "Invalid pal_id"}),
        httpx.Response(404),
        httpx.Response(404, json={"message": "not found"}),
        httpx.Response(410),
        ok({"data": []}),
        httpx.Response(400, json={"error": "Bad Request"}),
    ],
)
def test_an_object_that_is_not_there(provider: Any, script: Any, answer: httpx.Response) -> None:
    assert provider(script([answer])).get("persona", "p1") is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(422, json={"error": "unknown parameter include_settings"}), Rejected),
        (httpx.Response(409, json={"error": "busy"}), Rejected),
        (httpx.Response(403), AuthRefused),
        (httpx.Response(503), Unavailable),
        (ok({"pal_id": "p2"}), Unavailable),
        (ok({"error": "x"}), Unavailable),
        (ok("x"), Unavailable),
        (ok([]), Unavailable),
    ],
)
def test_what_does_not_prove_that_it_is_gone(provider: Any, script: Any, answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        provider(script([answer])).get("persona", "p1")
    assert not isinstance(caught.value, NotFound)


def test_a_server_that_does_not_know_the_query(provider: Any, script: Any) -> None:
    server = script([httpx.Response(400, json={"error": "Unexpected query parameter"}), ok({"pal_id": "p1"})])
    assert provider(server).get("persona", "p1").id == "p1"
    assert server.lines == ["GET /v2/pals/p1?include_settings=true", "GET /v2/pals/p1"]


def test_an_empty_id_is_nobody(provider: Any, script: Any) -> None:
    server = script([ok({"data": []})])
    assert provider(server).get("persona", "") is None
    assert server.seen == []


@pytest.mark.parametrize("id", [".", ".."])
def test_an_id_that_is_a_way_up_goes_nowhere(provider: Any, script: Any, id: str) -> None:
    server = script([ok({"data": []})])
    with pytest.raises(Rejected):
        provider(server).get("persona", id)
    assert server.seen == []


def test_a_wrong_base_url_is_said(provider: Any, script: Any) -> None:
    with pytest.raises(Rejected) as caught:
        provider(script([httpx.Response(404, text="<html><title>Not Found</title></html>")])).list("persona")
    assert not isinstance(caught.value, NotFound)
    assert "base_url" in (caught.value.hint or "")


def test_an_object_that_does_not_repeat_its_id(provider: Any, script: Any) -> None:
    live = provider(script([ok({"pal_name": "Desk", "layers": {}})])).get("persona", "p1")
    assert (live.id, live.name) == ("p1", "Desk")


def test_an_id_stays_in_its_place(provider: Any, script: Any) -> None:
    server = script([UNKNOWN])
    provider(server).get("persona", "../tools/t1?x=1#y")
    assert server.lines == ["GET /v2/pals/..%2Ftools%2Ft1%3Fx%3D1%23y?include_settings=true"]


# --- attached tools -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "tools"),
    [
        ({"data": [{"tool_id": "t2"}, {"tool_id": "t1"}]}, ("t1", "t2")),
        ({"data": []}, ()),
        ([{"tool_id": "t1"}], ("t1",)),
        ({"tools": [{"id": "t1"}]}, ("t1",)),
        ({"data": ["t2", "t1"]}, ("t1", "t2")),
        ({"data": [{"tool_id": "end_call", "is_system_tool": True}, {"tool_id": "t1"}]}, ("t1",)),
        ({"data": [{"tool_id": "t1"}], "total_count": 1}, ("t1",)),
    ],
)
def test_attached_tools(provider: Any, script: Any, body: Any, tools: Any) -> None:
    server = script([ok(body)])
    assert provider(server).attached_tools("p1") == tools
    assert server.lines == ["GET /v2/pals/p1/tools"]


def test_attached_tools_on_several_pages(provider: Any, script: Any) -> None:
    items = [{"tool_id": f"t{number:02}"} for number in range(30)]

    def handler(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("page", 1))
        return ok({"data": items[(page - 1) * 10 : page * 10], "total_count": 30})

    assert provider(handler).attached_tools("p1") == tuple(item["tool_id"] for item in items)


def test_attached_tools_of_nobody(provider: Any, script: Any) -> None:
    with pytest.raises(NotFound):
        provider(script([UNKNOWN])).attached_tools("p1")


def test_attached_tools_without_ids(provider: Any, script: Any) -> None:
    with pytest.raises(Unavailable, match="no id"):
        provider(script([ok({"data": [{"name": "x"}]})])).attached_tools("p1")


# --- send ---------------------------------------------------------------------------------------------------------


def patch(*operations: Any) -> Request:
    return Request("PATCH", "/pals/p1", DESK, list(operations))


REPLACE = {"op": "replace", "path": "/greeting", "value": "hi"}
REMOVE = {"op": "remove", "path": "/context"}
APPEND = {"op": "add", "path": "/guardrail_ids/-", "value": "g1"}


def test_a_request_goes_out_as_it_is(provider: Any, script: Any) -> None:
    server = script([ok({"pal_id": "p1"})])
    answer = provider(server).send(patch(REPLACE))
    assert answer == Answer(200, {"pal_id": "p1"})
    assert server.lines == ["PATCH /v2/pals/p1"]
    assert server.bodies == [[REPLACE]]


def test_force_is_asked_for_only_where_it_is_wanted(provider: Any, script: Any) -> None:
    server = script([ok({"pal_id": "p1"})])
    one = provider(server)
    one.send(patch(REPLACE), force=True)
    one.send(Request("POST", "/pals/p1/tools", DESK, {"tool_ids": ["t1"]}, "attach"), force=True)
    one.send(Request("PATCH", "/tools/t1", TOOL, {"description": "x"}), force=True)
    assert server.lines == ["PATCH /v2/pals/p1?force=true", "POST /v2/pals/p1/tools", "PATCH /v2/tools/t1"]


def test_a_person_is_editing(provider: Any, script: Any) -> None:
    server = script([httpx.Response(409, json={"conflict": "maker_changes", "error": "Unpublished changes"})])
    with pytest.raises(MakerConflict):
        provider(server).send(patch(REPLACE))
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", "/pals", DESK, {"pal_name": "x"}, "create"),
        Request("POST", "/pals/", DESK, {"pal_name": "x"}, "update"),
        Request("POST", "/tools", TOOL, {"name": "x"}, "attach"),
    ],
)
def test_a_post_to_a_collection_is_a_create_whatever_it_is_called(
    provider: Any, script: Any, request_: Request
) -> None:
    server = script([httpx.ReadError("reset"), ok({"pal_id": "p1", "tool_id": "p1"})])
    with pytest.raises(OutcomeUnknown):
        provider(server).send(request_)
    assert len(server.seen) == 1


def test_attaching_is_repeated(provider: Any, script: Any) -> None:
    server = script([httpx.ReadError("reset"), ok({"data": []})])
    assert (
        provider(server).send(Request("POST", "/pals/p1/tools", DESK, {"tool_ids": ["t1"]}, "attach")).status == 200
    )
    assert len(server.seen) == 2


@pytest.mark.parametrize("body", [{}, [], {"error": "x"}, "created", {"data": []}])
def test_a_create_without_an_id_is_an_open_outcome(provider: Any, script: Any, body: Any) -> None:
    server = script([ok(body)])
    with pytest.raises(OutcomeUnknown, match="without an id"):
        provider(server).send(Request("POST", "/pals", DESK, {}, "create"))
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [204, 304])
def test_a_create_without_content_is_an_open_outcome(provider: Any, script: Any, status: int) -> None:
    with pytest.raises(OutcomeUnknown):
        provider(script([httpx.Response(status)])).send(Request("POST", "/pals", DESK, {}, "create"))


@pytest.mark.parametrize(
    ("kind", "body", "id"),
    [
        ("persona", {"pal_id": "p1"}, "p1"),
        ("persona", {"persona_id": "p1", "persona_name": "x"}, "p1"),
        ("persona", {"data": {"uuid": "p1"}}, "p1"),
        ("persona", {"data": [{"pal_id": "p1"}]}, "p1"),
        ("tool", {"tool_id": "t1", "owner_id": "u"}, "t1"),
        ("tool", {"message": "created"}, None),
        ("tool", None, None),
    ],
)
def test_the_id_of_what_was_created(provider: Any, script: Any, kind: str, body: Any, id: str | None) -> None:
    assert provider(script([ok({})])).created_id(kind, Answer(200, body)) == id


@pytest.mark.parametrize(
    "request_",
    [
        Request("PATCH", "/pals/{persona.x}", DESK, [REPLACE]),
        Request("PATCH", "/pals/%7Bpersona.x%7D", DESK, [REPLACE]),
        Request("DELETE", "/pals/p1/tools/{tool.x}", DESK),
        Request("PATCH", "/pals/p1", DESK, [{"op": "add", "path": "/a", "value": SecretRef("env", "X")}]),
        Request("POST", "/pals", DESK, {"layers": {"llm": {"api_key": SecretRef("env", "X")}}}, "create"),
    ],
)
def test_placeholders_never_go_out(provider: Any, script: Any, request_: Request) -> None:
    server = script([ok({"pal_id": "p1"})])
    with pytest.raises(Rejected, match="placeholder"):
        provider(server).send(request_)
    assert server.seen == []


def test_a_schema_may_hold_what_looks_like_a_reference(provider: Any, script: Any) -> None:
    body = {"name": "x", "parameters": {"properties": {"a": {"$ref": "#/$defs/a"}}}}
    server = script([ok({"tool_id": "t1"})])
    provider(server).send(Request("POST", "/tools", TOOL, body, "create"))
    assert server.bodies == [body]


def test_secrets_of_the_body_are_not_repeated(provider: Any, script: Any) -> None:
    body = {"layers": {"llm": {"api_key": "sk-live-5150"}}}
    server = script([httpx.Response(400, json={"error": "key sk-live-5150 does not work"})])
    with pytest.raises(Rejected) as caught:
        provider(server).send(Request("POST", "/pals", DESK, body, "create"))
    assert "sk-live-5150" not in caught.value.message


def test_a_reading_provider_refuses_to_write(provider: Any, script: Any) -> None:
    server = script([ok({"data": [], "total_count": 0})])
    one = provider(server, reading=True)
    one.list("persona")
    for request in (patch(REPLACE), patch(REMOVE), Request("POST", "/pals", DESK, {}, "create")):
        with pytest.raises(WriteRefused):
            one.send(request)
    assert [line.split()[0] for line in server.lines] == ["GET"]


# --- a lost answer to a patch that must not be sent twice ----------------------------------------------------------


def test_a_removal_that_landed_is_not_repeated(provider: Any, script: Any) -> None:
    server = script([httpx.ReadError("reset"), ok({"pal_id": "p1"}), Exception("nothing more")])
    assert provider(server).send(patch(REMOVE)).status == 200
    assert [line.split()[0] for line in server.lines] == ["PATCH", "GET"]


def test_a_removal_that_did_not_land_is_repeated(provider: Any, script: Any) -> None:
    still_there = ok({"pal_id": "p1", "context": "old"})
    server = script([httpx.ReadError("reset"), *[still_there] * LOOKS, httpx.Response(200)])
    assert provider(server).send(patch(REMOVE)).status == 200
    assert [line.split()[0] for line in server.lines] == ["PATCH", *["GET"] * LOOKS, "PATCH"]


def test_a_removal_that_landed_and_shows_late_is_not_repeated(provider: Any, script: Any) -> None:
    stale, fresh = ok({"pal_id": "p1", "context": "old"}), ok({"pal_id": "p1"})
    server = script([httpx.ReadError("reset"), stale, fresh, Exception("nothing more")])
    assert provider(server).send(patch(REMOVE)).status == 200
    assert [line.split()[0] for line in server.lines] == ["PATCH", "GET", "GET"]


class Guardrails:
    """A persona whose guardrails grow by one with each PATCH; answers may be lost after or before that.

    After a PATCH the first `lag` reads still show the object as it was.
    """

    def __init__(self, losses: list[str], lag: int = 0) -> None:
        self.ids = ["g0"]
        self.losses = losses
        self.lag = lag
        self.stale: list[list[str]] = []
        self.lines: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.lines.append(request.method)
        if request.method == "GET":
            ids = self.stale.pop() if self.stale else self.ids
            return ok({"pal_id": "p1", "guardrail_ids": ids, "updated_at": str(len(self.lines))})
        loss = self.losses.pop(0) if self.losses else "none"
        if loss != "before":
            self.stale = [self.ids] * self.lag
            self.ids = [*self.ids, "g1"]
        if loss != "none":
            raise httpx.ReadTimeout("late")
        return ok({"pal_id": "p1"})


@pytest.mark.parametrize("losses", [[], ["after"], ["before"], ["before", "after"], ["before", "before"]])
def test_an_item_is_appended_exactly_once(provider: Any, losses: list[str]) -> None:
    server = Guardrails(list(losses))
    provider(server).send(patch(APPEND))
    assert server.ids == ["g0", "g1"]
    assert server.lines[0] == "GET"


@pytest.mark.parametrize("lag", range(1, LOOKS))
@pytest.mark.parametrize("losses", [["after"], ["before", "after"]])
def test_an_item_is_appended_exactly_once_though_reads_lag(provider: Any, losses: list[str], lag: int) -> None:
    server = Guardrails(list(losses), lag)
    provider(server).send(patch(APPEND))
    assert server.ids == ["g0", "g1"]


def test_an_ordinary_patch_needs_no_look(provider: Any, script: Any) -> None:
    server = script([httpx.ReadError("reset"), ok({})])
    provider(server).send(patch(REPLACE))
    assert [line.split()[0] for line in server.lines] == ["PATCH", "PATCH"]


# --- the key ------------------------------------------------------------------------------------------------------


def test_the_key_leaves_only_as_a_digest(provider: Any, script: Any) -> None:
    one = provider(script([ok({})]))
    assert one.fingerprint(lambda key: f"{len(key)}:{key[:3]}") == f"{len(KEY)}:tvs"
    assert KEY not in repr(one)
    assert KEY not in str(one.account())


def test_an_address_that_would_show_the_key(provider: Any, script: Any) -> None:
    with pytest.raises(UsageError, match="in clear"):
        provider(script([ok({})]), base_url="http://tavusapi.com/v2")


def test_closing_ends_the_connections(provider: Any, script: Any) -> None:
    one = provider(script([ok({})]))
    one.close()
    with pytest.raises(Unavailable, match="closed"):
        one.get("persona", "p1")
