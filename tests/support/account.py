"""A project that has one manifest of every kind, each used by another: what scenarios over all kinds begin with."""

from __future__ import annotations

from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Manifest
from tests.support.lab import Lab
from tests.support.making import env, manifest

BODIES: dict[str, Object] = {
    "guardrail.no_legal_advice": {
        "guardrail_name": "no_legal_advice",
        "guardrail_prompt": "The user asks for legal advice.",
        "tags": ["compliance", "base"],
    },
    "guardrail_set.old": {
        "name": "Old rules",
        "data": [
            {"guardrail_name": "no_prices", "guardrail_prompt": "Never name a price.", "modality": "verbal"},
            {"guardrail_name": "no_names", "guardrail_prompt": "Never name a colleague."},
        ],
    },
    "objectives.intake": {
        "name": "Intake",
        "data": [
            {
                "objective_name": "greet",
                "objective_prompt": "Ask whether they are new.",
                "next_conditional_objectives": {"collect": "If they are new", "close": "If they are not"},
            },
            {"objective_name": "collect", "objective_prompt": "Ask for the name.", "output_variables": ["name"]},
            {"objective_name": "close", "objective_prompt": "Say goodbye."},
        ],
    },
    "document.returns": {
        "document_url": "https://docs.example.com/returns.pdf",
        "document_name": "Returns",
        "tags": ["claims"],
    },
    "pronunciation_dictionary.brand": {
        "name": "Brand terms",
        "rules": [
            {"text": "Tavus", "pronunciation": "TAH-vus", "type": "alias"},
            {"text": "FNOL", "pronunciation": "eff-noll", "type": "alias", "case_sensitive": True},
        ],
    },
    "tool.look_up": {"name": "look_up", "description": "Looks it up"},
    "connector.tickets": {
        "name": "Tickets",
        "server_url": "https://mcp.example.com/mcp",
        "auth_config": {"type": "bearer", "token": env("KEY")},
        "selected_tool_names": ["open_ticket", "find_ticket"],
    },
    "persona.desk": {
        "pal_name": "Claims Desk",
        "system_prompt": "You handle first notice of loss.",
        "default_face_id": "rfe12d8b9597",
        "guardrail_ids": [ResourceRef("guardrail.no_legal_advice")],
        "guardrails_id": ResourceRef("guardrail_set.old"),
        "objectives_id": ResourceRef("objectives.intake"),
        "document_ids": [ResourceRef("document.returns")],
        "tools": [ResourceRef("tool.look_up")],
        "layers": {
            "llm": {"model": "tavus-gpt-oss"},
            "mcp": {"connectors": [ResourceRef("connector.tickets")]},
            "tts": {
                "tts_engine": "cartesia",
                "pronunciation_dictionary_id": ResourceRef("pronunciation_dictionary.brand"),
            },
        },
    },
    "deployment.web": {
        "name": "Claims on the web",
        "pal_id": ResourceRef("persona.desk"),
        "channel": "landing-page",
        "status": "active",
        "allowed_origins": ["https://www.example.com"],
        "limits": {"daily_call_limit": 100},
        "customization": {"landing_page": {"title": "Claims", "description": "Ask about your claim."}},
        "password": env("KEY"),
    },
}
"""Address -> body, in the order in which they are made."""


def project(**bodies: Object | None) -> tuple[Manifest, ...]:
    """One manifest of every kind; `persona__desk={...}` merges members into a body, None leaves the manifest out."""
    changes = {name.replace("__", ".", 1): body for name, body in bodies.items()}
    assert set(changes) <= set(BODIES)
    return tuple(
        manifest(address, {**body, **(changes.get(address) or {})})
        for address, body in BODIES.items()
        if changes.get(address, {}) is not None
    )


MOODS = {
    "as documented": Mood(),
    "wrapped and bare": Mood(get="wrapped", list_key="bare", created=201),
    "under the name of the kind": Mood(list_key="resource", patch_answer="minimal"),
    "guardrail pages from 0": Mood(guardrail_pages_from=0),
    "unknown ids are 400": Mood(unknown_object=400, unknown_tool=400),
    "strict references": Mood(references="strict"),
    "slow documents": Mood(document_reads=3),
    "defaults hidden": Mood(defaults="hide", items="summary", tool_ids=False),
}
CREATED = ("guardrails", "objectives", "documents", "pronunciation-dictionaries", "connectors", "deployments")
SKILLS: Object = {"presentation": {"document_ids": [ResourceRef("document.returns")], "slides_trigger": "on_demand"}}
FULL = project(persona__desk={"skills": SKILLS})
COLLECTIONS = {
    "guardrail.no_legal_advice": "guardrails",
    "guardrail_set.old": "guardrails",
    "objectives.intake": "objectives",
    "document.returns": "documents",
    "pronunciation_dictionary.brand": "pronunciation-dictionaries",
    "tool.look_up": "tools",
    "connector.tickets": "connectors",
    "persona.desk": "pals",
    "deployment.web": "deployments",
}


def done(lab: Lab, *manifests, **options) -> dict[str, Action]:
    """Apply, and see that all went well and that nothing is left to do."""
    result = lab.apply(*manifests, **options)
    assert [(str(one.address), one.message) for one in result.steps if one.outcome != "done"] == []
    settled(lab, *manifests)
    return {str(one.address): one.action for one in result.steps}


def settled(lab: Lab, *manifests) -> None:
    plan = lab.plan(*manifests, allow_empty=not manifests)
    assert [(str(one.address), one.fields) for one in plan.differences] == []
    assert plan.drift == ()


def ops(lab: Lab, address: str, *manifests, **options) -> list[Json]:
    (change,) = [one for one in lab.plan(*manifests, **options).differences if str(one.address) == address]
    return [op.to_json() for op in change.patch]


def delete(lab: Lab, address: str) -> None:
    """Somebody deletes it in the dashboard."""
    assert lab.client.delete(f"/{COLLECTIONS[address]}/{lab.id_of(address)}").status_code == 204


def skills(lab: Lab) -> dict[str, Json]:
    rows = lab.client.get(f"/pals/{lab.id_of('persona.desk')}/skills").json()["data"]
    return {id: row["config"] for id, row in rows.items()}
