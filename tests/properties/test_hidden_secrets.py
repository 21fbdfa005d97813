"""A secret at any place, known to a table or not, in front of a server that masks, nulls, drops or shows it."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.core.planning.plan_file import dump_plan
from reconciler.core.state.state_document import dump_state
from reconciler.engine.plan.make_plan import find_drift
from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.reporters.plan_json import report_object
from reconciler.types.change import Action, Direction
from reconciler.types.json import Json
from reconciler.types.manifest import Manifest
from reconciler.types.report import Report
from tests.support.lab import Lab, as_set
from tests.support.making import env, manifest

SHOWS = ("mask", "null", "absent", "clear")
PLACES = (
    ("layers", "llm", "api_key"),
    ("layers", "llm", "headers", "X-Unheard-Of"),
    ("layers", "llm", "extra_body", "token"),
    ("layers", "llm", "extra_body", "deep", "er", "token~/"),
    ("layers", "llm", "extra_body", "list", 1, "token"),
    ("layers", "llm", "extra_body", "list", 0),
    ("layers", "memory", "store", "password"),
    ("layers", "tts", "voice_settings", "vendor_key"),
    ("layers", "tts", "unheard_of"),
    ("vault", "key"),
)
GONE = object()
TEXTS = {"KEY": "sk-first-secret-value", "OTHER": "sk-second-secret-value"}


class Hiding(SimulatorTransport):
    """The simulated service with its own idea, per answer, of how to show what it was given as a secret."""

    show = "clear"

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if not answer.content.startswith((b"{", b"[")):
            return answer
        return httpx.Response(answer.status_code, json=self.veil(answer.json()))

    def veil(self, value: Json) -> Json:
        if isinstance(value, dict):
            shown = {key: self.veil(member) for key, member in value.items()}
            return {key: member for key, member in shown.items() if member is not GONE}
        if isinstance(value, list):
            return [item for item in map(self.veil, value) if item is not GONE]
        if value in TEXTS.values():
            return {"mask": "*" * 8, "null": None, "absent": GONE, "clear": value}[self.show]
        return value


def hiding(show: str) -> Lab:
    """A lab whose service keeps values as they are and hides them on the way out."""
    lab = Lab()
    lab.transport = Hiding(None, mood=replace(lab.transport.service.mood, secrets="echo", headers="echo"))
    lab.transport.show = show
    lab.client = httpx.Client(transport=lab.transport, base_url=lab.client.base_url, headers={"x-api-key": "other"})
    return lab


def desk(place: tuple[str | int, ...], value: Json) -> Manifest:
    """A persona with `value` at `place`, and something plain beside it in a list."""
    body: dict = {
        "pal_name": "Desk",
        "system_prompt": "You handle first notice of loss.",
        "default_face_id": "rfe12d8b9597",
        "layers": {
            "llm": {"model": "custom", "base_url": "https://llm.example.com/v1", "api_key": env("KEY")},
            "tts": {"tts_engine": "cartesia"},
        },
    }
    words = [token for token in place if isinstance(token, str)]
    if any(isinstance(token, int) for token in place):
        position = next(index for index, token in enumerate(place) if isinstance(token, int))
        items: list[Json] = ["first", "last"]
        inside = place[position + 1 :]
        items.insert(int(place[position]), {str(inside[0]): value, "plain": "beside"} if inside else value)
        words, value = words[:position], items
    here = body
    for word in words[:-1]:
        here = here.setdefault(word, {})
    here[words[-1]] = value
    return manifest("persona.desk", body)


def everything(lab: Lab, *plans) -> str:
    """Whatever a run writes down or shows."""
    shown = [dump_state(lab.state).decode()]
    for plan in plans:
        shown += [dump_plan(plan).decode(), json.dumps(report_object(Report("plan", plan=plan))), repr(plan)]
    return "\n".join([*shown, repr(lab.events)])


def assert_no_secret(text: str) -> None:
    for secret in TEXTS.values():
        assert secret not in text
        assert json.dumps(secret)[1:-1] not in text


quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

places, moods = st.sampled_from(PLACES), st.sampled_from(SHOWS)


def applied(place: tuple[str | int, ...], show: str) -> Lab:
    """An account to which a secret at `place` was applied without a failure."""
    lab = hiding(show)
    done = lab.apply(desk(place, env("KEY")))
    assert [(step.outcome, step.message) for step in done.steps] == [("done", None)]
    return lab


def what_was_seen_went(written, read):
    """Something was there, a mask or the value, and is not any more: its removal is drift."""
    return written in ("mask", "clear") and read in ("null", "absent")


@quick
@given(places, st.sampled_from(["mask", "clear"]), st.sampled_from(["null", "absent"]))
def test_a_secret_that_was_seen_and_went_is_drift(place, written, read):
    lab = applied(place, written)
    lab.transport.show = read
    plan = lab.plan(desk(place, env("KEY")))
    assert {field.direction for change in plan.differences for field in change.fields} == {Direction.LIVE}
    assert plan.drift
    assert_no_secret(everything(lab, plan))
    lab.transport.show = written
    assert lab.plan(desk(place, env("KEY"))).differences == ()


@quick
@given(places, moods, moods)
def test_a_plan_after_apply_is_empty_whatever_is_shown(place, written, read):
    assume(not what_was_seen_went(written, read))
    lab = applied(place, written)
    lab.transport.show = read
    again, count = lab.plan(desk(place, env("KEY"))), len(lab.writes())
    assert [change.fields for change in again.differences] == []
    assert again.drift == ()
    lab.apply(desk(place, env("KEY")))
    assert len(lab.writes()) == count
    assert_no_secret(everything(lab, again))


@quick
@given(places, moods, moods)
def test_drift_without_manifests_takes_a_hidden_secret_as_it_was(place, written, read):
    assume(not what_was_seen_went(written, read))
    lab = applied(place, written)
    if any(isinstance(token, int) for token in place):
        read = written  # a list is one leaf: state has no digest of the list beside the secret in it
    lab.transport.show = read
    found = find_drift(as_set(()), lab.state, lab.setting(reading=True))
    assert found.drift == ()
    assert_no_secret(everything(lab, found))


@quick
@given(places, moods, moods)
def test_a_rotation_is_a_change_of_git_and_is_written_once(place, written, read):
    assume(not what_was_seen_went(written, read))
    lab = applied(place, written)
    lab.transport.show = read
    wanted = desk(place, env("OTHER"))
    plan = lab.plan(wanted)
    assert [field.sensitive for change in plan.differences for field in change.fields] == [True]
    if not any(isinstance(token, int) for token in place):
        assert [field.direction for change in plan.differences for field in change.fields] == [Direction.GIT]
    done = lab.apply(wanted)
    assert [(step.outcome, step.message) for step in done.steps] == [("done", None)]
    after = lab.plan(wanted)
    assert after.differences == ()
    assert_no_secret(everything(lab, plan, after))
    lab.transport.show = "clear"
    assert TEXTS["OTHER"] in lab.client.get(f"/pals/{lab.id_of('persona.desk')}").text


@quick
@given(places, moods, st.sampled_from(["plain", "gone", "destroyed", "null"]))
def test_a_secret_that_leaves_the_manifest_is_not_shown_either(place, show, how):
    assume(how != "null" or "api_key" not in place)  # the API refuses a custom model without its key
    lab = applied(place, show)
    bare = desk(("layers", "llm", "model"), "custom")
    if how == "destroyed":
        plan = lab.plan(bare, destroy=True)
        assert [change.action for change in plan.differences] == [Action.DELETE]
    else:
        wanted = bare if how == "gone" else desk(place, "now plain" if how == "plain" else None)
        plan = lab.plan(wanted)
        if how == "plain":
            assert [field.path for change in plan.differences for field in change.fields] != []
        done = lab.apply(wanted)
        assert [(step.outcome, step.message) for step in done.steps] in ([("done", None)], [])
        assert lab.plan(wanted).differences == ()
    assert_no_secret(everything(lab, plan))


@quick
@given(places.filter(lambda place: 1 in place or 0 in place), moods)
def test_an_edit_beside_a_secret_in_a_list_is_drift(place, show):
    lab = applied(place, show)
    lab.transport.show = "clear"
    held = lab.client.get(f"/pals/{lab.id_of('persona.desk')}").json()["layers"]["llm"]["extra_body"]["list"]
    lab.edit(
        "persona.desk",
        {"op": "replace", "path": "/layers/llm/extra_body/list", "value": [*held[:-1], "edited"]},
        {"op": "replace", "path": "/layers/llm/api_key", "value": TEXTS["KEY"]},
    )
    lab.transport.show = show
    plan = lab.plan(desk(place, env("KEY")))
    assert [field.path for item in plan.drift for field in item.changes] == ["/layers/llm/extra_body/list"]
    assert_no_secret(everything(lab, plan))
