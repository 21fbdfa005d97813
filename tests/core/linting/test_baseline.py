"""The baseline: a finding is known by what it says, wherever it stands; errors that stop runs are never accepted."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.linting.baseline import accepted_form, mark_accepted, to_accept
from reconciler.platforms.tavus.rules import RULES
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.source import Span

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
@given(st.lists(FINDINGS, max_size=6))
def test_what_was_accepted_is_marked_and_nothing_is_lost(found: list[Diagnostic]) -> None:
    marked = mark_accepted(found, to_accept(found, RULES), RULES)
    assert list(marked) == found
    for one in marked:
        shown = one.severity is not Severity.INFO
        assert one.accepted or not shown or accepted_form(one, RULES) is None
        assert not (one.is_error and one.accepted and one.code != "L12"), "an error that stops runs"


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
