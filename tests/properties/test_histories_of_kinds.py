"""Whatever the manifests of a kind say one after the other, each apply gets there and the next plan is empty."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.faults import Mood
from tests.support.lab import Lab
from tests.support.making import manifest

WORDS = st.sampled_from(["alpha", "beta", "gamma"])
TEXTS = st.sampled_from(["one", "Two words.", "absent", "ümlaut", "null", " spaced ", "{{x}} ${y}"])
TAGS = st.lists(WORDS, max_size=3, unique=True)


def some(required, **optional):
    return st.fixed_dictionaries(required, optional=optional)


SCHEMAS = st.fixed_dictionaries(
    {
        "type": st.just("object"),
        "properties": st.dictionaries(WORDS, st.sampled_from([{"type": "string"}, {"type": "number"}]), max_size=2),
    }
)
RAIL = {
    "guardrail_prompt": TEXTS,
}
RAIL_MORE = {
    "modality": st.sampled_from(["verbal", "visual"]),
    "callback_url": st.sampled_from(["", "https://hooks.example.com/a"]),
    "tags": TAGS,
    "app_message": st.booleans(),
}
BODIES = {
    "tool": some(
        {"name": st.just("x"), "description": TEXTS},
        parameters=SCHEMAS,
        on_resolve=st.sampled_from(["generate_response", "add_to_context", "fire_and_forget"]),
        delivery=st.sampled_from(
            [
                {"app_message": True},
                {"api": {"url": "https://api.example.com/x"}},
                {"api": {"url": "https://api.example.com/x", "method": "GET", "timeout": 5}},
            ]
        ),
        tags=TAGS,
    ),
    "guardrail": some({"guardrail_name": st.just("x"), **RAIL}, **RAIL_MORE),
    "guardrail_set": some(
        {
            "name": st.just("x"),
            "data": st.lists(
                some({"guardrail_name": WORDS, **RAIL}, **RAIL_MORE),
                min_size=1,
                max_size=3,
                unique_by=lambda one: one["guardrail_name"],
            ),
        }
    ),
    "objectives": some(
        {
            "name": st.just("x"),
            "data": st.lists(
                some(
                    {"objective_name": WORDS, "objective_prompt": TEXTS},
                    confirmation_mode=st.sampled_from(["auto", "manual"]),
                    output_variables=TAGS,
                    modality=st.sampled_from(["verbal", "visual"]),
                ),
                min_size=1,
                max_size=1,
                unique_by=lambda one: one["objective_name"],
            ),
        }
    ),
    "document": some(
        {"document_name": st.just("x"), "document_url": st.just("https://docs.example.com/a.pdf")}, tags=TAGS
    ),
    "pronunciation_dictionary": some(
        {"name": st.just("x")},
        rules=st.lists(
            some(
                {
                    "text": WORDS,
                    "pronunciation": st.sampled_from(["a", "b"]),
                    "type": st.sampled_from(["alias", "ipa"]),
                },
                case_sensitive=st.booleans(),
                word_boundaries=st.booleans(),
            ),
            max_size=3,
            unique_by=lambda one: one["text"],
        ),
    ),
}
MOODS = [Mood(), Mood(items="summary"), Mood(defaults="hide"), Mood(list_key="resource", created=201)]
USER = manifest(
    "persona.other", {"pal_name": "Other", "system_prompt": "p", "default_face_id": "rfe12d8b9597"}
)  # an account that is not empty without the object under test


def failed(result):
    return [(str(step.address), step.message) for step in result.steps if step.outcome != "done"]


@pytest.mark.parametrize("kind", sorted(BODIES))
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_history_converges(kind, data):
    lab = Lab(data.draw(st.sampled_from(MOODS)))
    for body in data.draw(st.lists(BODIES[kind], min_size=1, max_size=3)):
        wanted = manifest(f"{kind}.x", body)
        assert failed(lab.apply(wanted, USER)) == []
        again = lab.plan(wanted, USER)
        assert [(str(change.address), change.fields) for change in again.differences] == []
        assert again.drift == ()
        count = len(lab.writes())
        lab.apply(wanted, USER)
        assert len(lab.writes()) == count, "nothing is sent twice"


@pytest.mark.parametrize("kind", sorted(BODIES))
@given(data=st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_going_back_to_an_older_manifest_is_going_back(kind, data):
    """What the account holds depends on the manifest that was applied, not on those before it."""
    first, second = data.draw(BODIES[kind]), data.draw(BODIES[kind])
    straight, detour = Lab(), Lab()
    straight.apply(manifest(f"{kind}.x", first), USER)
    for body in (first, second, first):
        assert failed(detour.apply(manifest(f"{kind}.x", body), USER)) == []
    ours = dict(straight.state.resources[USER.address.parse(f"{kind}.x")].sent)
    assert detour.state.resources[USER.address.parse(f"{kind}.x")].sent == ours


@pytest.mark.parametrize("kind", sorted(BODIES))
@given(data=st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_a_lost_state_costs_no_write(kind, data):
    """Without its state a project adopts what it made, and an apply sends nothing."""
    wanted = manifest(f"{kind}.x", data.draw(BODIES[kind]))
    lab = Lab(data.draw(st.sampled_from(MOODS)))
    lab.apply(wanted, USER)
    count = len(lab.writes())
    lab.state = Lab().state
    assert failed(lab.apply(wanted, USER)) == []
    assert len(lab.writes()) == count
    assert lab.plan(wanted, USER).differences == ()
