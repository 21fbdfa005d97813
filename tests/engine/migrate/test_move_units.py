"""A change of a migration is carried out with all its places, or not at all: ignore lists, overlays, questions."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import leaves
from reconciler.core.canonical.raw_edit import merge_written
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.migration_result import MigrationResult, Status
from reconciler.manifests.read.envelope import read_documents
from reconciler.manifests.tree.problems import Findings
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json, Object
from tests.support.migrating import Project

HEAD = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: desk}\n"
APPEND = {"context-into-system-prompt": {"*": "append"}}
BELL = {"type": "function", "function": {"name": "ring_bell", "description": "Rings.", "parameters": {}}}


def desk(spec: object, lifecycle: object = None) -> bytes:
    head = HEAD + (f"lifecycle: {lifecycle}\n" if lifecycle else "")
    return (head + yaml.safe_dump({"spec": spec}, sort_keys=False)).encode()


def layered(base: bytes, **overlays: bytes) -> Project:
    """A base manifest, and for each workspace the overlay that it has; `plain` has none."""
    paths = {name: f"overlays/{name}/desk.yaml" for name in overlays}
    files = {"desk.yaml": base, **{paths[name]: data for name, data in overlays.items()}}
    workspaces = {"plain": (), **{name: (path,) for name, path in paths.items()}}
    return Project(files, frozenset(paths.values()), workspaces=workspaces)


def spec_of(project: Project, path: str = "desk.yaml") -> Object:
    value = yaml.safe_load(project.files[path])
    assert isinstance(value, dict)
    spec = value.get("spec", value)
    assert isinstance(spec, dict)
    return spec


def refused(result: MigrationResult) -> str:
    found = [one.reason for one in result.of(Status.REFUSED)]
    assert found
    return " ".join(found)


CONTEXT = {"pal_name": "A", "system_prompt": "You help.", "context": "Be kind."}
INLINE = {
    "pal_name": "A",
    "system_prompt": "You help.",
    "layers": {"llm": {"model": "tavus-gpt-oss", "tools": [BELL]}},
}
QUERIES = {
    "pal_name": "A",
    "layers": {"perception": {"perception_model": "raven-1", "ambient_awareness_queries": ["a"]}},
}
VQA = {"pal_name": "A", "layers": {"vqa": {"enable_vision": False}}}
MODEL = {"pal_name": "A", "layers": {"llm": {"model": "tavus-llama-4"}}}


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        (CONTEXT, "/system_prompt"),
        (CONTEXT, "/context"),
        (INLINE, "/tools"),
        (INLINE, "/layers/llm/tools"),
        (INLINE, "/layers/llm/tools/ring_bell"),
        (INLINE, "/layers"),
        (QUERIES, "/layers/perception/visual_awareness_queries"),
        (QUERIES, "/layers/perception/ambient_awareness_queries"),
        (VQA, "/layers/perception/perception_model"),
        (VQA, "/layers/vqa/enable_vision"),
        (MODEL, "/layers/llm"),
    ],
)
@pytest.mark.parametrize("where", ["base", "overlay"])
def test_an_ignored_place_stops_the_whole_unit(spec: Object, place: str, where: str) -> None:
    lifecycle = f"{{ignore: [{place}]}}"
    project = layered(desk(spec, lifecycle)) if where == "base" else layered(desk(spec), live=desk({}, lifecycle))
    before = dict(project.files)
    result = project.migrate(answers=APPEND)
    assert project.files == before
    assert place in refused(result)
    assert "desk.yaml:4:" in refused(result), "the line that wants it"


@pytest.mark.parametrize("spec", [CONTEXT, INLINE, QUERIES, VQA, MODEL])
def test_an_observed_manifest_is_left(spec: Object) -> None:
    project = layered(desk(spec), live=desk({}, "{manage: observe}"))
    before = dict(project.files)
    assert "only observed in workspace live" in refused(project.migrate(answers=APPEND))
    assert project.files == before


def test_words_move_nothing_and_are_changed_whatever_is_ignored() -> None:
    project = layered(desk({"persona_name": "A"}, "{ignore: [/pal_name], manage: observe}"))
    assert project.migrate().of(Status.REFUSED) == ()
    assert spec_of(project) == {"pal_name": "A"}


@pytest.mark.parametrize(
    ("spec", "overlay", "place"),
    [
        (CONTEXT, {"system_prompt": "Other."}, "/system_prompt"),
        (CONTEXT, {"context": "Other."}, "/context"),
        (CONTEXT, {"context": None}, "/context"),
        (CONTEXT, {"pipeline_mode": "echo"}, "/pipeline_mode"),
        ({**CONTEXT, "system_prompt": "Be kind. Yes."}, {"system_prompt": "Other."}, "/system_prompt"),
        (INLINE, {"tools": ["other"]}, "/tools"),
        (INLINE, {"layers": {"llm": {"tools": []}}}, "/layers/llm/tools"),
        (QUERIES, {"layers": {"perception": {"visual_awareness_queries": ["b"]}}}, "visual_awareness_queries"),
        (VQA, {"layers": {"perception": {"perception_model": "raven-1"}}}, "/perception_model"),
        (MODEL, {"layers": {"llm": {"base_url": "https://a.example", "api_key": {"env": "K"}}}}, "/base_url"),
    ],
)
def test_a_place_that_an_overlay_sets_stops_the_whole_unit(spec: Object, overlay: Object, place: str) -> None:
    project = layered(desk(spec), live=desk(overlay))
    before = dict(project.files)
    reason = refused(project.migrate(answers=APPEND))
    assert project.files == before
    assert place in reason and "workspace live" in reason and "overlays/live/desk.yaml:" in reason


def test_an_overlay_that_holds_all_places_is_a_unit_of_its_own() -> None:
    own = {"system_prompt": "Other.", "context": "Be short."}
    project = layered(desk(CONTEXT), live=desk(own))
    assert project.migrate(answers=APPEND).of(Status.REFUSED) == ()
    assert spec_of(project)["system_prompt"] == "You help.\n\nBe kind."
    assert spec_of(project, "overlays/live/desk.yaml") == {"system_prompt": "Other.\n\nBe short."}


def test_an_overlay_that_takes_all_places_away_hides_them() -> None:
    project = layered(desk(QUERIES), live=desk({"layers": {"perception": None}}))
    assert project.migrate().of(Status.REFUSED) == ()
    assert "visual_awareness_queries" in project.text("desk.yaml")


def test_an_overlay_that_replaces_the_only_place_hides_it() -> None:
    project = layered(desk(MODEL), live=desk({"layers": {"llm": {"model": "tavus-gpt-4o"}}}))
    result = project.migrate()
    assert spec_of(project)["layers"] == {"llm": {"model": "tavus-gpt-oss"}}
    assert result.of(Status.REFUSED) == ()


def test_base_and_overlay_with_the_old_word_change_together() -> None:
    project = layered(desk(QUERIES), live=desk({"layers": {"perception": {"ambient_awareness_queries": ["b"]}}}))
    assert project.migrate().of(Status.REFUSED) == ()
    perception = {"perception_model": "raven-1", "visual_awareness_queries": ["a"]}
    assert spec_of(project)["layers"] == {"perception": perception}
    assert spec_of(project, "overlays/live/desk.yaml")["layers"] == {
        "perception": {"visual_awareness_queries": ["b"]}
    }


def test_they_change_together_or_not_at_all() -> None:
    old = {"layers": {"perception": {"ambient_awareness_queries": ["b"]}}}
    project = layered(desk(QUERIES), live=desk(old))
    project.outside = frozenset({"overlays/live/desk.yaml"})
    before = dict(project.files)
    assert "overlays/live/desk.yaml:" in refused(project.migrate())
    assert project.files == before


def test_old_and_new_word_in_base_and_overlay_are_both_kept() -> None:
    new = {"layers": {"perception": {"visual_awareness_queries": ["b"]}}}
    for base, overlay in ((QUERIES, new), ({"pal_name": "A", **new}, {"layers": QUERIES["layers"]})):
        project = layered(desk(base), live=desk(overlay))
        before = dict(project.files)
        assert "desk.yaml:" in refused(project.migrate())
        assert project.files == before


def test_a_place_of_an_open_question_is_left_until_it_is_answered() -> None:
    voice = {"tts_engine": "playht", "external_voice_id": "v", "voice_settings": {"speed": "normal"}}
    project = layered(desk({"pal_name": "A", "layers": {"tts": voice}}))
    before = dict(project.files)
    result = project.migrate()
    assert project.files == before
    assert "open question of tts-engine-and-model" in refused(result)
    project.migrate(answers={"tts-engine-and-model": {"*": "cartesia:abc"}})
    assert spec_of(project)["layers"] == {"tts": {"tts_engine": "cartesia", "external_voice_id": "abc"}}


def test_a_tool_is_made_only_together_with_what_attaches_it() -> None:
    other = HEAD.replace("desk", "door") + yaml.safe_dump({"spec": {**INLINE, "pal_name": "B"}})
    project = layered(desk(INLINE, "{ignore: [/tools]}"))
    project.migrate()
    assert set(project.files) == {"desk.yaml"}
    project.files["door.yaml"] = other.encode()
    project.migrate()
    assert set(project.files) == {"desk.yaml", "door.yaml", "tools/ring_bell.yaml"}
    assert spec_of(project, "door.yaml")["tools"] == ["ring_bell"]
    assert spec_of(project) == INLINE


@pytest.mark.parametrize(
    "tools",
    [
        "  layers:\n    llm: {tools: &t [%s]}\n    perception: {visual_tools: *t}\n",
        "  layers:\n    llm: {tools: [&t %s, *t]}\n",
        "  layers: &l\n    llm: {tools: [%s]}\n  unknown: *l\n",
        "  layers:\n    llm: &l {tools: [%s], model: tavus-gpt-oss}\n    stt: {<<: *l}\n",
    ],
)
def test_tools_that_share_an_anchor_are_met_as_values(tools: str) -> None:
    bell = "{type: function, function: {name: ring_bell, description: Rings., parameters: {}}}"
    project = layered((HEAD + "spec:\n  pal_name: A\n" + tools % bell).encode())
    answers = {"inline-tool-dedupe": {"*": "odd-inline"}}
    checked = project.migrate(answers=answers, write=False)
    result = project.migrate(answers=answers)
    assert [one.path for one in checked.files] == [one.path for one in result.files], "looking and writing agree"
    assert result.of(Status.REFUSED) == ()
    assert spec_of(project)["tools"] == ["ring_bell"]
    assert "tools" not in spec_of(project).get("layers", {}).get("llm", {})
    assert project.migrate(answers=answers).files == ()


def test_what_is_emptied_goes_whole() -> None:
    guardrails = {"pal_name": "A", "layers": {"guardrails": {"x": 1}, "tts": {"playht_user_id": "u"}}}
    project = layered(desk(guardrails))
    project.migrate(answers={"misplaced-keys": {"*": "remove"}})
    assert spec_of(project) == {"pal_name": "A"}


# --- laws ---------------------------------------------------------------------------------------------------------

prompts = st.sampled_from(["You help.", "Be kind. You help.", None])
texts = st.sampled_from(["Be kind.", "Be short.", ""])
lists = st.sampled_from([["a"], ["b"], []])
perception = st.fixed_dictionaries(
    {},
    optional={
        "ambient_awareness_queries": lists,
        "visual_awareness_queries": lists,
        "perception_model": st.sampled_from(["raven-1", "raven-0", "off"]),
        "visual_tools": st.just([BELL]),
    },
)
layer = st.fixed_dictionaries(
    {},
    optional={
        "perception": perception,
        "vqa": st.just({"enable_vision": False}),
        "llm": st.fixed_dictionaries({}, optional={"model": st.just("tavus-llama-4"), "tools": st.just([BELL])}),
        "stt": st.just({"participant_pause_sensitivity": "high"}),
        "conversational_flow": st.just({"turn_detection_model": "sparrow-1"}),
    },
)
bodies = st.fixed_dictionaries(
    {}, optional={"system_prompt": prompts, "context": texts, "tools": st.just(["other"]), "layers": layer}
)
places = st.sampled_from(
    [
        "/system_prompt",
        "/context",
        "/tools",
        "/layers/llm",
        "/layers/perception/visual_awareness_queries",
        "/layers/vqa",
    ]
)
ignores = st.lists(places, max_size=2, unique=True)


def said(project: Project, paths: tuple[str, ...]) -> dict[str, Json]:
    """Every text, query and tool that is effective in a workspace, wherever it stands; the ignore list is its own."""
    merged: Object = {}
    for path in ("desk.yaml", *paths):
        (document,) = read_documents(project.files[path], path, Findings())
        assert isinstance(document.value, dict)
        spec = document.value.get("spec") or {}
        assert isinstance(spec, dict)
        merged = merge_written(merged, to_canonical(kind("persona"), spec)[0])
    return dict(leaves(kind("persona"), merged))


def words_of(found: dict[str, Json]) -> set[str]:
    """The sayings among the values of a body: sentences, queries, names of tools."""
    text = repr(list(found.values())) + repr(list(found))
    return {
        word for word in ("Be kind.", "Be short.", "You help.", "'a'", "'b'", "ring_bell", "'other'") if word in text
    }


@given(bodies, bodies, ignores, ignores, st.sampled_from(["append", "prepend"]))
@settings(max_examples=60, deadline=None)
def test_nothing_that_took_effect_is_lost_in_any_workspace(
    base: Object, overlay: Object, mine: list[str], theirs: list[str], answer: str
) -> None:
    def part(spec: Object, ignore: list[str]) -> bytes:
        return desk(spec, f"{{ignore: [{', '.join(ignore)}]}}" if ignore else None)

    project = layered(part({"pal_name": "A", **base}, mine), live=part(overlay, theirs))
    before = {name: said(project, paths) for name, paths in project.workspaces.items()}
    files = dict(project.files)
    answers = {"context-into-system-prompt": {"*": answer}}
    result = project.migrate(answers=answers)
    for name, paths in project.workspaces.items():
        after = said(project, paths)
        assert words_of(before[name]) == words_of(after), name
        ignored = theirs if name == "live" and theirs else mine
        for path in {*before[name], *after}:
            if any(path == one or path.startswith(one + "/") for one in ignored):
                assert before[name].get(path) == after.get(path), "an ignored place stays"
    changed = {path for path in files if project.files[path] != files[path]}
    assert changed == {one.path for one in result.files if one.before is not None}
    once = dict(project.files)
    again = project.migrate(answers=answers)
    assert project.files == once and again.files == (), "twice is once"
    assert [one.reason for one in again.of(Status.REFUSED)] == [one.reason for one in result.of(Status.REFUSED)]
