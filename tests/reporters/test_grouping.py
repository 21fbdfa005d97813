"""Like changes are one block, nothing is lost by it, and what is alone or blocked stays by itself."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.reporters import REPORTERS
from reconciler.reporters.grouping import (
    SMALLEST,
    Group,
    group_changes,
    group_findings,
    grouped,
    place_of,
    places_of,
    rank_change,
    rank_changes,
)
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, Direction, FieldChange
from reconciler.types.diagnostic import Diagnostic, Severity, Source
from reconciler.types.plan import DriftField, Summary
from reconciler.types.report import Provenance, Report, Style
from tests.support import reports
from tests.support.records import change_of, drift_of
from tests.support.reports import make_plan

MODELS = ("old", "new", "other")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.integers(0, 3), max_size=14))
def test_every_item_is_in_one_place_and_in_order(keys: list[int | None]) -> None:
    numbered = [*enumerate(keys)]
    found = grouped(numbered, lambda one: one[1])
    flat = [item for one in found for item in (one.members if isinstance(one, Group) else (one,))]
    assert sorted(flat) == numbered
    firsts = [one.first if isinstance(one, Group) else one for one in found]
    assert firsts == sorted(firsts)
    for one in found:
        if isinstance(one, Group):
            assert len(one.members) >= SMALLEST
            assert {key for _, key in one.members} == {one.first[1]} != {None}
        else:
            assert one[1] is None or keys.count(one[1]) < SMALLEST


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        what = draw(st.sampled_from(("import", "update", "blocked", "create")))
        address = Address("persona", f"p{number}")
        if what == "import":
            found.append(change_of(address, Action.NOOP, id=f"i{number}", importing=f"i{number}"))
            continue
        field = FieldChange(
            "/layers/llm/model", Direction.GIT, draw(st.sampled_from(MODELS)), draw(st.sampled_from(MODELS))
        )
        blocks = (Block("deletes", f"no {number}", "allow it"),) if what == "blocked" else ()
        action = Action.CREATE if what == "create" else Action.UPDATE
        found.append(change_of(address, action, id=f"i{number}", fields=(field,), blocked=blocks))
    return found


@settings(max_examples=60, deadline=None)
@given(changes())
def test_groups_hold_what_says_the_same(items: list[Change]) -> None:
    for one in group_changes(items):
        if isinstance(one, Group):
            assert not any(member.blocked or member.action is Action.CREATE for member in one.members)
            values = {(field.before, field.after) for member in one.members for field in member.fields}
            assert len(values) <= 1


@settings(max_examples=30, deadline=None)
@given(changes(), st.sampled_from(("text", "markdown", "html")))
def test_a_compact_report_tells_of_every_object_and_every_value(items: list[Change], name: str) -> None:
    report = Report("plan", "w", make_plan(*items, summary=Summary(changed=len(items))))
    said = REPORTERS.get(name)(report, Style(detail="compact"))
    for change in items:
        assert re.search(rf"persona\.{change.address.name}\b", said), "twelve names at most: none is folded"
        for field in change.fields:
            assert str(field.after) in said


def many(count: int) -> Report:
    field = FieldChange("/layers/llm/model", Direction.GIT, "old", "new")
    items = [change_of(Address("persona", f"p{n}"), Action.UPDATE, id=f"i{n}", fields=(field,)) for n in range(count)]
    drift = tuple(
        drift_of(Address("tool", f"t{n}"), f"t{n}", (DriftField("/description", Direction.LIVE, "a", "b"),))
        for n in range(count)
    )
    return Report("plan", "w", make_plan(*items, drift=drift, summary=Summary(changed=count)))


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_two_hundred_like_changes_are_one_block(name: str) -> None:
    said = REPORTERS.get(name)(many(200), Style(detail="compact"))
    assert "200 personas: " in said
    assert said.count("/layers/llm/model") <= 3
    whole = REPORTERS.get(name)(many(200), Style(detail="full"))
    assert len(whole) > 3 * len(said)


def test_a_screen_decides_where_nobody_does() -> None:
    short, long = many(2), many(100)
    text = REPORTERS.get("text")
    auto = Style(detail="auto", rows=60)
    assert text(short, auto) == text(short, replace(auto, detail="full"))
    assert text(long, auto) == text(long, replace(auto, detail="compact"))


def test_a_summary_is_a_line_an_object() -> None:
    said = REPORTERS.get("text")(many(5), Style(detail="summary", width=80))
    lines = [line for line in said.splitlines() if "persona.p" in line]
    assert len(lines) == 5
    assert all('/layers/llm/model "old" -> "new"' in line and len(line) <= 80 for line in lines)


def test_drift_says_who_moved_and_what_to_do() -> None:
    vendor = drift_of(reports.CLAIMS, "p1", (DriftField("/x", Direction.VENDOR, "a", "b"),), reason="vendor")
    live = replace(vendor, reason=None, changes=(replace(vendor.changes[0], direction=Direction.LIVE),))
    for item, ways in ((vendor, False), (live, True)):
        report = Report("drift", plan=make_plan(drift=(item,)))
        row = REPORTERS.get("text")(report, Style(detail="summary"))
        assert item.changes[0].direction.value in row.splitlines()[0].split()
        assert ("drift --review" in REPORTERS.get("text")(report, Style())) is ways


def test_like_findings_are_one() -> None:
    one = Diagnostic("L18", Severity.WARNING, "an unknown field", address=Address("persona", "a"))
    found = group_findings([replace(one, pointer=f"/x{n}") for n in range(4)] + [replace(one, summary="else")])
    assert [isinstance(item, Group) for item in found] == [True, False]


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_pages_group_like_findings_and_open_single_changes(name: str) -> None:
    found = tuple(
        Diagnostic("L20", Severity.WARNING, "old model", hint="run migrate", source=Source(f"p{number}.yaml"))
        for number in range(28)
    )
    alone = change_of(
        Address("persona", "single"),
        Action.UPDATE,
        id="i1",
        fields=(FieldChange("/greeting", Direction.GIT, "a", "b"),),
    )
    many = [
        change_of(
            Address("persona", f"m{number}"),
            Action.UPDATE,
            id=f"m{number}",
            fields=(FieldChange("/layers/llm/model", Direction.GIT, "old", "new"),),
        )
        for number in range(5)
    ]
    text = REPORTERS.get(name)(Report("plan", plan=make_plan(alone, *many), diagnostics=found), Style(detail=""))
    assert text.count("old model") == 1
    assert "28 places" in text
    assert text.index("single") < text.index("old model"), "changes stand before findings"
    blocks = re.findall(r"<details([^>]*)><summary>(.*?)</summary>", text, re.S)
    opened = {"single" in summary: " open" in attributes for attributes, summary in blocks if "persona" in summary}
    assert opened == {True: True, False: False}


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_many_warnings_are_folded_and_no_error_is(name: str) -> None:
    found = (
        Diagnostic("E-x", Severity.ERROR, "broken here"),
        *(Diagnostic("L20", Severity.WARNING, f"warning {number}") for number in range(14)),
    )
    text = REPORTERS.get(name)(Report("validate", diagnostics=found), Style(detail=""))
    assert all(f"warning {number}" in text for number in range(14))
    if name == "markdown":
        assert "<details><summary>14 warnings</summary>" in text
        assert text.index("broken here") < text.index("<details>")


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_the_heading_says_what_commit_when_and_who(name: str) -> None:
    made = Provenance("4f2a" * 10 + "-dirty", "Ann <b>", "2026-11-30 17:05 UTC", "octo_cat")
    text = REPORTERS.get(name)(Report("plan", plan=make_plan(), made=made), Style(detail=""))
    head = text[: text.find("<main")] if name == "html" else text
    assert "4f2a4f2a4f2a by Ann" in head
    assert " and edits that are not committed" in head
    assert "Ann <b>" not in head
    assert "2026-11-30 17:05 UTC" in head
    assert "run by octo" in head


def touch(path: str, direction: Direction = Direction.GIT) -> Change:
    return reports.update(reports.CLAIMS, FieldChange(path, direction, "a", "b"))


@pytest.mark.parametrize("path", ["/tools", "/layers/llm/model", "/system_prompt", "/guardrail_ids"])
def test_what_a_persona_can_do_ranks_above_the_rest(path: str) -> None:
    assert rank_change(touch(path)) < rank_change(touch("/greeting"))


def test_what_a_tool_does_ranks_above_how_it_is_described() -> None:
    made = [
        rank_change(reports.update(reports.LOOKUP, FieldChange(path, Direction.GIT, "a", "b")))
        for path in ("/delivery", "/description")
    ]
    assert made[0] < made[1]


def test_a_path_with_the_same_beginning_is_another_path() -> None:
    assert rank_change(touch("/tools_note")) == rank_change(touch("/greeting"))


def test_a_conflict_ranks_above_any_other_update() -> None:
    assert rank_change(touch("/greeting", Direction.BOTH)) < rank_change(touch("/layers/llm/model"))


@pytest.mark.parametrize("action", list(Action))
def test_blocked_is_first_whatever_it_is(action: Action) -> None:
    blocked = change_of(reports.ECHO, action, blocked=(Block("protect", "no", "yes"),))
    assert rank_change(blocked) == 0
    assert rank_change(change_of(reports.ECHO, action)) > 0


def test_equals_stand_by_size_and_then_by_address() -> None:
    def sized(name: str, count: int) -> Change:
        fields = (FieldChange("/greeting", Direction.GIT, "a", "b"),) * count
        return reports.update(Address("persona", name), *fields)

    ranked = rank_changes([sized("b", 1), sized("a", 1), sized("c", 3)])
    assert [change.address.name for change in ranked] == ["c", "a", "b"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | st.integers(1, 4), min_size=1, max_size=12))
def test_a_place_is_named_once_however_many_share_it(lines: list[int | None]) -> None:
    found = [
        Diagnostic("L18", Severity.WARNING, "same", source=None if line is None else Source(f"manifests/{line}.yaml"))
        for line in lines
    ]
    words, places = places_of(found)
    assert sorted(places) == sorted({place_of(one) for one in found} - {""})
    said = [int(number) for number in re.findall(r"\d+", words)]
    assert said == ([len(places)] if places else []) + ([len(found)] if len(places) < len(found) else [])
