"""Marks over what a run was told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.planning.run_trace import MARK, Question, Trace

KEY = b"k" * 32
ANSWERS = st.dictionaries(st.tuples(st.sampled_from("ab"), st.text(max_size=3)), st.binary(max_size=4), min_size=1)


def trace_of(answers: dict[Question, bytes], key: bytes = KEY) -> Trace:
    trace = Trace(key)
    for question, answer in answers.items():
        trace.note(question, answer)
    return trace


@given(ANSWERS, ANSWERS)
def test_marks_are_the_same_where_all_answers_are(one: dict[Question, bytes], other: dict[Question, bytes]) -> None:
    asked = list(one)
    same = all((one | other)[question] == one[question] for question in asked)
    found = trace_of(one | other)
    assert (found.marks(asked) == trace_of(one).marks(asked)) == same
    assert found.marks(asked) == "".join(found.marks([question]) for question in asked)
    assert all(len(found.marks([question])) == MARK for question in asked)
    assert trace_of(one, b"other key").marks(asked) != trace_of(one).marks(asked)


@given(ANSWERS)
def test_questions_keep_their_order_and_can_be_chosen(answers: dict[Question, bytes]) -> None:
    trace = trace_of(answers)
    assert trace.questions("a", "b") == list(answers)
    assert trace.questions("a") == [question for question in answers if question[0] == "a"]
    assert trace.exact


def test_two_answers_to_one_question_are_noticed() -> None:
    trace = Trace(KEY)
    trace.note(("state",), b"1")
    trace.note(("state",), b"1")
    assert trace.exact
    trace.note(("state",), b"2")
    assert not trace.exact
