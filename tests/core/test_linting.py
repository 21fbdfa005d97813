"""The values of a body that its kind's field table declares."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.linting import (
    accepted_form,
    declared,
    is_kept,
    kept_codes,
    mark_accepted,
    split_lines,
    to_accept,
)
from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.rules import RULES
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity, Span
from tests.support.rulecase import body


def test_declared_values_know_the_stars_and_stop_at_schemas() -> None:
    headers = body(llm={"headers": {"X": "y"}})
    places = {pointer: row.path for pointer, _, row in declared(kind("persona"), headers)}
    assert places["/layers/llm/headers/X"] == "/layers/llm/headers/*"
    tool = declared(kind("tool"), {"parameters": {"name": {"description": 1}}})
    assert [pointer for pointer, _, _ in tool] == ["/parameters"]


SPANS = st.builds(Span, st.sampled_from(("a.yaml", "b.yaml")), st.integers(1, 9), st.integers(1, 9))
FINDINGS = st.builds(
    Diagnostic,
    code=st.sampled_from(("L18", "L32", "L12", "L03", "E-foreign")),
    severity=st.sampled_from(Severity),
    summary=st.sampled_from(("one", "two")),
    address=st.none() | st.just(Address("persona", "desk")),
    pointer=st.none() | st.sampled_from(("/a", "/b")),
    span=st.none() | SPANS,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(FINDINGS, max_size=6), st.sampled_from([frozenset(), frozenset({Address("persona", "desk")})]))
def test_what_was_accepted_is_marked_and_nothing_is_lost(found: list[Diagnostic], held: frozenset[Address]) -> None:
    baseline = to_accept(found, RULES, held)
    marked = mark_accepted(found, baseline, RULES)
    assert list(marked) == found
    for one in marked:
        shown = one.severity is not Severity.INFO
        assert one.accepted or not shown or accepted_form(one, RULES) not in baseline
        stops = one.is_error and one.code != "L12"
        assert one.accepted or not shown or stops or accepted_form(one, RULES) is None
        said = [other for other in found if accepted_form(other, RULES) == accepted_form(one, RULES)]
        if stops and one.accepted and all(other.is_error for other in said):
            assert one.address in held, "what the account does not have so"


@settings(max_examples=60, deadline=None)
@given(FINDINGS)
def test_no_baseline_accepts_an_error_about_a_secret(one: Diagnostic) -> None:
    as_warning = replace(one, code="L03", severity=Severity.WARNING)
    as_error = replace(as_warning, severity=Severity.ERROR)
    written = to_accept([as_warning], RULES)
    assert [found.accepted for found in mark_accepted([as_warning, as_error], written, RULES)] == [
        bool(written),
        False,
    ]


@settings(max_examples=60, deadline=None)
@given(FINDINGS, SPANS)
def test_a_finding_is_the_same_wherever_it_moved_in_its_file(one: Diagnostic, span: Span) -> None:
    moved = replace(one, span=span)
    if one.address is not None or (one.span is not None and one.span.path == span.path):
        assert accepted_form(moved, RULES) == accepted_form(one, RULES)


@settings(max_examples=60, deadline=None)
@given(FINDINGS, FINDINGS)
def test_only_what_says_the_same_is_accepted(one: Diagnostic, other: Diagnostic) -> None:
    (marked,) = mark_accepted([other], to_accept([one], RULES), RULES)
    if (one.code, one.address, one.pointer or "", one.summary) != (
        other.code, other.address, other.pointer or "", other.summary,
    ):  # fmt: skip
        assert not marked.accepted


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("# reconciler: keep L32 the customer asked for it", {"L32"}),
        ("model: tavus-gpt-4o  # reconciler: keep L32", {"L32"}),
        ("  # reconciler: keep L32, L28 until May", {"L32", "L28"}),
        ("# reconciler: keep L32 L28: both", {"L32", "L28"}),
        ("#reconciler:keep l32 small letters", {"L32"}),
        ("<!-- reconciler: keep L10 long on purpose -->", {"L10"}),
        ("# reconciler: keep", set()),
        ("# reconciler: keep everything L32", set()),
        ("# reconciler: keep L32x", set()),
        ("model: reconciler: keep L32", set()),
        ("url: http://x#reconciler: keep L32", set()),
        ("", set()),
    ],
)
def test_codes_of_a_line(line: str, codes: set[str]) -> None:
    assert kept_codes(line) == codes


LINES = [
    "spec:",
    "  # reconciler: keep L32 first",
    "  # and a second line of the reason",
    "  model: a",
    "",
    "  engine: b  # reconciler: keep L17",
    "  # reconciler: keep L15",
    "",
    "  voice: c",
]


@pytest.mark.parametrize(
    ("line", "code", "kept"),
    [
        (4, "L32", True),
        (4, "L17", False),
        (6, "L17", True),
        (6, "L32", False),
        (9, "L15", False),
        (9, "L17", False),
        (2, "L32", True),
        (0, "L32", False),
        (10, "L32", False),
        (-1, "L15", False),
    ],
)
def test_where_the_comment_may_stand(line: int, code: str, kept: bool) -> None:
    assert is_kept(LINES, line, code) is kept


def test_lines_break_where_yaml_breaks_them() -> None:
    assert split_lines("a\r\nb\rc\nd\u2028e\x0cf") == ["a", "b", "c", "d", "e\x0cf"]


@given(st.text(), st.integers(-3, 10), st.sampled_from(["L01", "L32"]))
def test_any_text_is_readable(text: str, line: int, code: str) -> None:
    assert is_kept(split_lines(text), line, code) in (True, False)
