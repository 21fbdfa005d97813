"""Questions to the catalogue: status by generation, successor, budget, nearest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.types.catalogue import Catalogue, Entry, Generation, Status, Successor, is_hosted


def made(**changes: object) -> Catalogue:
    generations = (
        Generation("1", "first", "persona", "tavus-a", context_window=32000, degraded_from=25000),
        Generation(
            "2", "second", "persona", "tavus-b", recommended_prompt=5000, degraded_from=15000, degraded_until=20000
        ),
        Generation(
            "3", "third", "pal", "tavus-c", recommended_prompt=5000, degraded_from=15000, degraded_until=20000
        ),
    )
    llm = {
        "tavus-a": Entry(
            {"1": Status.DEFAULT, "2": Status.REMOVED},
            context_window=32000,
            degraded_from=25000,
            successor=Successor("@default", "gone"),
        ),
        "tavus-b": Entry({"2": Status.DEFAULT, "3": Status.AVAILABLE}, also=("tavus-bee",), extra_body=("seed",)),
        "tavus-c": Entry({"3": Status.DEFAULT}, context_window=200000),
        "tavus-secret": Entry({"all": Status.INTERNAL}),
    }
    values: dict[str, object] = {
        "format": 1,
        "compiled": "2026-01-01",
        "generation": "3",
        "generations": generations,
        "tables": {"llm": llm, "tts_engine": {"x": Entry({"all": Status.DEFAULT})}},
    }
    return Catalogue(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("id", "generation", "status"),
    [
        ("tavus-a", "1", Status.DEFAULT),
        ("tavus-a", "2", Status.REMOVED),
        ("tavus-a", "3", Status.REMOVED),
        ("tavus-b", "1", Status.UNKNOWN),
        ("tavus-b", "2", Status.DEFAULT),
        ("tavus-b", None, Status.AVAILABLE),
        ("tavus-bee", None, Status.AVAILABLE),
        ("tavus-secret", "1", Status.INTERNAL),
        ("tavus-nobody", None, Status.UNKNOWN),
        ("", None, Status.UNKNOWN),
    ],
)
def test_a_generation_keeps_the_status_before_it(id: str, generation: str | None, status: Status) -> None:
    assert made().status(id, generation=generation) is status


def test_an_unknown_generation_is_the_newest() -> None:
    assert made(generation="9").current().id == "3"


def test_the_successor_at_default_is_that_of_the_generation() -> None:
    assert made().successor("tavus-a") == Successor("tavus-c", "gone")
    assert made(generation="2").successor("tavus-a") == Successor("tavus-b", "gone")
    assert made().successor("tavus-b") is None
    assert made().successor("tavus-nobody") is None


def test_defaults_of_tables() -> None:
    assert made().default() == "tavus-c"
    assert made(generation="1").default() == "tavus-a"
    assert made().default("tts_engine") == "x"
    assert made().default("nothing") is None


def test_known_counts_other_spellings() -> None:
    assert made().known() == ("tavus-a", "tavus-b", "tavus-bee", "tavus-c", "tavus-secret")
    assert made().known("nothing") == ()


def test_nearest_leaves_out_what_one_should_not_use() -> None:
    assert made().nearest("tavus-a") and "tavus-a" not in made().nearest("tavus-a")
    assert "tavus-secret" not in made().nearest("tavus-secre")
    assert made().nearest("B", count=1) in (("tavus-b",), ("tavus-bee",))
    assert made().nearest("nothing like it at all") == ()


@pytest.mark.parametrize(
    ("model", "generation", "window", "known", "recommended", "degraded"),
    [
        ("tavus-a", "3", 32000, True, None, 25000),
        ("tavus-b", "3", 32000, False, 5000, 15000),
        ("tavus-b", "1", 32000, True, None, 25000),
        ("tavus-c", "3", 200000, True, 5000, 15000),
        ("tavus-nobody", "3", 32000, False, 5000, 15000),
        ("tavus-nobody", "1", 32000, False, None, 25000),
        (None, "3", 200000, True, 5000, 15000),
    ],
)
def test_budgets(
    model: str | None, generation: str, window: int, known: bool, recommended: int | None, degraded: int
) -> None:
    budget = made(generation=generation).budget(model)
    assert (budget.window, budget.window_known) == (window, known)
    assert (budget.recommended, budget.degraded_from) == (recommended, degraded)


@given(st.text())
def test_tokens_are_a_quarter_of_the_characters_rounded_up(text: str) -> None:
    tokens = made().tokens(text)
    assert tokens * 4 >= len(text) > (tokens - 1) * 4 or (tokens == 0 and not text)


def test_what_is_current_is_not_outdated() -> None:
    assert not [one for one in Status if one.is_current and one.is_outdated]
    assert {one for one in Status if not one.is_current and not one.is_outdated} == {
        Status.REPORTED,
        Status.INTERNAL,
        Status.UNKNOWN,
    }


def test_parameters_of_a_model_and_of_all() -> None:
    assert made().parameter_names("tavus-b") == ("seed",)
    assert made().parameter_names("tavus-c") == ()
    assert made().parameter_names(None) == ()


@pytest.mark.parametrize(
    ("model", "hosted"), [("tavus-x", True), ("gpt-4o", False), ("", False), (None, False), (7, False)]
)
def test_is_hosted(model: object, hosted: bool) -> None:
    assert is_hosted(model) is hosted  # type: ignore[arg-type]


def test_livekit_of_an_unknown_model() -> None:
    assert made().livekit_for("tavus-a").id is None


def test_only_documented_successors_may_be_followed_unasked() -> None:
    assert Successor("a", basis="documented").is_documented
    assert not Successor("a").is_documented
