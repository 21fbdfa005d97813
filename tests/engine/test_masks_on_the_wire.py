"""What is shown is made from what is sent: no mask ever reaches the account, whatever was a secret there before."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.api.offline import load_plan
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.planning.plan_file import dump_plan
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import SecretRef
from reconciler.types.json import lookup
from tests.support.lab import Lab
from tests.support.making import env, manifest

COLLECTIONS = {"tool": "tools", "document": "documents", "persona": "pals", "guardrail": "guardrails"}
BASE = {
    "tool": {
        "name": "look",
        "description": "d",
        "origin": "llm",
        "on_call": "static_filler",
        "static_filler": "wait",
    },
    "document": {"document_name": "a", "document_url": "https://x.example/a.pdf"},
    "persona": {"pal_name": "a", "system_prompt": "x"},
    "guardrail": {"guardrail_name": "g", "guardrail_prompt": "p"},
}


def api(**members):
    return {"delivery": {"api": {"url": "https://x.example/a", **members}}}


PLACES = [
    ("tool", "/description", lambda value: {"description": value}),
    ("tool", "/static_filler", lambda value: {"static_filler": value}),
    ("tool", "/tags/0", lambda value: {"tags": [value]}),
    ("tool", "/delivery/api/url", lambda value: api(url=value)),
    ("tool", "/delivery/api/query_params/k", lambda value: api(query_params={"k": value, "other": "1"})),
    ("tool", "/parameters/description", lambda value: {"parameters": {"type": "object", "description": value}}),
    ("document", "/document_name", lambda value: {"document_name": value}),
    ("document", "/tags/0", lambda value: {"tags": [value]}),
    ("persona", "/system_prompt", lambda value: {"system_prompt": value}),
    ("persona", "/greeting", lambda value: {"greeting": value}),
    ("guardrail", "/guardrail_prompt", lambda value: {"guardrail_prompt": value}),
    ("guardrail", "/callback_url", lambda value: {"callback_url": value}),
]
VALUES = {"env": env("URL"), "other env": env("URL_TOO"), "plain": "https://plain.example", "mask": "(sensitive)"}


@pytest.mark.parametrize(("name", "pointer", "place"), PLACES, ids=[place[0] + place[1] for place in PLACES])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(VALUES)), min_size=2, max_size=3), st.booleans())
def test_what_was_a_secret_and_is_plain_text_now_is_written_as_it_stands(name, pointer, place, steps, saved):
    lab = Lab()
    lab.vault.values |= {"URL": "https://first.example", "URL_TOO": "https://second.example"}
    address = f"{name}.one"
    for step in steps:
        value = VALUES["plain" if "url" in pointer and step == "mask" else step]
        wanted = manifest(address, {**BASE[name], **place(value)})
        plan = lab.plan(wanted)
        if saved:
            plan = load_plan(dump_plan(plan))
        assert [one.message for one in lab.carry_out(plan).steps if one.outcome != "done"] == []
        lab.apply(wanted)
        answer = lab.client.get(f"/{COLLECTIONS[name]}/{lab.id_of(address)}").json()
        body = to_canonical(kind(name), answer.get("data", answer))[0]
        expected = lab.vault.resolve(value) if isinstance(value, SecretRef) else value
        assert lookup(body, pointer) == expected, step
        assert lab.plan(wanted).differences == ()
