"""Every entry of the table of export targets: pure, the same every time, honest about what it leaves behind."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.core.export.target import Knowledge, Target, is_untouched
from reconciler.platforms import TARGETS
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object
from tests.support.bodies import bodies
from tests.support.livekitpersonas import subjects
from tests.support.records import persona_subject

KNOWLEDGE = Knowledge(load_catalogue())
EVERYTHING: Object = {
    "pal_name": "Desk", "system_prompt": "You welcome.", "guardrail_ids": ["g1"], "document_ids": ["d1"],
    "objectives_id": "o1", "skills": {"memory": {}},
    "layers": {
        "llm": {"model": "m", "base_url": "https://x.example/v1", "api_key": SecretRef("literal", "x")},
        "perception": {"perception_model": "raven-1", "visual_awareness_queries": ["Who?"]},
        "tts": {"pronunciation_dictionary_id": "pd1"},
    },
}  # fmt: skip


EACH = [(name, language) for name in TARGETS for language in TARGETS.get(name).languages or ("",)]


def test_files_of_one_language_never_have_the_path_of_anothers() -> None:
    named = [persona_subject(one, {"system_prompt": "Hi"}) for one in ("a", "a-node", "a_node", "A.node", "node")]
    for name in TARGETS:
        paths = [
            file.path.casefold()
            for language in TARGETS.get(name).languages
            for one in TARGETS.get(name).generate(named, replace(KNOWLEDGE, language=language))
            for file in one.files
        ]
        assert len(set(paths)) == len(paths)


@pytest.mark.parametrize(("name", "language"), EACH)
class TestEveryTarget:
    def test_is_described(self, name: str, language: str) -> None:
        target = TARGETS.get(name)
        assert isinstance(target, Target)
        assert target.name == name
        assert re.fullmatch(r"[a-z0-9-]+", target.folder)
        assert len(target.description) > 20

    def test_names_what_it_leaves_behind(self, name: str, language: str) -> None:
        one = TARGETS.get(name).generate(
            [persona_subject("desk", EVERYTHING)], replace(KNOWLEDGE, language=language)
        )[0]
        told = {remark.path for remark in (*one.not_carried, *one.adjusted)}
        for path in (
            "/guardrail_ids", "/document_ids", "/objectives_id", "/skills", "/layers/perception/perception_model",
            "/layers/perception/visual_awareness_queries", "/layers/tts/pronunciation_dictionary_id",
        ):  # fmt: skip
            assert path in told
        assert all(remark.reason for remark in one.not_carried)

    def test_a_secret_is_the_name_of_a_variable(self, name: str, language: str) -> None:
        one = TARGETS.get(name).generate(
            [persona_subject("desk", EVERYTHING)], replace(KNOWLEDGE, language=language)
        )[0]
        assert "PERSONA_DESK_LLM_API_KEY" in one.environment
        assert not any("$secret" in file.text for file in one.files)

    def test_files_stay_in_their_folder_and_do_not_collide(self, name: str, language: str) -> None:
        named = ["a-b", "a_b", "A.B", "json", "con", "1", "..x"]
        made = TARGETS.get(name).generate(
            [persona_subject(one, {"system_prompt": "Hi"}) for one in named], replace(KNOWLEDGE, language=language)
        )
        paths = [file.path for one in made for file in one.files]
        assert len({path.casefold() for path in paths}) == len(paths)
        assert not any(part in ("", "..") for path in paths for part in path.split("/"))

    @given(data=st.data())
    def test_order_does_not_matter_and_nothing_is_random(self, name: str, language: str, data: st.DataObject) -> None:
        every = data.draw(st.lists(subjects(), max_size=3, unique_by=lambda one: one.address.name.casefold()))
        target, knowledge = TARGETS.get(name), replace(KNOWLEDGE, language=language)
        there = {one.address: one for one in target.generate(every, knowledge)}
        back = {one.address: one for one in target.generate(every[::-1], knowledge)}
        assert there == back
        assert set(there) == {subject.address for subject in every}

    @given(body=bodies("persona"))
    def test_takes_any_body(self, name: str, language: str, body: dict[str, Json]) -> None:
        one = TARGETS.get(name).generate([persona_subject("desk", body)], replace(KNOWLEDGE, language=language))[0]
        assert bool(one.files) != bool(one.skipped)
        assert all(file.user_owned or is_untouched(file.text.encode()) for file in one.files)
