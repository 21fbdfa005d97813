"""`explain`: paths in any spelling, the record, the text, and what to say about a path that is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.errors import UsageError
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.reporters.explain_field import as_json, explain, render
from reconciler.types.json import split

PATHS = [(spec.name, row.path) for spec in KINDS.all().values() for row in spec.fields]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("persona", "persona"),
        ("Persona", "persona"),
        ("PAL", "persona"),
        ("pal.layers", "persona.layers"),
        ("tool.delivery", "tool.delivery"),
        ("Tool", "tool"),
        ("persona.persona_name", "persona.pal_name"),
        ("persona.default_replica_id", "persona.default_face_id"),
        (
            "persona.layers.conversational_flow.face_interruptibility",
            "persona.layers.conversational_flow.interruptibility",
        ),
        ("persona.spec.layers.llm", "persona.layers.llm"),
        ("layers.llm.model", "persona.layers.llm.model"),
        ("persona_name", "persona.pal_name"),
        ("/layers/tts", "persona.layers.tts"),
        ("persona/layers/tts", "persona.layers.tts"),
        ("persona.layers.llm.tools[0]", "persona.layers.llm.tools"),
        ("persona.layers.llm.tools.0", "persona.layers.llm.tools"),
        ("persona.layers.llm.headers.X-Org", "persona.layers.llm.headers.*"),
        ("persona.layers.llm.headers.*", "persona.layers.llm.headers.*"),
        (" persona.layers ", "persona.layers"),
        ("manifest", "manifest"),
        ("manifest.metadata.id", "manifest.metadata.id"),
        ("persona.metadata.id", "manifest.metadata.id"),
        ("tool.lifecycle", "manifest.lifecycle"),
        ("lifecycle.ignore", "manifest.lifecycle.ignore"),
        ("metadata.labels.team", "manifest.metadata.labels.*"),
    ],
)
def test_paths_in_any_spelling(path: str, found: str) -> None:
    assert explain(path, KINDS).path == found


@pytest.mark.parametrize(("kind", "pointer"), PATHS)
def test_every_declared_field_is_explained(kind: str, pointer: str) -> None:
    found = explain(".".join([kind, *split(pointer)]), KINDS)
    assert found.pointer == pointer
    assert found.doc
    text = render(found, width=80)
    assert text.startswith(f"PATH:     {found.path}\n")
    assert "DESCRIPTION:" in text
    assert json.loads(json.dumps(as_json(found)))["pointer"] == pointer


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("persona.layers.lmm", "did you mean persona.layers.llm?"),
        ("persona.metadata.nmae", "did you mean manifest.metadata.name?"),
        ("persona.layers.llm.modle", "did you mean persona.layers.llm.model?"),
        ("persona.layers.conversational_flow.pal_interuptibility", "pal_interruptibility"),
        ("persona.model", "did you mean persona.layers.llm.model?"),
        ("persona.base_url", "did you mean persona.layers.llm.base_url?"),
        ("persna", "did you mean 'persona'?"),
        ("tool.nothing_like_it", "known: "),
        ("tool.name.more", "holds data of your own"),
        ("zzzzzz", "kinds: "),
        ("", "for example persona.layers.llm"),
        ("persona.layers.llm.extra_body.seed", "members of any name"),
    ],
)
def test_an_unknown_path_gets_the_nearest(path: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(path, KINDS)
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_facts_of_a_field() -> None:
    found = explain("persona.layers.conversational_flow.interruptibility", KINDS)
    assert found.type == "string"
    assert found.default == "medium"
    assert found.values == ("low", "medium", "high")
    assert set(found.spellings) == {"replica_interruptibility", "pal_interruptibility", "face_interruptibility"}


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("persona.layers.llm.api_key", ["Secret: give {env: NAME}"]),
        ("persona.pal_id", ["never sent", "ALSO:"]),
        ("persona.context", ["Deprecated: since 2026-02-12", 'DEFAULT:  ""']),
        ("persona.guardrail_ids", ["REFERS TO:guardrail", "LIMITS:", "at most 50"]),
        ("tool.name", ["Required.", "EXAMPLE:", '"lookup_policy"']),
        ("persona.layers.stt.stt_engine", ["VALUES:", "tavus-whisper"]),
    ],
)
def test_the_text_says_what_matters(path: str, parts: list[str]) -> None:
    text = render(explain(path, KINDS))
    for part in parts:
        assert part.replace(" ", "") in text.replace(" ", "")


def test_children_with_one_line_each() -> None:
    found = explain("persona.layers.llm", KINDS)
    children = {name: doc for name, _, doc in found.children}
    assert children["api_key"].endswith("[secret]")
    assert "[deprecated]" in children["tools"]
    text = render(found)
    for name in children:
        assert f"\n  {name} " in text


def test_a_kind_lists_its_fields_with_what_is_read_only() -> None:
    found = explain("persona", KINDS)
    assert found.doc
    assert any("[read only]" in doc for _, _, doc in found.children)


def test_the_catalogue_adds_the_current_models() -> None:
    found = explain("persona.layers.llm.model", KINDS, load_catalogue())
    assert "tavus-gemma-4" in found.values
    assert "tavus-llama-4" not in found.values
    assert explain("persona.layers.llm.model", KINDS).values == ()


@pytest.mark.parametrize("width", [1, 20, 60, 200])
def test_any_width(width: int) -> None:
    for path in ("persona", "persona.layers.llm.model", "tool.delivery"):
        assert render(explain(path, KINDS), width=width).endswith("\n")


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(["persona", "layers", "llm", "*", "[0]", "0", ".", "/", "x"])).map("".join)
)
def test_any_text_is_a_path_or_a_usage_error(path: str) -> None:
    try:
        found = explain(path, KINDS)
    except UsageError as error:
        assert error.hint
    else:
        assert explain(found.path, KINDS) == found


def test_voice_settings_show_the_ranges_of_each_engine() -> None:
    limits = explain("persona.layers.tts.voice_settings", KINDS, load_catalogue()).limits
    assert "sonic (cartesia): speed -1 to 1, or slowest, slow, normal, fast, fastest" in limits
    assert "any model of elevenlabs: speed 0.7 to 1.2; stability 0 to 1" in limits
    assert "use_speaker_boost true or false" in limits


def test_the_turn_detector_has_one_default() -> None:
    path = "persona.layers.conversational_flow.turn_detection_model"
    assert explain(path, KINDS, load_catalogue()).default == load_catalogue().default("turn_detection") == "sparrow-1"
