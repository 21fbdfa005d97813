"""Whatever the vendor's own client takes is validated, applied, exported and then in sync; what it refuses, we do."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from reconciler.api.offline import load_catalogue
from reconciler.core.linting import declared
from reconciler.engine.validate import validate
from reconciler.platforms.tavus.rules import RULES
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.change import Action
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.json import split
from reconciler.types.manifest import Manifest
from tests.support.exporting import ExportLab
from tests.support.lab import as_set
from tests.support.making import manifest
from tests.support.vendorbodies import Body, bodies, near_misses

if TYPE_CHECKING:
    from pydantic import BaseModel

pytestmark = pytest.mark.skipif(
    find_spec("tavus_mcp") is None, reason="the vendor's client is not installed (pip install tavus-cli)"
)
KINDS = (
    "tool", "persona", "persona with skills", "guardrail", "objectives", "pronunciation_dictionary", "deployment",
    "deployment on a site",
)  # fmt: skip
"""By the first word the kind; the others say which model of it."""
DOCUMENTED = {"L05", "L06", "L13", "L15", "L17", "L24", "L34", "L35"}
"""Rules whose facts stand on the vendor's pages alone: its client sends such bodies, its platform refuses them."""
REFERENCES = {
    "guardrail_ids": "guardrail.no_advice",
    "document_ids": "document.terms",
    "tool_ids": "tool.look_up",
    "objectives_id": "objectives.intake",
    "pronunciation_dictionary_id": "pronunciation_dictionary.names",
}
OTHERS = (
    manifest("guardrail.no_advice", {"guardrail_name": "no_advice", "guardrail_prompt": "Never advise."}),
    manifest("document.terms", {"document_name": "Terms", "document_url": "https://x.example/terms.pdf"}),
    manifest("tool.look_up", {"name": "look_up", "description": "Looks up."}),
    manifest("objectives.intake", {"data": [{"objective_name": "ask", "objective_prompt": "Ask."}]}),
    manifest("pronunciation_dictionary.names", {"name": "Names", "rules": []}),
    manifest("persona.answers", {"pal_name": "A", "system_prompt": "Hi.", "default_face_id": "rfe12d8b9597"}),
)
CATALOGUE = load_catalogue()
EXAMPLES = 40
LAW = settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))


def model_of(kind: str) -> type[BaseModel]:
    from tavus_mcp.sdk.schemas import deployment, guardrail, objective, pal, pronunciation, tool

    from tests.support.vendorskills import SkilledPersona

    return {
        "tool": tool.ToolCreate,
        "persona": pal.PalCreate,
        "persona with skills": SkilledPersona,
        "guardrail": guardrail.GuardrailCreate,
        "objectives": objective.ObjectivesCreate,
        "pronunciation_dictionary": pronunciation.PronunciationDictionaryCreate,
        "deployment": deployment.LandingPageDeploymentCreate,
        "deployment on a site": deployment.SiteDeploymentCreate,
    }[kind]


def refusals(kind: str, body: Body) -> list[tuple[str, str]]:
    """Where the vendor's client refuses a body, and as what."""
    from pydantic import ValidationError

    try:
        model_of(kind).model_validate(body)
    except ValidationError as error:
        return [(place(body, one["loc"]), one["type"]) for one in error.errors()]
    return []


def place(body: Any, loc: tuple[str | int, ...]) -> str:
    """A place as a pointer; the name of the chosen member of a union is a step of its own in the client's."""
    pointer = ""
    for index, step in enumerate(loc):
        there = step in body if isinstance(body, dict) else isinstance(body, list) and isinstance(step, int)
        if there or index == len(loc) - 1:
            pointer += f"/{step}"
            body = body[step] if there else None
    return pointer


def written(kind: str, body: Body) -> Manifest:
    """A manifest of the body, its secrets as `{env}` and its ids as references."""
    model, kind = kind, kind.split()[0]
    if model == "persona with skills":
        body = {"system_prompt": "Hi.", **body}
    if kind == "deployment":
        body = model_of(model).model_validate(body).request_body(body.get("name") or "Web")  # type: ignore[attr-defined]
        body["pal_id"] = ResourceRef("persona.answers")
    body = json.loads(json.dumps(body, default=lambda one: one.address), object_hook=referring)
    made = manifest(f"{kind}.subject", body)
    for pointer, value, row in [*declared(made.kind, made.spec)]:
        if row.secret and isinstance(value, str) and value and set(value) != {"*"}:
            put(made.spec, pointer, SecretRef("env", "KEY"))
    return manifest(f"{kind}.subject", made.spec)


def referring(members: Body) -> Body:
    for word in members.keys() & REFERENCES.keys():
        one = ResourceRef(REFERENCES[word])
        value = members[word]
        members[word] = [one] if isinstance(value, list) and value else value if isinstance(value, list) else one
    if isinstance(members.get("pal_id"), str):
        members["pal_id"] = ResourceRef("persona.answers")
    return members


def put(spec: Any, pointer: str, value: Any) -> None:
    *above, last = split(pointer)
    for step in above:
        spec = spec[int(step) if isinstance(spec, list) else step]
    spec[int(last) if isinstance(spec, list) else last] = value


def errors(*manifests: Manifest) -> list[Diagnostic]:
    return [one for one in validate(as_set(manifests), CATALOGUE, RULES) if one.is_error]


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_client_takes_is_applied_exported_and_in_sync(kind: str) -> None:
    @LAW
    @given(bodies(model_of(kind)).filter(lambda body: not refusals(kind, body)))
    def law(body: Body) -> None:
        subject = written(kind, body)
        found = errors(subject, *OTHERS)
        assert {one.code for one in found} <= DOCUMENTED, found
        if found:
            return
        lab = ExportLab()
        lab.vault.values = {"KEY": "sk-first-secret-value"}
        everything = (subject, *OTHERS)
        result = lab.apply(*everything)
        assert [(str(one.address), one.message) for one in result.steps if one.outcome != "done"] == []
        assert lab.plan(*everything).differences == ()
        lab.forget()
        with TemporaryDirectory() as folder:
            exported, manifests = lab.export(Path(folder) / "out")
        assert not exported.unread
        assert errors(*manifests.manifests) == []
        plan = lab.plan(*manifests.manifests)
        assert [str(one.address) for one in plan.changes if one.action is not Action.NOOP] == []
        assert plan.summary.imported == len(everything)

    law()


PAGE = "/customization/landing_page"
WORDS = {
    "/tool_ids": "/tools",
    "/page_title": f"{PAGE}/title",
    "/page_description": f"{PAGE}/description",
    "/page_cta": f"{PAGE}/cta",
    "/page_logo": f"{PAGE}/logo",
    "/unique_memory_per_visitor": "/customization/conversation/unique_memory_tag",
}
"""Members of the client's that stand elsewhere in a manifest."""


def in_our_words(pointer: str) -> str:
    pointer = pointer.replace("/face_interruptibility", "/interruptibility")
    first = "/".join(pointer.split("/")[:2])
    return WORDS.get(first, first) + pointer.removeprefix(first)


def laid_out(body: Body) -> Body:
    """The same body with each member at its place in a manifest."""
    made: Body = {}
    for word, value in body.items():
        *above, last = split(in_our_words(f"/{word}"))
        holder = made
        for step in above:
            holder = holder.setdefault(step, {})
        holder[last] = value
    return made


def is_content(body: Body, where: str, what: str) -> bool:
    """Whether a refusal is one of the content. It is none for a name that the manifest's own stands in for, for null,
    which in a manifest means that the default is to be there, for members that the client does not know (a warning
    here), and for a choice that only its own command line insists on."""
    value: Any = body
    for step in split(where):
        value = value[int(step)] if isinstance(value, list) else value.get(step) if isinstance(value, dict) else None
    named = where in ("/name", "/guardrail_name") and value in (None, "")
    chosen = where in ("/unique_memory_per_visitor", "/allowed_origins") and what == "missing"
    return not (named or chosen or what == "extra_forbidden" or (value is None and what != "missing"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_client_refuses_is_refused_at_its_place(kind: str) -> None:
    @settings(LAW, max_examples=EXAMPLES * 4)
    @given(near_misses(model_of(kind)))
    def law(body: Body) -> None:
        refused = {in_our_words(where) for where, what in refusals(kind, body) if is_content(body, where, what)}
        found = errors(manifest(f"{kind.split()[0]}.subject", json.loads(json.dumps(laid_out(body)))))
        ours = {one.pointer or "" for one in found if one.code != "L03"}
        for where in refused:
            assert any(one.startswith(where) or where.startswith(one) for one in ours), (where, ours)

    law()
