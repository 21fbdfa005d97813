"""The catalogue that ships with the package, and what a project may change in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.errors import ManifestError
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.catalogue import Status
from reconciler.types.diagnostic import Severity
from reconciler.types.json import Json, lookup

CATALOGUE = load_catalogue()
ENTRIES = [(table, id) for table, rows in CATALOGUE.tables.items() for id in rows]


class TestThePackagedData:
    def test_is_dated_and_read_once(self) -> None:
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", CATALOGUE.compiled)
        assert load_catalogue() is load_catalogue(None) is load_catalogue({})

    def test_has_the_tables_that_the_rules_ask_for(self) -> None:
        assert set(CATALOGUE.tables) == {
            "llm",
            "perception",
            "turn_detection",
            "stt_engine",
            "tts_engine",
            "tts_model",
        }

    @pytest.mark.parametrize(("table", "id"), ENTRIES)
    def test_every_entry_names_known_generations_and_sources(self, table: str, id: str) -> None:
        row = CATALOGUE.tables[table][id]
        generations = {one.id for one in CATALOGUE.generations}
        assert row.status
        assert set(row.status) <= {*generations, "all"}
        assert row.sources
        assert set(row.sources) <= set(CATALOGUE.sources)

    @pytest.mark.parametrize(("table", "id"), ENTRIES)
    def test_successors_are_in_the_table_and_usable(self, table: str, id: str) -> None:
        after = CATALOGUE.successor(id, table)
        if after is None:
            return
        assert after.reason
        assert after.basis in {"documented", "client", "report", "judgement", "guess"}
        for other in (after.id, *after.alternatives):
            assert other is None or CATALOGUE.entry(other, table) is not None
        assert after.id != id
        if CATALOGUE.status(id, table).is_outdated:
            assert after.id or after.alternatives

    @pytest.mark.parametrize(("table", "id"), ENTRIES)
    def test_what_is_outdated_says_what_to_use_instead(self, table: str, id: str) -> None:
        if CATALOGUE.status(id, table).is_outdated:
            assert CATALOGUE.successor(id, table) is not None

    def test_generations_name_their_default_which_is_a_model(self) -> None:
        for one in CATALOGUE.generations:
            assert CATALOGUE.status(one.default_llm, generation=one.id) in (Status.DEFAULT, Status.RECOMMENDED)
            assert set(one.sources) <= set(CATALOGUE.sources)

    def test_scores_lie_between_one_and_three(self) -> None:
        for row in CATALOGUE.tables["llm"].values():
            if row.scores is not None:
                assert {row.scores.speed, row.scores.intelligence, row.scores.naturalness} <= {1, 2, 3}

    def test_only_two_language_model_moves_are_documented(self) -> None:
        documented = [
            id for id in CATALOGUE.tables["llm"] if (CATALOGUE.successor(id) or _NONE).basis == "documented"
        ]
        assert documented == ["tavus-llama-4"]

    def test_a_successor_by_judgement_loses_no_score(self) -> None:
        for id, row in CATALOGUE.tables["llm"].items():
            after = CATALOGUE.successor(id)
            other = CATALOGUE.entry(after.id) if after is not None and after.id else None
            if row.scores and other and other.scores and after and after.basis == "judgement":
                now, then = other.scores, row.scores
                assert now.speed >= then.speed
                assert now.intelligence >= then.intelligence
                assert now.naturalness >= then.naturalness

    def test_every_hosted_model_has_a_livekit_answer(self) -> None:
        for id in CATALOGUE.tables["llm"]:
            if id != "tavus-llama-3-8b-instruct":
                choice = CATALOGUE.livekit_for(id)
                assert choice.id is None or choice.id in CATALOGUE.livekit.models
                assert choice.id or choice.why

    def test_values_are_those_of_the_field_tables_or_more(self) -> None:
        rows = {row.path.rpartition("/")[2]: row for row in KINDS.get("persona").fields}
        for word, values in CATALOGUE.values.items():
            assert set(rows[word].enum) <= {*values.known, *values.reported}

    @pytest.mark.parametrize(
        ("generation", "default", "gpt_4o"),
        [
            ("2025-07", "tavus-llama-4", Status.AVAILABLE),
            ("2025-12", "tavus-gpt-oss", Status.AVAILABLE),
            ("2026-02", "tavus-gpt-oss", Status.DEPRECATED),
            ("2026-07", "tavus-glm-4.7", Status.UNLISTED),
            ("2026-08", "tavus-gemma-4", Status.UNLISTED),
        ],
    )
    def test_the_generations_of_the_pages(self, generation: str, default: str, gpt_4o: Status) -> None:
        then = load_catalogue({"generation": generation})
        assert then.default() == default
        assert then.status("tavus-gpt-4o") is gpt_4o


class _None:
    basis = ""


_NONE = _None()


class TestOverrides:
    def test_a_model_is_added(self) -> None:
        row: Json = {"status": {"2026-08": "available"}, "context_window": 64000, "sources": []}
        found = load_catalogue({"tables": {"llm": {"tavus-new": row}}})
        assert found.status("tavus-new") is Status.AVAILABLE
        assert found.budget("tavus-new").window == 64000
        assert found.status("tavus-gpt-oss") is CATALOGUE.status("tavus-gpt-oss")

    def test_one_fact_of_a_model_is_changed(self) -> None:
        found = load_catalogue({"tables": {"llm": {"tavus-gpt-oss": {"context_window": 128000}}}})
        row = found.entry("tavus-gpt-oss")
        assert row is not None
        assert row.context_window == 128000
        assert row.scores == CATALOGUE.tables["llm"]["tavus-gpt-oss"].scores

    def test_null_takes_a_model_away(self) -> None:
        assert load_catalogue({"tables": {"llm": {"tavus-gpt-oss": None}}}).entry("tavus-gpt-oss") is None

    def test_the_successor_of_a_model_is_chosen(self) -> None:
        after: Json = {"id": "tavus-gemini-3-flash", "reason": "we measured", "basis": "documented"}
        found = load_catalogue({"tables": {"llm": {"tavus-gpt-4.1": {"successor": after}}}})
        chosen = found.successor("tavus-gpt-4.1")
        assert chosen is not None
        assert chosen.id == "tavus-gemini-3-flash"

    def test_the_packaged_data_stays_as_it_is(self) -> None:
        load_catalogue({"tables": {"llm": {"tavus-gpt-oss": {"context_window": 1}}}})
        row = load_catalogue().entry("tavus-gpt-oss")
        assert row is not None
        assert row.context_window == 32000

    @pytest.mark.parametrize(
        ("overrides", "pointer", "part"),
        [
            ({"generation": "2031"}, "/generation", "known: 2025-01"),
            ({"tabels": {}}, "/tabels", "unknown key"),
            ({"tables": []}, "/tables", "must be a mapping"),
            ({"tables": {"llm": {"x": {"status": {"all": "great"}}}}}, "/tables/llm/x/status/all", "must be one of"),
            ({"tables": {"llm": {"x": {"context_window": "32k"}}}}, "/tables/llm/x/context_window", "whole number"),
            ({"tables": {"llm": {"x": {"context_window": True}}}}, "/tables/llm/x/context_window", "whole number"),
            ({"tables": {"llm": {"x": {"scores": {"speed": 1}}}}}, "/tables/llm/x/scores", "lacks intelligence"),
            ({"tables": {"llm": {"x": {"sources": "me"}}}}, "/tables/llm/x/sources", "must be a list"),
            ({"tables": {"llm": {"x": {"sources": [7]}}}}, "/tables/llm/x/sources/0", "must be a text"),
            ({"tables": {"llm": {"x": 7}}}, "/tables/llm/x", "must be a mapping"),
            ({"chars_per_token": "4"}, "/chars_per_token", "whole number"),
        ],
    )
    def test_what_does_not_fit_is_said_with_its_place(
        self, overrides: dict[str, Json], pointer: str, part: str
    ) -> None:
        with pytest.raises(ManifestError) as caught:
            load_catalogue(overrides)
        (finding,) = caught.value.diagnostics
        assert finding.pointer == pointer
        assert finding.severity is Severity.ERROR
        assert part in finding.summary

    def test_all_problems_at_once(self) -> None:
        with pytest.raises(ManifestError) as caught:
            load_catalogue({"tabels": {}, "compiled": 7, "livekit": {"nots": []}})
        assert len(caught.value.diagnostics) == 3

    def test_a_typo_gets_a_hint(self) -> None:
        with pytest.raises(ManifestError) as caught:
            load_catalogue({"tables": {"llm": {"x": {"sucessor": {}}}}})
        assert caught.value.diagnostics[0].hint == "did you mean 'successor'?"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tables", "llm", "x", "status", "scores", "generations", "livekit"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["tables", "generation", "generations", "livekit", "values", "other"]), JSON))
def test_no_overrides_break_it(overrides: dict[str, Json]) -> None:
    try:
        found = load_catalogue(overrides)
    except ManifestError as error:
        assert error.diagnostics
        assert all(
            lookup(overrides, one.pointer or "", "absent") != "absent" or one.pointer for one in error.diagnostics
        )
    else:
        assert found.current().id


def test_a_status_for_all_generations_leaves_nothing_of_the_old_one():
    found = load_catalogue({"tables": {"llm": {"tavus-gpt-oss": {"status": {"all": "removed"}}}}})
    assert {found.status("tavus-gpt-oss", generation=one.id) for one in found.generations} == {Status.REMOVED}
    later = load_catalogue({"tables": {"llm": {"tavus-gpt-oss": {"status": {"2026-08": "removed"}}}}})
    assert later.status("tavus-gpt-oss") is Status.REMOVED
    assert later.status("tavus-gpt-oss", generation="2026-07") is Status.AVAILABLE
