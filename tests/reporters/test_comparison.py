"""Two workspaces side by side, in every format."""

from __future__ import annotations

import json

import pytest

from reconciler.platforms.tavus.kinds import kind
from reconciler.reporters import REPORTERS
from reconciler.types.address import Address
from reconciler.types.change import Action
from reconciler.types.report import Comparison, DesiredDifference, Report, Side, Standing, Style
from tests.support.reports import make_plan

PLANTED = "sk-planted-77"


def side(name: str, standing: Standing, *desired: DesiredDifference, pending: tuple[str, ...] = ()) -> Side:
    return Side(
        Address("persona", name),
        kind("persona"),
        standing,
        desired,
        pending,
        Action.UPDATE if pending else Action.NOOP,
    )


COMPARISON = Comparison(
    "staging",
    "production",
    (
        side("a", Standing.SAME),
        side(
            "b",
            Standing.DIFFERS,
            DesiredDifference("/greeting", None, "Hi <b>@all</b>"),
            DesiredDifference("/layers/llm/api_key", {"env": "KEY_A"}, {"env": "KEY_B"}),
            pending=("/pal_name", "/greeting"),
        ),
        side("c", Standing.ONLY_HERE),
        side("d", Standing.ONLY_THERE),
        side("e", Standing.NOWHERE),
    ),
)


def report(comparison: Comparison) -> Report:
    return Report("plan", "production", make_plan(), comparison=comparison)


def rendered(name: str, comparison: Comparison = COMPARISON, **style: object) -> str:
    return REPORTERS.get(name)(report(comparison), Style(**style))


@pytest.mark.parametrize("name", REPORTERS)
def test_every_format_takes_it_and_none_shows_a_secret(name: str) -> None:
    leak = DesiredDifference("/layers/llm/api_key", PLANTED, {"x": PLANTED})
    text = rendered(name, Comparison("a", "b", (side("x", Standing.DIFFERS, leak),)))
    assert PLANTED not in text
    assert rendered(name) is not None


def test_as_text() -> None:
    text = rendered("text")
    for words in (
        "staging beside production",
        "= persona.a  same",
        "~ persona.b  differs  (promoting changes 2 fields in production)",
        "< persona.c  only in staging",
        "> persona.d  only in production",
        "+ persona.e  in neither yet",
        "5 addresses: 1 same, 1 differs, 1 only in staging, 1 only in production, 1 in neither yet.",
        "KEY_A",
    ):
        assert words in text
    assert "addresses" not in rendered("text", quiet=True)


def test_many_of_the_same_are_only_counted() -> None:
    many = Comparison("a", "b", tuple(side(f"n{number}", Standing.SAME) for number in range(500)))
    assert "persona.n7" not in rendered("text", many)
    assert "500 addresses: 500 same." in rendered("text", many)
    assert "persona.n7 " in rendered("text", many, verbose=True)


def test_as_json() -> None:
    found = json.loads(rendered("json"))["comparison"]
    assert (found["from"], found["to"], found["waiting_in_from"]) == ("staging", "production", 0)
    assert [one["standing"] for one in found["resources"]] == [
        "same", "differs", "only_in_from", "only_in_to", "in_neither",
    ]  # fmt: skip
    assert found["resources"][1] == {
        "address": "persona.b",
        "standing": "differs",
        "desired": [
            {"path": "/greeting", "from": None, "to": "Hi <b>@all</b>"},
            {"path": "/layers/llm/api_key", "from": {"env": "KEY_A"}, "to": {"env": "KEY_B"}},
        ],
        "pending": ["/pal_name", "/greeting"],
        "action": "update",
    }
    assert found["summary"] == {"same": 1, "differs": 1, "only_in_from": 1, "only_in_to": 1, "in_neither": 1}
    assert "comparison" not in json.loads(REPORTERS.get("json")(Report("plan", plan=make_plan()), Style()))


def test_as_markdown_nothing_breaks_out_and_nothing_is_too_long() -> None:
    text = rendered("markdown")
    assert "<b>" not in text
    assert "&lt;b&gt;" in text
    assert "persona.a<" not in text, "what is the same is only counted"
    leaf = DesiredDifference("/system_prompt", "x" * 9_000, "y" * 9_000)
    many = Comparison("a", "b", tuple(side(f"n{number}", Standing.DIFFERS, leaf) for number in range(2_000)))
    long = rendered("markdown", many)
    assert len(long) <= 65_536
    assert "more" in long
