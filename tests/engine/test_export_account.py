"""Exporting an account: what is read, what is chosen, what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.engine.export_account import (
    SAMPLE,
    ExportChoice,
    choose_subjects,
    subjects_of_account,
    subjects_of_manifests,
)
from reconciler.errors import NotFound, NothingFound, Rejected, Unavailable
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.platforms.tavus.simulator.faults import Fault, Faults
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json, Object
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import ManifestSet
from tests.support.exporting import ExportLab, random_account, without_ids
from tests.support.lab import Lab, as_set
from tests.support.making import at, manifest

SCHEMA = {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}
TOOL = manifest(
    "tool.find_room",
    {"name": "find_room", "description": "Finds a room", "origin": "llm", "parameters": SCHEMA},
)
GUIDE = manifest(
    "persona.guide",
    {
        "pal_name": "The Guide",
        "default_face_id": "rfe12d8b9597",
        "system_prompt": "Help.",
        "tools": [ResourceRef("tool.find_room")],
        "layers": {"llm": {"model": "nw-1", "base_url": "https://llm.example", "api_key": SecretRef("env", "KEY")}},
    },
)
PLAIN = manifest("persona.plain", {"pal_name": "Plain", "default_face_id": "rfe12d8b9597", "system_prompt": "Hm."})
ALL = (TOOL, GUIDE, PLAIN)


@pytest.fixture
def lab() -> ExportLab:
    """Two documents, a tool, and a persona that shows slides of one of them."""
    made = ExportLab()
    made.fill(
        {
            "tools": [{"name": "lookup", "description": "Looks up."}],
            "documents": [{"document_url": "https://x.example/a.pdf", "document_name": "Returns"}],
            "personas": [{"persona_name": "Desk", "system_prompt": "P", "default_replica_id": "r90bbd427f71"}],
        },
        seed=1,
    )
    assert made.refused == []
    return made


def spec_of(lab: ExportLab, address: str) -> Json:
    return next(one.document["spec"] for one in lab.found().manifests if str(one.address) == address)


def test_what_is_kept_apart_from_the_body_is_read_too(lab: ExportLab) -> None:
    spec = spec_of(lab, "persona.Desk")
    assert isinstance(spec, dict)
    assert spec["skills"] == {
        "presentation": {"document_ids": [{"ref": "document.Returns"}], "slides_trigger": "on_demand"}
    }


def test_references_inside_skills_follow_a_document_that_was_created_again(lab: ExportLab, tmp_path: Path) -> None:
    found, manifests = lab.export(tmp_path / "out")
    lab.apply(*manifests.manifests)
    lab.wipe()
    lab.vault.values = {secret.variable: "x" for one in found.manifests for secret in one.secrets}
    result = lab.apply(*manifests.manifests, allow_mass_change=True, accept_account=True)
    assert [step.message for step in result.steps if step.outcome != "done"] == []
    skills = lab.client.get(f"/pals/{lab.id_of('persona.Desk')}/skills").json()["data"]
    assert skills["presentation"]["config"]["document_ids"] == [lab.id_of("document.Returns")]


def test_it_reads_and_nothing_else() -> None:
    lab = ExportLab()
    lab.fill(random_account(5), 5)
    before = lab.writes()
    assert lab.found().manifests
    assert lab.writes() == before


def test_objects_are_chosen_by_kind_name_and_fields(lab: ExportLab) -> None:
    def chosen(**choice: object) -> list[str]:
        return [str(one.address) for one in lab.found(choice=ExportChoice(**choice)).manifests]  # type: ignore[arg-type]

    assert chosen(kinds=("tool",)) == ["tool.lookup"]
    assert chosen(names=("RET*",)) == ["document.Returns"]
    assert chosen(names=("desk", "look*")) == ["tool.lookup", "persona.Desk"]
    assert chosen(fields={"description": "Looks up."}) == ["tool.lookup"]
    assert chosen(kinds=("tool",), fields={"description": "Else."}) == []


def test_what_a_manifest_claims_by_name_is_counted_and_left(lab: ExportLab) -> None:
    mine = ManifestSet((manifest("persona.reception", {"pal_name": "Desk"}),))
    found = lab.found(mine)
    assert found.claimed == 1
    assert [str(one.address) for one in found.manifests] == ["tool.lookup", "document.Returns", "deployment.Web"]
    web = next(one for one in found.manifests if one.address.kind == "deployment")
    assert web.document["spec"]["pal_id"] == {"ref": "persona.reception"}  # type: ignore[index,call-overload]


def test_a_kind_that_the_account_does_not_serve_is_a_note(lab: ExportLab, monkeypatch: pytest.MonkeyPatch) -> None:
    real = TavusProvider.list

    def without_deployments(self: TavusProvider, kind: str) -> Listing:
        if kind == "deployment":
            raise NotFound("GET /deployments: 404", status=404)
        return real(self, kind)

    monkeypatch.setattr(TavusProvider, "list", without_deployments)
    found = lab.found()
    assert "Deployment objects were left out: GET /deployments: 404" in found.notes
    assert len(found.manifests) == 3
    with pytest.raises(NotFound):
        lab.found(choice=ExportChoice(kinds=("deployment",)))


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 415, 422, 451, 501])
@pytest.mark.parametrize("kind", sorted(TavusProvider.kinds))
def test_only_a_list_that_is_not_served_is_empty(
    lab: ExportLab, monkeypatch: pytest.MonkeyPatch, kind: str, status: int
) -> None:
    """Any other refusal says nothing about what the account holds: the export ends, or says what it lacks."""
    real = TavusProvider.list

    def refusing(self: TavusProvider, wanted: str) -> Listing:
        if wanted == kind:
            raise Rejected(f"GET: {status}", status=status)
        return real(self, wanted)

    monkeypatch.setattr(TavusProvider, "list", refusing)
    for choice in (ExportChoice(), ExportChoice(kinds=("persona",)), ExportChoice(kinds=("tool",))):
        try:
            found = lab.found(choice=choice)
        except Rejected:
            continue
        assert len([one for one in found.unread if f"left out: GET: {status}" in one]) == (
            status not in (404, 405, 410, 501)
        )
        assert set(found.unread) < {*found.notes, ""}


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 422, 501])
def test_only_a_sub_resource_that_is_not_served_is_a_note(
    lab: ExportLab, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    def refused(*_: object) -> Json:
        raise Rejected(f"GET /pals/p/skills: {status}", status=status)

    monkeypatch.setattr(TavusProvider, "part", refused)
    found = lab.found()
    assert any(f"/skills was left out: GET /pals/p/skills: {status}" in note for note in found.notes)
    assert bool(found.unread) == (status in (400, 409, 422))
    assert len(found.manifests) == 4


def test_an_object_that_vanishes_meanwhile_is_said(lab: ExportLab, monkeypatch: pytest.MonkeyPatch) -> None:
    real = TavusProvider.get

    def deleted(self: TavusProvider, kind: str, id: str) -> LiveObject | None:
        if kind == "tool":
            lab.client.delete(f"/tools/{id}")
        return real(self, kind, id)

    monkeypatch.setattr(TavusProvider, "get", deleted)
    found = lab.found()
    assert any("'lookup') was deleted meanwhile" in note for note in found.notes)
    assert not any(one.address.kind == "tool" for one in found.manifests)
    assert found.unread == ()


@pytest.mark.parametrize("times", [1, 2, 99])
@pytest.mark.parametrize("denied", ["tool", "persona", "document"])
def test_what_is_listed_is_exported_or_named(
    lab: ExportLab, monkeypatch: pytest.MonkeyPatch, denied: str, times: int
) -> None:
    real, left = TavusProvider.get, [times]

    def lagging(self: TavusProvider, kind: str, id: str) -> LiveObject | None:
        if kind != denied or left[0] <= 0:
            return real(self, kind, id)
        left[0] -= 1
        return None

    whole = {str(one.address) for one in lab.found().manifests}
    monkeypatch.setattr(TavusProvider, "get", lagging)
    found = lab.found()
    lacking = whole - {str(one.address) for one in found.manifests}
    assert len(lacking) == len(found.unread) == (times > 2)
    assert set(found.unread) <= set(found.notes)
    assert all(address.startswith(denied) for address in lacking)
    if times > 2 and denied == "persona":
        with pytest.raises(Unavailable):
            subjects_of_account(lab.state, lab.setting(), (), "persona")


def test_shared_inline_tools_and_what_was_left_out_are_said() -> None:
    lab = ExportLab()
    tool: Json = {"type": "function", "function": {"name": "insight", "description": "d", "parameters": {}}}
    layers: Json = {"llm": {"model": "m", "tools": [tool], "extra_body": {"a": {"literal": "********"}}}}
    body: Json = {"system_prompt": "P", "default_replica_id": "r90bbd427f71", "layers": layers}
    lab.fill({"personas": [{"persona_name": name, **body} for name in ("A", "B")]})  # type: ignore[dict-item]
    notes = lab.found().notes
    assert "2 objects have the same inline tool insight (persona.A, persona.B); one Tool" in notes[-1]
    assert sum("/layers/llm/extra_body/a was left out" in note for note in notes) == 2


def test_faults_on_the_way_change_nothing() -> None:
    account = random_account(3, size=4)
    faults = Faults((Fault(method=("GET",), every=3, status=503), Fault(method=("GET",), every=5, status=429)))
    calm, rough = ExportLab(), ExportLab(faults=faults)
    for one in (calm, rough):
        one.fill(account, 3)
    assert without_ids(rough.found().manifests) == without_ids(calm.found().manifests)
    assert {status for method, _, status in rough.requests("GET")} == {200, 429, 503}


PEOPLE: Object = {
    "personas": [
        {"persona_name": f"P{number}", "system_prompt": f"{number}", "default_replica_id": "r90bbd427f71"}
        for number in range(40)
    ]
}


def _read_alone(lab: ExportLab) -> int:
    """How many personas were read by themselves."""
    return sum(re.fullmatch(r"/v2/pals/\w+", path) is not None for _, path, _ in lab.requests("GET"))


def test_lists_that_show_their_objects_whole_are_taken_at_their_word() -> None:
    lab = ExportLab()
    lab.fill(PEOPLE)
    assert len([one for one in lab.found().manifests if one.kind.name == "persona"]) == 40
    assert _read_alone(lab) == SAMPLE
    assert not [path for _, path, _ in lab.requests("GET") if path.endswith("/tools") and "/pals/" in path]


@pytest.mark.parametrize("lacks", ["system_prompt", "layers", "default_face_id"])
def test_where_a_list_shows_less_every_object_is_read_by_itself(lacks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    account: Object = {
        "personas": [
            {**one, "layers": {"llm": {"model": "tavus-gpt-oss"}}}
            for one in PEOPLE["personas"]  # type: ignore[union-attr, dict-item]
        ]
    }
    whole, partial = ExportLab(), ExportLab()
    for lab in (whole, partial):
        lab.fill(account)
    expected = without_ids(whole.found().manifests)
    real = TavusProvider.list

    def shortened(self: TavusProvider, kind: str) -> Listing:
        found = real(self, kind)
        return Listing(
            kind,
            {
                id: replace(one, body={name: value for name, value in one.body.items() if name != lacks})
                for id, one in found.objects.items()
            },
        )

    monkeypatch.setattr(TavusProvider, "list", shortened)
    assert without_ids(partial.found().manifests) == expected
    assert _read_alone(partial) == 40


def test_mirrors_are_known_though_lists_of_sets_show_only_names(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = ExportLab()
    items: Json = [
        {"guardrail_name": "one", "guardrail_prompt": "P"},
        {"guardrail_name": "two", "guardrail_prompt": "Q"},
    ]
    lab.fill({"guardrails": [{"name": "Compliance", "data": items}]})
    real = TavusProvider.list

    def names_only(self: TavusProvider, kind: str) -> Listing:
        found = real(self, kind)
        if kind != "guardrail_set":
            return found
        bare = {
            id: replace(live, body={"guardrails_id": id, "name": live.name}, detailed=False)
            for id, live in found.objects.items()
        }
        return Listing(kind, bare)

    monkeypatch.setattr(TavusProvider, "list", names_only)
    assert [str(one.address) for one in lab.found().manifests] == ["guardrail_set.Compliance"]
    assert spec_of(lab, "guardrail_set.Compliance") == {"name": "Compliance", "data": items}


@pytest.mark.parametrize(
    ("choice", "word"),
    [
        (ExportChoice(names=("Desk", "desc*")), r"desc\*"),
        (ExportChoice(kinds=("persona",), names=("lookup",)), "lookup"),
        (ExportChoice(kinds=("guardrail", "tool")), "guardrail"),
    ],
)
def test_a_choice_that_nothing_fits_is_no_empty_account(lab: ExportLab, choice: ExportChoice, word: str) -> None:
    with pytest.raises(NothingFound, match=word):
        lab.found(choice=choice)
    assert len(lab.found(choice=ExportChoice(names=("des?", "LOOK*"))).manifests) == 2


def test_personas_of_the_files_come_with_their_tools_and_with_ids_where_state_has_them() -> None:
    lab = Lab()
    before = subjects_of_manifests(as_set(ALL), lab.state, "persona")
    assert [(one.address, one.id) for one in before] == [(at("persona.guide"), None), (at("persona.plain"), None)]
    (tool,) = before[0].tools
    assert tool.spec is not None and tool.spec["parameters"] == SCHEMA
    assert before[1].tools == ()
    lab.apply(*ALL)
    after = subjects_of_manifests(as_set(ALL), lab.state, "persona")
    assert [one.id for one in after] == [lab.id_of("persona.guide"), lab.id_of("persona.plain")]


def test_the_account_says_the_same_as_the_files_that_made_it() -> None:
    lab = Lab()
    lab.apply(*ALL)
    writes = lab.writes()
    files = {one.id: one for one in subjects_of_manifests(as_set(ALL), lab.state, "persona")}
    live = {one.id: one for one in subjects_of_account(lab.state, lab.setting(reading=True), (), "persona")}
    assert set(live) == set(files)
    for id, one in live.items():
        assert one.spec["system_prompt"] == files[id].spec["system_prompt"]
        assert [tool.spec and tool.spec["parameters"] for tool in one.tools] == [
            tool.spec and tool.spec["parameters"] for tool in files[id].tools
        ]
    assert lab.writes() == writes, "nothing but looking"


def test_no_key_of_the_account_reaches_a_target() -> None:
    lab = Lab()
    lab.apply(*ALL)
    found = subjects_of_account(lab.state, lab.setting(reading=True), (), "persona")
    assert "sk-first-secret-value" not in repr(found)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ((), ["guide", "plain"]),
        (("gui*",), ["guide"]),
        (("the *",), ["guide"]),
        (("nobody",), []),
        (("*",), ["guide", "plain"]),
    ],
)
def test_a_persona_is_chosen_by_the_name_of_its_manifest_or_the_one_people_see(names, chosen) -> None:
    subjects = subjects_of_manifests(as_set(ALL), Lab().state, "persona")
    assert [one.name for one in choose_subjects(subjects, names)] == chosen
