"""A project that has one manifest of every kind, each used by another: what scenarios over all kinds begin with."""

from __future__ import annotations

from reconciler.types.json import Object
from reconciler.types.manifest import Manifest
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
    "persona.desk": {
        "pal_name": "Claims Desk",
        "system_prompt": "You handle first notice of loss.",
        "default_face_id": "rfe12d8b9597",
        "guardrail_ids": [{"$ref": "guardrail.no_legal_advice"}],
        "guardrails_id": {"$ref": "guardrail_set.old"},
        "objectives_id": {"$ref": "objectives.intake"},
        "document_ids": [{"$ref": "document.returns"}],
        "tools": [{"$ref": "tool.look_up"}],
        "layers": {
            "llm": {"model": "tavus-gpt-oss"},
            "tts": {
                "tts_engine": "cartesia",
                "pronunciation_dictionary_id": {"$ref": "pronunciation_dictionary.brand"},
            },
        },
    },
    "deployment.web": {
        "name": "Claims on the web",
        "pal_id": {"$ref": "persona.desk"},
        "channel": "landing-page",
        "status": "active",
        "allowed_origins": ["https://www.example.com"],
        "limits": {"daily_call_limit": 100},
        "customization": {"landing_page": {"title": "Claims"}},
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
