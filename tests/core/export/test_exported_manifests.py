"""Which objects have a manifest, what the others are called, and what is noticed on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.export.exported_manifests import (
    DEVICES,
    Claims,
    ExportedManifest,
    export_objects,
    file_stem,
    find_claims,
    folder_name,
    legal_name,
    matches_fields,
    parts_of_others,
    shared_inline_tools,
    unique_name,
    variable_name,
)
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import NAME_PATTERN, Address
from reconciler.types.diagnostic import Source
from reconciler.types.json import Object
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import ManifestSet, Moved, Removed
from reconciler.types.state import Entry, State
from tests.support.making import at, env, manifest
from tests.support.records import live_of

HERE = Source("x.yaml")


def persona(id: str, name: str | None, tools: tuple[str, ...] = (), **body: object) -> LiveObject:
    named = {} if name is None else {"pal_name": name}
    return live_of("persona", id, name, {"pal_id": id, **named, **body}, True, tools)  # type: ignore[dict-item]


def tool(id: str, name: str) -> LiveObject:
    return live_of("tool", id, name, {"tool_id": id, "name": name, "description": "d"}, True)


def listings(*objects: LiveObject) -> dict[str, Listing]:
    kinds = {one.kind.name for one in objects}
    return {name: Listing(name, {one.id: one for one in objects if one.kind.name == name}) for name in kinds}


def export(*objects: LiveObject, claims: Claims | None = None) -> dict[str, ExportedManifest]:
    found = export_objects(objects, listings(*objects), claims or Claims(), lambda id: id, KINDS)
    return {str(one.address): one for one in found}


def state(**entries: str) -> State:
    return State("l", 0, "w", {at(name.replace("__", ".")): Entry(id) for name, id in entries.items()})


def test_objects_are_claimed_by_state_then_id_then_unique_name() -> None:
    found = listings(
        persona("p1", "A"), persona("p2", "B"), persona("p3", "C"), persona("p4", "D"), persona("p5", "D")
    )
    files = ManifestSet(
        (
            manifest("persona.one", {"pal_name": "Other"}),
            manifest("persona.two", {"pal_name": "x"}, id="p2"),
            manifest("persona.three", {"pal_name": "C"}),
            manifest("persona.four", {"pal_name": "D"}),
        )
    )
    claims = find_claims(files, state(persona__one="p1", persona__gone="p9"), found)
    assert claims.manifests == {
        ("persona", "p1"): at("persona.one"), ("persona", "p2"): at("persona.two"),
        ("persona", "p3"): at("persona.three"),
    }  # fmt: skip
    assert claims.names == {("persona", "p9"): at("persona.gone")}
    assert at("persona.gone") in claims.taken
    assert at("persona.four") in claims.taken


def test_what_was_let_go_does_not_get_its_address_back() -> None:
    files = ManifestSet(
        moved=(Moved(at("persona.a"), at("persona.b"), HERE),), removed=(Removed(at("persona.c"), HERE),)
    )
    claims = find_claims(files, state(persona__a="p1", persona__c="p2"), {})
    assert claims.names == {}
    assert {at("persona.a"), at("persona.c")} <= claims.taken


def test_variables_in_use_are_not_given_again() -> None:
    files = ManifestSet((manifest("persona.x", {"layers": {"llm": {"api_key": env("PERSONA_DESK_TTS_API_KEY")}}}),))
    claims = find_claims(files, State("l"), {})
    found = export(persona("p1", "desk", layers={"tts": {"api_key": "********"}}), claims=claims)
    assert [secret.variable for secret in found["persona.desk"].secrets] == ["PERSONA_DESK_TTS_API_KEY_2"]
    assert found["persona.desk"].document["spec"] == {
        "pal_name": "desk", "layers": {"tts": {"api_key": {"env": "PERSONA_DESK_TTS_API_KEY_2"}}},
    }  # fmt: skip


def test_two_secrets_never_share_a_variable() -> None:
    layers = {"llm": {"headers": {"X-Key": "a", "x_key": "b"}}}
    found = export(persona("p1", "a-b", layers=layers), persona("p2", "a_b", layers=layers))
    names = [secret.variable for one in found.values() for secret in one.secrets]
    assert len(names) == len(set(names)) == 4


def test_references_are_names_and_users_come_last() -> None:
    found = export(
        persona("p1", "Desk", ("t1", "t2"), guardrail_ids=["g1"]), tool("t1", "lookup"), tool("t2", "Lookup"),
        live_of("guardrail", "g1", "g", {"uuid": "g1", "guardrail_name": "g", "guardrail_prompt": "p"}, True),
    )  # fmt: skip
    assert next(reversed(found)) == "persona.Desk"
    assert found["persona.Desk"].document["spec"] == {
        "pal_name": "Desk", "guardrail_ids": [{"ref": "guardrail.g"}], "tools": ["Lookup", {"ref": "tool.lookup-2"}],
    }  # fmt: skip


def test_names_do_not_depend_on_ids_or_order() -> None:
    one = persona("p1", "Desk", system_prompt="one")
    two = persona("p2", "desk", system_prompt="two")
    three = persona("p3", "Desk", system_prompt="three")
    names = {str(m.document["spec"]): address for address, m in export(one, two, three).items()}
    swapped = export(persona("p7", "Desk", system_prompt="three"), persona("p9", "desk", system_prompt="two"),
                     persona("p8", "Desk", system_prompt="one"))  # fmt: skip
    assert {str(m.document["spec"]): address for address, m in swapped.items()} == names
    assert sorted(names.values()) == ["persona.Desk", "persona.Desk-2", "persona.desk-3"]


def test_equal_objects_are_told_apart_by_their_users() -> None:
    def brand(id: str) -> LiveObject:
        return live_of("pronunciation_dictionary", id, "Brand", {"name": "Brand"}, True)

    def account(first: str, second: str) -> Object:
        users = [
            persona("p1", "A", layers={"tts": {"pronunciation_dictionary_id": first}}),
            persona("p2", "B", layers={"tts": {"pronunciation_dictionary_id": second}}),
        ]
        return {name: one.document["spec"] for name, one in export(*users, brand("d1"), brand("d2")).items()}

    assert account("d1", "d2") == account("d2", "d1")


def test_an_object_that_lost_its_manifest_gets_its_address_back() -> None:
    claims = Claims(
        names={("persona", "p1"): at("persona.old")}, taken=frozenset({at("persona.old"), at("persona.b")})
    )
    assert list(export(persona("p1", "New"), persona("p2", "B"), claims=claims)) == ["persona.B-2", "persona.old"]


def test_a_name_that_only_repeats_the_kind_is_that_of_an_object_without_one() -> None:
    assert export(persona("p1", None))["persona.persona"].document["spec"] == {}
    assert export(persona("p1", "persona"))["persona.persona"].document["spec"] == {}
    assert export(tool("t1", "tool"))["tool.tool"].document["spec"] == {"name": "tool", "description": "d"}


def test_mirrors_of_a_legacy_set_are_parts_of_it() -> None:
    item = {"uuid": "g2", "guardrail_name": "one", "guardrail_prompt": "P"}
    found = listings(
        live_of("guardrail_set", "g1", "S", {"guardrails_id": "g1", "name": "S", "data": [item]}, True),
        live_of("guardrail", "g2", "one", item, True),  # type: ignore[arg-type]
    )
    assert parts_of_others(found) == {"g2"}


def test_inline_tools_of_several_objects_are_noticed() -> None:
    def inline(text: str) -> Object:
        return {"llm": {"tools": [{"type": "function", "function": {"name": "insight", "description": text}}]}}

    users = [persona("p1", "A", layers=inline("x")), persona("p2", "B", layers=inline("x")), persona("p3", "C")]
    names = {("persona", "p1"): Address("persona", "a"), ("persona", "p2"): Address("persona", "b")}
    assert shared_inline_tools(users, names) == (("insight", ("persona.a", "persona.b"), True),)
    users[1] = persona("p2", "B", layers=inline("y"))
    assert shared_inline_tools(users, names) == (("insight", ("persona.a", "persona.b"), False),)
    assert shared_inline_tools(users[1:], names) == ()


def test_objects_are_chosen_by_their_fields_in_either_vocabulary() -> None:
    live = persona("p1", "A", document_tags=["x", "y"], is_template=True, layers={"llm": {"model": "m", "n": 1}})
    assert matches_fields(live, {})
    for key, value in (
        ("persona_name", "A"), ("pal_name", "A"), ("document_tags", "y"), ("is_template", "true"),
        ("/layers/llm/model", "m"), ("/layers/llm/n", "1"),
    ):  # fmt: skip
        assert matches_fields(live, {key: value}), key
        assert not matches_fields(live, {key: f"{value}?"}), key
    assert not matches_fields(live, {"layers": "m"})
    assert not matches_fields(live, {"pal_name": "A", "document_tags": "z"})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("claims-desk", "claims-desk"),
        ("Lookup_Policy", "Lookup_Policy"),
        ("Claims Desk", "claims-desk"),
        ("Ünïcode  Empfang!", "unicode-empfang"),
        ("éclair", "eclair"),
        ("客服", "persona"),
        ("", "persona"),
        (None, "persona"),
        ("..", "persona"),
        ("--", "persona"),
        ("-dash", "dash"),
        ("a/b\\c", "a-b-c"),
        ("../../etc/passwd", "etc-passwd"),
        ("ends.", "ends"),
        ("x" * 130, "x" * 128),
        ("v1.2 beta", "v1.2-beta"),
    ],
)
def test_legal_names(text: str | None, name: str) -> None:
    assert legal_name(text, "persona") == name


@given(st.none() | st.text(max_size=200))
def test_every_name_is_legal_and_its_own_name(text: str | None) -> None:
    name = legal_name(text, "tool")
    assert NAME_PATTERN.fullmatch(name)
    assert legal_name(name, "tool") == name


@given(st.lists(st.sampled_from(["a", "A", "a-2", "x" * 128, "b"]), max_size=12))
def test_names_become_unique_whatever_their_case(wanted: list[str]) -> None:
    taken: set[str] = set()
    for name in wanted:
        found = unique_name(name, taken)
        assert NAME_PATTERN.fullmatch(found)
        assert found.casefold() not in taken
        taken.add(found.casefold())


def test_the_second_of_a_name_is_counted() -> None:
    assert unique_name("desk", set()) == "desk"
    assert unique_name("Desk", {"desk"}) == "Desk-2"
    assert unique_name("desk", {"desk", "desk-2"}) == "desk-3"
    assert unique_name("y" * 128, {"y" * 128}) == "y" * 126 + "-2"


@pytest.mark.parametrize("name", [*sorted(DEVICES), "CON", "nul.txt", "Com1.x.y", "reconciler", "Reconciler"])
def test_no_file_is_called_like_a_device_or_a_project_file(name: str) -> None:
    assert file_stem(name) == f"{name}_"


@pytest.mark.parametrize("name", ["console", "desk", "com", "reconciler-2", "null"])
def test_other_files_are_called_like_their_manifest(name: str) -> None:
    assert file_stem(name) == name


def test_folders_are_called_as_in_the_example_project() -> None:
    folders = [folder_name(spec) for spec in KINDS.all().values()]
    assert {"personas", "tools", "guardrails", "objectives", "dictionaries"} <= set(folders)


@pytest.mark.parametrize(
    ("kind", "name", "pointer", "variable"),
    [
        ("persona", "claims-desk", "/layers/llm/api_key", "PERSONA_CLAIMS_DESK_LLM_API_KEY"),
        ("tool", "Lookup", "/delivery/api/auth/token", "TOOL_LOOKUP_AUTH_TOKEN"),
        ("persona", "1.0", "/layers/llm/headers/X~1Y", "PERSONA_1_0_LLM_HEADERS_X_Y"),
        ("persona", "a", "/layers/llm/headers/é", "PERSONA_A_LLM_HEADERS_E"),
    ],
)
def test_variables(kind: str, name: str, pointer: str, variable: str) -> None:
    assert variable_name(kind, name, pointer, ()) == variable
    assert variable_name(kind, name, pointer, {variable}) == f"{variable}_2"
