"""Retries, redirects and outcomes of single requests."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import AuthRefused, NotFound, OutcomeUnknown, ProviderError, Rejected, Unavailable
from reconciler.platforms.rate_limiter import RateLimiter
from reconciler.platforms.tavus.client.http_attempt import Call
from reconciler.platforms.tavus.client.retry_policy import RetryPolicy
from reconciler.platforms.tavus.client.tavus_client import LOOKS, Client
from reconciler.types.event import LimitMet, Notice

KEY = "tvs-5e7c-the-key"
OK = httpx.Response(200, json={"ok": True})
EMPTY = httpx.Response(204)
CREATED = httpx.Response(200, json={"pal_id": "p1"})
UNSENT = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("full"),
    httpx.ProxyError("407"),
]
LOST = [
    httpx.ReadTimeout("late"),
    httpx.WriteTimeout("late"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.CloseError("closed"),
    httpx.RemoteProtocolError("server disconnected"),
    httpx.DecodingError("bad gzip"),
    httpx.Response(200, content=b'{"pal_id": "p', headers={"content-type": "application/json"}),
    httpx.Response(200, content=b"\xff\xfe", headers={"content-type": "application/json"}),
    *(httpx.Response(status, text="oops") for status in (408, 500, 502, 503, 504, 520)),
]
WRITES = [
    Call("PATCH", "/pals/p1", body=[{"op": "replace", "path": "/greeting", "value": "x"}]),
    Call("PUT", "/pals/p1/skills", body={}),
    Call("DELETE", "/pals/p1"),
    Call("POST", "/pals/p1/tools", body={"tool_ids": ["t1"]}),
]
CREATE = Call("POST", "/pals", body={"pal_name": "x"}, create=True)


def name(value: Any) -> str:
    if isinstance(value, httpx.Response):
        return f"{value.status_code}-{len(value.content)}"
    return value.method if isinstance(value, Call) else type(value).__name__


def test_what_goes_on_the_wire(client: Any, script: Any) -> None:
    server = script([OK])
    client(server).write(Call("PATCH", "/pals/p1", {"force": "true"}, [{"op": "add", "path": "/x", "value": "ü"}]))
    (request,) = server.seen
    assert str(request.url) == "http://127.0.0.1:9/v2/pals/p1?force=true"
    assert request.headers["x-api-key"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("reconciler/")
    assert server.bodies == [[{"op": "add", "path": "/x", "value": "ü"}]]


def test_a_get_has_no_body_and_no_content_type(client: Any, script: Any) -> None:
    server = script([OK])
    assert client(server).read("/pals", {"page": "1"}) == {"ok": True}
    assert "content-type" not in server.seen[0].headers
    assert server.seen[0].content == b""


@pytest.mark.parametrize("failure", [*UNSENT, *LOST, httpx.Response(429)], ids=name)
def test_reading_is_tried_again(client: Any, script: Any, failure: Any) -> None:
    server = script([failure, failure, OK])
    assert client(server).read("/pals") == {"ok": True}
    assert len(server.seen) == 3


@pytest.mark.parametrize("call", WRITES, ids=name)
@pytest.mark.parametrize("failure", [*UNSENT, *LOST, httpx.Response(429)], ids=name)
def test_repeatable_writes_are_tried_again(client: Any, script: Any, call: Call, failure: Any) -> None:
    server = script([failure, OK])
    assert client(server).write(call).status == 200
    assert len(server.seen) == 2


@pytest.mark.parametrize("failure", LOST, ids=name)
def test_a_create_that_may_have_happened_is_sent_once(client: Any, script: Any, failure: Any) -> None:
    server = script([failure, CREATED])
    with pytest.raises(OutcomeUnknown) as caught:
        client(server).write(CREATE)
    assert len(server.seen) == 1
    assert "not known whether" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "failure", [*UNSENT, httpx.Response(429), httpx.Response(429, headers={"retry-after": "2"})], ids=name
)
def test_a_create_that_surely_did_not_happen_is_tried_again(client: Any, script: Any, failure: Any) -> None:
    server = script([failure, failure, CREATED])
    assert client(server).write(CREATE).body == {"pal_id": "p1"}
    assert len(server.seen) == 3


@pytest.mark.parametrize("failure", UNSENT, ids=name)
def test_a_create_that_never_got_through_is_no_open_outcome(client: Any, script: Any, failure: Any) -> None:
    with pytest.raises(Unavailable) as caught:
        client(script([failure])).write(CREATE)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_create_without_a_body_in_the_answer_is_an_open_outcome(client: Any, script: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        client(script([httpx.Response(200)])).write(CREATE)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Rejected), (401, AuthRefused), (404, NotFound), (409, Rejected), (422, Rejected), (501, Unavailable)],
)
def test_a_refusal_stands(client: Any, script: Any, status: int, kind: type[Exception]) -> None:
    for call in (CREATE, *WRITES):
        server = script([httpx.Response(status, json={"error": "no"}), OK])
        with pytest.raises(Rejected if (call, status) == (CREATE, 404) else kind):
            client(server).write(call)
        assert len(server.seen) == 1


def test_every_trouble_ends(client: Any, script: Any) -> None:
    policy = RetryPolicy()
    cases = [
        (UNSENT[0], policy.unsent),
        (httpx.ReadTimeout("late"), policy.timeout),
        (httpx.ReadError("reset"), policy.broken),
        (httpx.Response(503), policy.fault),
    ]
    for failure, attempts in cases:
        server = script([failure])
        with pytest.raises(Unavailable) as caught:
            client(server).read("/pals")
        assert len(server.seen) == attempts
        assert "GET /pals" in caught.value.message
        assert caught.value.hint


def test_a_429_is_given_up_when_nothing_at_all_passes_for_long(client: Any, script: Any, clock: Any) -> None:
    for seconds in (30.0, 600.0):
        before = clock.monotonic()
        with pytest.raises(Unavailable, match="nothing through") as caught:
            client(script([httpx.Response(429)]), policy=RetryPolicy(give_up_after=seconds)).read("/pals")
        assert "--give-up-after" in (caught.value.hint or "")
        assert seconds <= clock.monotonic() - before <= seconds + RetryPolicy().retry_after_cap


def test_a_429_is_not_given_up_while_others_succeed(client: Any, script: Any, clock: Any) -> None:
    pace = RateLimiter(clock)
    other = client(script([OK]), pace=pace)
    refusals = iter(range(100))

    def answer(request: httpx.Request) -> httpx.Response:
        if next(refusals, None) is None:
            return OK
        clock.seconds += 20
        other.read("/pals")
        return httpx.Response(429, headers={"retry-after": "5"})

    one = client(script([answer]), pace=pace, policy=RetryPolicy(give_up_after=30))
    assert one.write(Call("PATCH", "/documents/d1", body=[])).status == 200


def test_every_answer_frees_the_pace(client: Any, script: Any, clock: Any) -> None:
    """Whatever comes of a request, the next one may leave: nothing is counted as under way for ever."""
    kinds = [*UNSENT, *LOST, httpx.Response(429), httpx.Response(400), httpx.Response(404), EMPTY, OK]
    for answer in kinds:
        pace = RateLimiter(clock)
        one = client(script([answer]), pace=pace, policy=RetryPolicy(give_up_after=30))
        for call in (CREATE, *WRITES):
            with suppress(ProviderError):
                one.write(call)
        with suppress(ProviderError):
            one.write(Call("PATCH", "/pals/p1", gate=lambda failures: True))
        with pytest.raises(ZeroDivisionError):
            one.write(Call("PATCH", "/pals/p1", gate=lambda failures: 1 // 0 == 0))
        assert pace.under_way == 0


def test_an_answer_of_the_wrong_shape_is_asked_for_again(client: Any, script: Any) -> None:
    server = script([httpx.Response(200, json=[]), OK])
    assert client(server).read("/pals", accept=lambda document: document == {"ok": True}) == {"ok": True}
    server = script([httpx.Response(200, json=[])])
    with pytest.raises(Unavailable, match="shape"):
        client(server).read("/pals", accept=lambda document: False)
    assert len(server.seen) == RetryPolicy().odd


def test_304_is_an_answer(client: Any, script: Any) -> None:
    server = script([httpx.Response(304)])
    answer = client(server).write(WRITES[0])
    assert (answer.status, answer.body) == (304, None)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (EMPTY, None),
        (httpx.Response(200), None),
        (httpx.Response(200, json={"a": 1}), {"a": 1}),
        (httpx.Response(201, json=[1]), [1]),
        (httpx.Response(202, json="x"), "x"),
    ],
    ids=name,
)
def test_successes_of_a_patch(client: Any, script: Any, response: httpx.Response, body: Any) -> None:
    answer = client(script([response])).write(WRITES[0])
    assert (answer.status, answer.body) == (response.status_code, body)


@pytest.mark.parametrize("status", [204, 304])
def test_a_get_needs_an_answer_with_content(client: Any, script: Any, status: int) -> None:
    server = script([httpx.Response(status), OK])
    assert client(server).read("/pals") == {"ok": True}
    assert len(server.seen) == 2


def test_a_web_page_is_no_answer_to_a_get(client: Any, script: Any) -> None:
    with pytest.raises(Unavailable, match="text/html"):
        client(script([httpx.Response(200, html="<p>sign in</p>")])).read("/pals")


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(404),
        httpx.Response(400, json={"message": "Invalid persona_id"}),
        httpx.Response(410),
    ],
    ids=name,
)
def test_a_delete_whose_first_answer_was_lost_is_done(client: Any, script: Any, refusal: httpx.Response) -> None:
    for lost in (httpx.ReadTimeout("late"), httpx.Response(502)):
        server = script([lost, refusal])
        assert client(server).write(Call("DELETE", "/pals/p1")).status == 204


def test_a_detach_whose_first_answer_was_lost_is_done(client: Any, script: Any) -> None:
    refusal = httpx.Response(400, json={"error": "Bad Request. Tool not attached to this PAL"})
    server = script([httpx.ReadError("reset"), refusal])
    assert client(server).write(Call("DELETE", "/pals/p1/tools/t1")).status == 204


@pytest.mark.parametrize("harmless", [httpx.ConnectError("refused"), httpx.Response(429)], ids=name)
def test_a_delete_of_what_was_never_there_is_an_error(client: Any, script: Any, harmless: Any) -> None:
    server = script([harmless, httpx.Response(404)])
    with pytest.raises(NotFound):
        client(server).write(Call("DELETE", "/pals/p1"))


def test_a_delete_that_is_refused_for_another_reason_is_an_error(client: Any, script: Any) -> None:
    server = script([httpx.ReadError("reset"), httpx.Response(400, json={"error": "PAL is in use"})])
    with pytest.raises(Rejected, match="in use"):
        client(server).write(Call("DELETE", "/pals/p1"))


def test_a_lost_patch_that_landed_is_not_sent_again(client: Any, script: Any) -> None:
    server = script([httpx.ReadError("reset"), OK])
    call = Call("PATCH", "/pals/p1", body=[], landed=lambda: True)
    assert client(server).write(call).status == 200
    assert len(server.seen) == 1


def test_a_lost_patch_that_did_not_land_is_sent_again(client: Any, script: Any) -> None:
    asked: list[bool] = []

    def landed() -> bool:
        asked.append(True)
        return False

    server = script([httpx.ReadError("reset"), httpx.Response(429), httpx.ConnectError("no"), OK])
    client(server).write(Call("PATCH", "/pals/p1", body=[], landed=landed))
    assert len(server.seen) == 4
    assert len(asked) == LOOKS  # only the lost answer raises the question


def test_a_landed_patch_that_shows_late_is_not_sent_again(client: Any, script: Any, clock: Any) -> None:
    """A removal by place would remove the next item, too."""
    server = script([httpx.Response(500), OK])
    looks = iter([False, False, True])
    client(server).write(Call("PATCH", "/pals/p1", body=[], landed=lambda: next(looks)))
    assert server.lines == ["PATCH /v2/pals/p1"]
    assert len(clock.slept) == 3, "one wait before the first look, one between each two"


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refusal_of_what_an_earlier_attempt_did_is_success(client: Any, script: Any, status: int) -> None:
    server = script([httpx.Response(500), httpx.Response(status, json={"error": "member 'tools' not found"})])
    looks = iter([False, False, False, False, True])
    client(server).write(Call("PATCH", "/pals/p1", body=[], landed=lambda: next(looks)))
    assert server.lines == ["PATCH /v2/pals/p1"] * 2


def test_a_refusal_of_what_did_not_land_stands(client: Any, script: Any) -> None:
    server = script([httpx.Response(500), httpx.Response(422, json={"message": "Invalid JSON patch format"})])
    with pytest.raises(Rejected):
        client(server).write(Call("PATCH", "/pals/p1", body=[], landed=lambda: False))


def test_a_refusal_of_the_first_attempt_is_not_looked_into(client: Any, script: Any) -> None:
    """What is there already was then somebody else's doing."""
    server = script([httpx.Response(422, json={"message": "Invalid JSON patch format"})])
    with pytest.raises(Rejected):
        client(server).write(Call("PATCH", "/pals/p1", body=[], landed=lambda: pytest.fail("asked")))


def test_retry_after_is_honoured(client: Any, script: Any, clock: Any) -> None:
    server = script([httpx.Response(429, headers={"Retry-After": "7"}), OK])
    client(server, random=lambda: 0.0).read("/pals")
    assert clock.slept == [7.0]


def test_retry_after_as_a_date(client: Any, script: Any, clock: Any) -> None:
    headers = {"retry-after": "Sat, 21 Nov 2026 05:14:00 GMT", "date": "Sat, 21 Nov 2026 05:13:50 GMT"}
    client(script([httpx.Response(503, headers=headers), OK]), random=lambda: 0.0).read("/pals")
    assert clock.slept == [10.0]


def test_backoff_grows(client: Any, script: Any, clock: Any) -> None:
    client(script([httpx.Response(500)] * 4 + [OK]), random=lambda: 1.0).read("/pals")
    assert clock.slept == [0.5, 1.0, 2.0, 4.0]


def test_a_429_stops_every_request(client: Any, script: Any, clock: Any) -> None:
    server = script([httpx.Response(429, headers={"retry-after": "9"}), OK])
    one = client(server, random=lambda: 0.0)
    assert one.read("/pals") == {"ok": True}
    assert clock.monotonic() == 1009.0


def test_requests_per_second(client: Any, script: Any, clock: Any) -> None:
    one = client(script([OK]), pace=RateLimiter(clock, 2))
    for _ in range(3):
        one.read("/pals")
    assert clock.monotonic() == 1001.0


def test_the_rate_of_a_limit_is_told_once(client: Any, script: Any) -> None:
    told: list[Any] = []
    refused = httpx.Response(429, json={"error": "too many"}, headers={"retry-after": "2"})
    server = script([refused, OK, OK, refused, OK])
    one = client(server, emit=told.append)
    for _ in range(3):
        one.read("/pals")
    (event,) = told
    assert isinstance(event, LimitMet) and event.requests_per_second > 0


def test_a_retry_is_told(client: Any, script: Any) -> None:
    told: list[Any] = []
    client(script([httpx.Response(503, json={"error": "maintenance"}), OK]), emit=told.append).read("/pals")
    (notice,) = told
    assert isinstance(notice, Notice)
    assert "maintenance" in notice.message
    assert "trying again in" in notice.message


# --- redirects ----------------------------------------------------------------------------------------------------


def redirect(status: int, location: str) -> httpx.Response:
    return httpx.Response(status, headers={"location": location})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/v2/pals/", "http://127.0.0.1:9/v2/pals/?page=1", "pals/"])
def test_a_get_follows_within_the_service(client: Any, script: Any, status: int, location: str) -> None:
    server = script([redirect(status, location), OK])
    assert client(server).read("/pals") == {"ok": True}
    assert server.seen[1].url.path == "/v2/pals/"
    assert server.seen[1].headers["x-api-key"] == KEY


@pytest.mark.parametrize(
    "location",
    [
        "http://evil.example/v2/pals",
        "https://127.0.0.1:9/v2/pals",
        "http://127.0.0.1:10/v2/pals",
        "//evil.example/v2/pals",
        "http://127.0.0.1:9@evil.example/",
        "http://user@127.0.0.1:9/v2/pals",
        "ftp://127.0.0.1:9/",
        "http://[broken",
        "",
    ],
)
@pytest.mark.parametrize("call", [Call("GET", "/pals"), CREATE, *WRITES], ids=name)
def test_the_key_goes_nowhere_else(client: Any, script: Any, location: str, call: Call) -> None:
    server = script([redirect(307, location), OK])
    with pytest.raises(Rejected) as caught:
        client(server).write(call)
    assert len(server.seen) == 1
    assert KEY not in caught.value.message
    assert "base_url" in (caught.value.hint or "")


def test_the_key_in_a_redirect_is_not_repeated(client: Any, script: Any) -> None:
    with pytest.raises(Rejected) as caught:
        client(script([redirect(302, f"https://{KEY}.evil.example/")])).read("/pals")
    assert KEY not in caught.value.message


@pytest.mark.parametrize("status", [307, 308])
def test_a_write_follows_where_the_method_is_kept(client: Any, script: Any, status: int) -> None:
    for call in (CREATE, *WRITES):
        server = script([redirect(status, "/v2/elsewhere"), CREATED])
        assert client(server).write(call).status == 200
        assert [request.method for request in server.seen] == [call.method] * 2
        assert server.bodies[0] == server.bodies[1]


@pytest.mark.parametrize("status", [301, 302])
def test_a_write_follows_to_the_other_spelling_of_the_slash(client: Any, script: Any, status: int) -> None:
    server = script([redirect(status, "/v2/pals/"), CREATED])
    assert client(server).write(CREATE).body == {"pal_id": "p1"}
    assert server.lines == ["POST /v2/pals", "POST /v2/pals/"]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_write_does_not_follow_elsewhere(client: Any, script: Any, status: int) -> None:
    server = script([redirect(status, "/v2/login"), OK])
    with pytest.raises(Rejected, match="/v2/login"):
        client(server).write(WRITES[0])
    assert len(server.seen) == 1


def test_the_key_in_the_path_of_a_redirect_is_not_repeated(client: Any, script: Any) -> None:
    for call in (CREATE, WRITES[0]):
        with pytest.raises(ProviderError) as caught:
            client(script([redirect(302, f"/login/{KEY}")])).write(call)
        assert KEY not in caught.value.message


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_create_that_was_sent_elsewhere_is_an_open_outcome(client: Any, script: Any, status: int) -> None:
    server = script([redirect(status, "/v2/pals/p1"), OK])
    with pytest.raises(OutcomeUnknown):
        client(server).write(CREATE)
    assert len(server.seen) == 1


def test_redirects_in_a_circle_end(client: Any, script: Any) -> None:
    server = script([redirect(307, "/v2/pals")])
    with pytest.raises(ProviderError, match="more than 3 redirects"):
        client(server).read("/pals")
    assert len(server.seen) == 4


def test_the_query_travels_with_a_change_of_the_slash(client: Any, script: Any) -> None:
    server = script([redirect(301, "/v2/pals/"), OK])
    client(server).read("/pals", {"limit": "100", "page": "2"})
    assert server.lines == ["GET /v2/pals?limit=100&page=2", "GET /v2/pals/?limit=100&page=2"]


def test_the_query_of_a_redirect_is_its_own(client: Any, script: Any) -> None:
    server = script([redirect(302, "/v2/pals?cursor=x"), redirect(302, "/v2/other"), OK])
    client(server).read("/pals", {"page": "2"})
    assert server.lines[1:] == ["GET /v2/pals?cursor=x", "GET /v2/other"]


# --- paths and secrets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["pals", "@evil.example/", "/../../admin", "/pals/../../x", "", "http://evil.example/"]
)
def test_a_path_cannot_leave_the_service(client: Any, script: Any, path: str) -> None:
    server = script([OK])
    with pytest.raises(Rejected, match="leaves"):
        client(server).read(path)
    assert server.seen == []


def test_numbers_that_json_does_not_know(client: Any, script: Any) -> None:
    server = script([OK])
    with pytest.raises(Rejected):
        client(server).write(Call("PATCH", "/pals/p1", body=[{"op": "add", "path": "/x", "value": float("nan")}]))
    assert server.seen == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
def test_what_the_server_repeats_is_not_shown(client: Any, script: Any, status: int) -> None:
    text = f"key {KEY} is wrong"
    call = Call("PATCH", "/pals/p1", body=[])
    with pytest.raises(ProviderError) as caught:
        client(script([httpx.Response(status, json={"error": text})])).write(call)
    assert KEY not in caught.value.message + str(caught.value.hint)
    assert "(sensitive)" in caught.value.message


def test_what_the_library_repeats_is_not_shown(client: Any, script: Any) -> None:
    with pytest.raises(Unavailable) as caught:
        client(script([httpx.ReadError(f"header x-api-key: {KEY}")])).read("/pals")
    assert KEY not in caught.value.message


def test_a_certificate_that_is_wrong_is_not_tried_again(client: Any, script: Any) -> None:
    server = script([httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")])
    with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
        client(server).read("/pals")
    assert len(server.seen) == 1


def test_an_answer_that_trickles_in_has_an_end(client: Any, clock: Any) -> None:
    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            while True:
                clock.seconds += 29
                yield b" "

    attempts: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        attempts.append(1)
        return httpx.Response(200, stream=Trickle())

    with pytest.raises(Unavailable, match="not complete after"):
        client(handler).read("/pals")
    assert len(attempts) == RetryPolicy().timeout


FAILURES = st.lists(st.sampled_from([*UNSENT, *LOST, httpx.Response(429)]), max_size=3)


@given(FAILURES)
def test_a_create_happens_at_most_once(failures: list[Any]) -> None:
    """Whatever goes wrong: no second request once one may have been carried out."""
    from reconciler.platforms.tavus.client.error_mapping import read_document

    class Quiet:
        def now(self) -> str:
            return "2026-11-21T05:13:47Z"

        def monotonic(self) -> float:
            return self.seconds

        def sleep(self, seconds: float) -> None:
            self.seconds += seconds

        seconds = 0.0

    carried_out = 0
    queue = list(failures)

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal carried_out
        failure = queue.pop(0) if queue else CREATED
        harmless = failure in UNSENT or (isinstance(failure, httpx.Response) and failure.status_code == 429)
        carried_out += not harmless
        if isinstance(failure, Exception):
            raise failure
        return httpx.Response(failure.status_code, headers=failure.headers, content=failure.content)

    client = Client(
        api_key=KEY,
        base_url="http://127.0.0.1:9/v2",
        transport=httpx.MockTransport(handler),
        clock=Quiet(),
        random=lambda: 0.5,
    )
    try:
        answer = client.write(CREATE)
    except OutcomeUnknown:
        assert carried_out == 1
    except Unavailable:
        assert carried_out == 0
    else:
        assert carried_out == 1
        assert answer.body == read_document(CREATED.content)
