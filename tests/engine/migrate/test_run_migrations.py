"""Migrations over whole files: what changes, what stays byte for byte, what is left, and that twice is once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import json_equal, leaves
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.migration_result import Status
from reconciler.manifests.read.envelope import read_documents
from reconciler.manifests.tree.problems import Findings
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json, Object
from tests.support.migrating import Project, one, said

LEGACY = """\
# Head of the file.
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}   # the address

spec:
  persona_name: 'Desk'   # what people see
  system_prompt: >-
    You welcome visitors,
    kindly.

  # old, see the changelog
  context: ""
  default_replica_id: r90bbd427f71
  layers:
    llm:
        model: tavus-llama-4   # gone
        # inline, still
        tools:
        - type: function
          function: {name: ring_bell, description: "Rings the bell.", parameters: {type: object, properties: {}}}
    tts: {tts_emotion_control: "true", voice_settings: {speed: normal}}
    perception:
      perception_model: raven-1
      ambient_awareness_queries:
        - Is a parcel visible?   # or a letter
      tool_prompt: ""
    stt:
      participant_pause_sensitivity: high
      hotwords: Roey
    conversational_flow:
      turn_detection_model: sparrow-1
      replica_interruptibility: low
# The end.
"""

MIGRATED = """\
# Head of the file.
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}   # the address

spec:
  pal_name: 'Desk'   # what people see
  system_prompt: >-
    You welcome visitors,
    kindly.

  # old, see the changelog
  default_face_id: r90bbd427f71
  layers:
    llm:
        model: tavus-gpt-oss   # gone
        # inline, still
    tts: {tts_emotion_control: true}
    perception:
      perception_model: raven-1
      visual_awareness_queries:
        - Is a parcel visible?   # or a letter
    stt:
      hotwords: Roey
    conversational_flow:
      turn_detection_model: sparrow-1
      interruptibility: low
  tools: [ring_bell]
# The end.
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_everything_else_stays_byte_for_byte(newline: str) -> None:
    project = one(LEGACY.replace("\n", newline))
    result = project.migrate()
    assert project.text("p.yaml") == MIGRATED.replace("\n", newline)
    assert result.questions == ()
    assert result.of(Status.REFUSED) == ()


def test_without_a_final_newline() -> None:
    project = one(LEGACY.removesuffix("# The end.\n").removesuffix("\n"))
    project.migrate()
    assert project.text("p.yaml") == MIGRATED.removesuffix("# The end.\n").removesuffix("\n")


def test_twice_is_once() -> None:
    project = one(LEGACY)
    project.migrate()
    before = dict(project.files)
    assert project.migrate().files == ()
    assert project.files == before


def test_the_new_tool_has_a_file_of_its_own() -> None:
    project = one(LEGACY)
    project.migrate(folder="shared")
    assert project.text("shared/tools/ring_bell.yaml") == (
        "apiVersion: personas/v1\n"
        "kind: Tool\n"
        "metadata:\n"
        "  name: ring_bell\n"
        "lifecycle:\n"
        "  adopt: same\n"
        "spec:\n"
        "  name: ring_bell\n"
        "  description: Rings the bell.\n"
        "  parameters:\n"
        "    type: object\n"
        "    properties: {}\n"
        "  origin: llm\n"
        "  on_call: silent\n"
        "  on_resolve: fire_and_forget\n"
        "  delivery:\n"
        "    app_message: true\n"
    )


def test_a_file_name_that_is_taken_is_not_used() -> None:
    project = Project({"p.yaml": LEGACY.encode(), "tools/ring_bell.yaml": b"# nothing yet\n"})
    project.migrate()
    assert "tools/ring_bell-2.yaml" in project.files
    assert project.files["tools/ring_bell.yaml"] == b"# nothing yet\n"


def test_a_bare_body_in_json() -> None:
    project = one('{\n  "persona_name": "A",\n  "layers": {"llm": {"model": "tavus-llama-4"}}\n}\n', "a.json")
    project.migrate()
    assert project.text("a.json") == '{\n  "pal_name": "A",\n  "layers": {"llm": {"model": "tavus-gpt-oss"}}\n}\n'


def test_a_saved_list_answer() -> None:
    project = one('{"data": [{"persona_name": "A"}, {"persona_name": "B", "context": ""}]}', "list.json")
    project.migrate()
    assert project.text("list.json") == '{"data": [{"pal_name": "A"}, {"pal_name": "B"}]}'


def test_markdown_with_front_matter() -> None:
    text = "---\nkind: Persona\npersona_name: A # x\ncontext: Be kind.\n---\n\n# Who you are\n\nA guide.\n"
    project = one(text, "guide.md")
    project.migrate(answers={"context-into-system-prompt": {"*": "append"}})
    assert project.text("guide.md") == (
        "---\nkind: Persona\npal_name: A # x\n---\n\n# Who you are\n\nA guide.\n\nBe kind.\n"
    )


def test_several_documents_in_one_file() -> None:
    head = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: %s}\nspec: {persona_name: X} # %s\n"
    project = one("---\n" + "---\n".join(head % (name, name) for name in "abc"))
    result = project.migrate()
    assert project.text("p.yaml").count("{pal_name: X} # ") == 3
    assert result.manifests == 3


def test_overlays_are_migrated_as_far_as_a_part_goes() -> None:
    text = (
        "metadata: {name: a}\nkind: Persona\napiVersion: personas/v1\nspec:\n  context: More.\n  layers:\n    "
        "llm: {model: tavus-llama-4}\n"
    )
    project = Project({"o/a.yaml": text.encode()}, overlays=frozenset({"o/a.yaml"}))
    result = project.migrate()
    assert "tavus-gpt-oss" in project.text("o/a.yaml")
    assert "context: More." in project.text("o/a.yaml")
    assert result.questions == ()


def test_what_hangs_together_by_an_anchor_is_met_as_the_values_that_it_is() -> None:
    text = (
        "persona_name: A\nlayers:\n  llm: &llm {model: tavus-llama-4}\n  sts: *llm\n"
        "  tts: {tts_emotion_control: 'true'}\n"
    )
    project = one(text)
    result = project.migrate()
    assert project.text("p.yaml") == (
        "pal_name: A\nlayers:\n  llm: &llm {model: tavus-gpt-oss}\n  sts:\n    model: tavus-llama-4\n"
        "  tts: {tts_emotion_control: true}\n"
    )
    assert result.of(Status.REFUSED) == ()


def test_a_change_that_cannot_be_written_is_refused_with_its_place_and_the_rest_is_done() -> None:
    text = "persona_name: A\nlayers:\n  ? llm\n  : {model: tavus-llama-4}\n  ? context\n  : x\n? context\n: ''\n"
    project = one(text)
    result = project.migrate()
    assert project.text("p.yaml").startswith("pal_name: A\n")
    (refused,) = result.of(Status.REFUSED)
    assert (refused.id, "p.yaml:7:" in refused.reason) == ("M04", True)


def test_a_file_that_is_not_readable_is_left_and_named() -> None:
    project = Project({"a.yaml": b"persona_name: [\n", "b.yaml": b"persona_name: B\n"})
    result = project.migrate()
    assert project.text("b.yaml") == "pal_name: B\n"
    assert project.text("a.yaml") == "persona_name: [\n"
    assert str(result.diagnostics[0].span).startswith("a.yaml:")


def test_files_that_are_no_manifests_stay() -> None:
    project = Project({"docker.yaml": b"services: {a: {image: x}}\n", "README.md": b"# Hello\n"})
    assert project.migrate().outcomes == ()


def test_only_and_skip() -> None:
    project = one("persona_name: A\nlayers: {llm: {model: tavus-llama-4}}\n")
    assert said(project.migrate(only=["M15"], write=False), Status.DONE) == [
        "M15 tavus-llama-4 was removed: tavus-gpt-oss follows it"
    ]
    found = said(project.migrate(skip=["model-successor"], write=False), Status.DONE)
    assert found == ["M01 persona_name becomes pal_name"]


def test_persona_words_may_be_the_aim() -> None:
    project = one("pal_name: A\ndefault_replica_id: r1\n")
    project.migrate(words="persona")
    assert project.text("p.yaml") == "persona_name: A\ndefault_replica_id: r1\n"
    assert project.migrate(words="persona").files == ()


def test_an_answer_is_followed_and_told() -> None:
    project = one("pal_name: A\nlayers: {llm: {model: tavus-gpt-4.1}}\n")
    (open_one,) = project.migrate().of(Status.OPEN)
    assert open_one.finding.question is not None
    offered = [choice.value for choice in open_one.finding.question.choices]
    assert offered[:3] == ["tavus-gemini-2.5-flash", "tavus-gemini-3-flash", "tavus-glm-4.7"]
    result = project.migrate(answers={"model-successor": {"tavus-gpt-4.1": "tavus-gemini-3-flash"}})
    (done,) = result.of(Status.DONE)
    assert (done.finding.answer, done.automatic) == ("tavus-gemini-3-flash", False)
    assert "tavus-gemini-3-flash" in project.text("p.yaml")


def test_an_answer_for_one_persona_wins() -> None:
    text = b"pal_name: A\nlayers: {llm: {model: tavus-gpt-4.1}}\n"
    project = Project({"a.yaml": text, "b.yaml": text})
    answers = {"model-successor": {"tavus-gpt-4.1": "tavus-gpt-oss", "persona.b": "keep"}}
    project.migrate(answers=answers)
    assert "tavus-gpt-oss" in project.text("a.yaml")
    assert project.files["b.yaml"] == text


@pytest.mark.parametrize("answer", ["tavus-gpt-9", "tavus-llama", "tavus-pal-maker-gemma-4", "nonsense"])
def test_an_answer_that_is_none_is_left_open_and_said(answer: str) -> None:
    project = one("pal_name: A\nlayers: {llm: {model: tavus-gpt-4.1}}\n")
    result = project.migrate(answers={"model-successor": {"*": answer}})
    assert result.files == ()
    assert any(answer in note for found in result.of(Status.OPEN) for note in found.finding.notes)


def canonical(text: bytes, path: str = "p.yaml") -> dict[str, Json]:
    value = read_documents(text, path, Findings())[0].value
    assert isinstance(value, dict)
    spec, clashes = to_canonical(kind("persona"), value)
    assert clashes == ()
    return leaves(kind("persona"), spec)


words = st.sampled_from(["persona_name", "pal_name", "default_replica_id", "default_face_id", "persona_description"])
flows = st.dictionaries(
    st.sampled_from(["pal_interruptibility", "replica_interruptibility", "interruptibility"]),
    st.sampled_from(["low", "high"]),
    max_size=1,
)
bodies = st.fixed_dictionaries(
    {"system_prompt": st.sampled_from(["Hi", "One\n\nTwo\n", "a: b # c"])},
    optional={
        "persona_name": st.sampled_from(["A", "B"]),
        "default_face_id": st.just("r1"),
        "layers": st.fixed_dictionaries(
            {"conversational_flow": flows},
            optional={"tts": st.just({"tts_emotion_control": "true", "voice_settings": {"stability": "0.5"}})},
        ),
    },
)


@given(bodies)
@settings(max_examples=60)
def test_what_keeps_the_meaning_keeps_the_canonical_form(body: Object) -> None:
    """Vocabulary and spelling: the program compares the two files as equal."""
    from reconciler.manifests.edit.manifest_writer import write_document

    text = write_document(body).encode()
    project = Project({"p.yaml": text})
    project.migrate(only=["M01", "M12"])
    assert json_equal(dict(canonical(text)), dict(canonical(project.files["p.yaml"])))
    assert project.migrate(only=["M01", "M12"]).files == ()


values = st.recursive(
    st.sampled_from(["true", "off", "raven-0", "tavus-gpt-4o", "sonic", "", "normal", "high", None, 1, False]),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["name", "x"]), inner)),
    max_leaves=3,
)
layers = st.dictionaries(
    st.sampled_from(["llm", "tts", "stt", "perception", "conversational_flow", "vqa"]),
    st.dictionaries(
        st.sampled_from(
            [
                "model",
                "tools",
                "temperature",
                "tts_engine",
                "tts_model_name",
                "voice_settings",
                "engine",
                "perception_model",
                "tool_prompt",
                "perception_tools",
                "ambient_awareness_queries",
                "enable_vision",
                "participant_pause_sensitivity",
                "turn_detection_model",
                "pal_interruptibility",
                "stt_engine",
            ]
        ),
        values,
        max_size=4,
    ),
    max_size=4,
)


@given(layers, st.sampled_from(["", "keep", "move", "remove", "raven-1", "append", "definition", "rename"]))
@settings(max_examples=150)
def test_any_body_migrates_twice_as_once(layer: Object, answer: str) -> None:
    from reconciler.manifests.edit.manifest_writer import write_document
    from reconciler.platforms.tavus.migrations import MIGRATIONS

    project = Project({"p.yaml": write_document({"persona_name": "A", "context": "x", "layers": layer}).encode()})
    answers = {one.name: {"*": answer} for one in MIGRATIONS.all().values() if answer and one.id != "M01"}
    first = project.migrate(answers=answers)
    assert first.diagnostics == ()
    assert first.of(Status.REFUSED) == ()
    before = dict(project.files)
    project.migrate(answers=answers)
    assert project.files == before


@pytest.mark.parametrize("code", ["M15", "L32", "m15"])
@pytest.mark.parametrize("place", ["behind", "above"])
def test_a_comment_keeps_what_it_stands_beside(code: str, place: str) -> None:
    comment = f"# reconciler: keep {code} until the new voice is chosen"
    above = f"    {comment}\n" if place == "above" else ""
    behind = f" {comment}" if place == "behind" else ""
    text = f"persona_name: A\nlayers:\n  llm:\n{above}    model: tavus-llama-4{behind}\n"
    project = one(text)
    project.migrate()
    assert project.text("p.yaml") == text.replace("persona_name", "pal_name")


def test_a_comment_keeps_a_question_away() -> None:
    project = one("pal_name: A\nlayers: {llm: {model: tavus-gpt-4o}} # reconciler: keep L32 it works\n")
    assert project.migrate().outcomes == ()


def test_a_comment_about_something_else_keeps_nothing() -> None:
    project = one("pal_name: A\nlayers: {llm: {model: tavus-llama-4}} # reconciler: keep L10 long\n")
    assert len(project.migrate().of(Status.DONE)) == 1
