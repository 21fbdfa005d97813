"""Whatever the vendor and people do in turn: nothing is fought over, and a plan after an apply is empty."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.engine.plan.make_plan import find_drift
from reconciler.types.catalogue import Status
from tests.support.lab import Lab, as_set
from tests.support.making import manifest

CATALOGUE = load_catalogue()
MODELS = sorted(CATALOGUE.tables["llm"])
REMOVED = [one for one in MODELS if CATALOGUE.status(one) is Status.REMOVED]
TEXTS = st.sampled_from(["You are a coach.", "You sell boats.", "Be brief."])
CONTEXTS = st.sampled_from(["", "The year is 2026.", "Be brief."])
BODIES = st.fixed_dictionaries({"prompt": TEXTS, "context": CONTEXTS, "model": st.sampled_from(MODELS)})
VENDOR = st.sampled_from(["models", "context", "both", "nothing"])
STEPS = st.lists(st.tuples(BODIES, VENDOR), min_size=1, max_size=5)


def persona(body: dict[str, str]):
    spec = {
        "pal_name": "A",
        "system_prompt": body["prompt"],
        "default_face_id": "rfe12d8b9597",
        "layers": {"llm": {"model": body["model"]}},
    }
    return manifest("persona.a", spec | ({"context": body["context"]} if body["context"] else {}))


def vendor_moves(lab: Lab, what: str) -> None:
    """The platform's own migrations, as they are documented: each leaves an object that it has nothing to do on."""
    shown = lab.client.get(f"/pals/{lab.id_of('persona.a')}").json()
    ops = []
    model = shown.get("layers", {}).get("llm", {}).get("model")
    after = CATALOGUE.successor(model) if model else None
    if what in ("models", "both") and after is not None and after.id and CATALOGUE.status(model).is_outdated:
        ops.append({"op": "add", "path": "/layers/llm/model", "value": after.id})
    if what in ("context", "both") and shown.get("context"):
        ops.append(
            {"op": "add", "path": "/system_prompt", "value": f"{shown['system_prompt']}\n\n{shown['context']}"}
        )
        ops.append({"op": "add", "path": "/context", "value": ""})
    if ops:
        lab.edit("persona.a", *ops)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_no_sequence_of_edits_and_vendor_moves_ping_pongs(steps):
    lab = Lab()
    for body, what in steps:
        wanted = persona(body)
        assert all(step.outcome == "done" for step in lab.apply(wanted).steps)
        assert lab.plan(wanted).differences == (), "a plan after an apply is empty"
        vendor_moves(lab, what)
        writes = len(lab.writes())
        assert lab.apply(wanted).count("failed") == 0
        assert len(lab.writes()) == writes, "what the vendor did is not written over"
        settled = lab.plan(wanted)
        assert (settled.differences, settled.drift) == ((), ())
        assert find_drift(as_set([]), lab.state, lab.setting(reading=True)).drift == ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(["tavus-pal-maker-gemma-4", "tavus-llama"], "context")
@given(st.lists(st.sampled_from(MODELS), min_size=2, max_size=6), VENDOR)
def test_a_removed_model_is_never_put_back(models, what):
    """Whatever the manifest says in turn, once the object runs on something else."""
    lab = Lab()
    lab.apply(persona({"prompt": "x", "context": "", "model": "tavus-gpt-oss"}))
    before = len(lab.writes())
    for model in models:
        lab.apply(persona({"prompt": "x", "context": "", "model": model}))
        vendor_moves(lab, what)
        shown = lab.client.get(f"/pals/{lab.id_of('persona.a')}").json()
        assert shown["layers"]["llm"]["model"] not in REMOVED
    sent = [seen.path for seen in lab.transport.requests if seen.method == "POST"]
    assert len(sent) == 1, "and nothing is made anew for it"
    assert before >= 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BODIES, VENDOR, BODIES)
def test_a_wish_of_git_is_carried_out_after_the_vendor_moved(first, what, then):
    """A manifest that says something new gets it, both texts whole; only a removed model stays away."""
    lab = Lab()
    lab.apply(persona(first))
    vendor_moves(lab, what)
    lab.apply(persona(first))
    lab.apply(persona(then))
    assert lab.plan(persona(then)).differences == ()
    shown = lab.client.get(f"/pals/{lab.id_of('persona.a')}").json()
    said = f"{shown['system_prompt']} {shown.get('context') or ''}"
    assert then["prompt"] in said and then["context"] in said
    if then["model"] not in REMOVED and then["model"] != first["model"]:
        assert shown["layers"]["llm"]["model"] == then["model"]
