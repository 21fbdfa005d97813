"""Blocks that are moved keep their comments, their style and their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.edit.editable_file import rewrite
from reconciler.manifests.edit.editable_text import shifted
from reconciler.manifests.read.yaml_reader import parse_yaml
from reconciler.manifests.tree.problems import Findings
from reconciler.types.manifest import EditRefused, MoveValue

TEXT = """\
spec:   # the body
  pal_name: A
  layers:
    llm: {model: m}   # keep
    # about the documents
    document_ids:   # two
      # the handbook
      - d1   # v2

      - "d2"
    stt: {stt_engine: tavus-auto}
# the end
"""
MOVED = """\
spec:   # the body
  pal_name: A
  layers:
    llm: {model: m}   # keep
    # about the documents
    stt: {stt_engine: tavus-auto}
  document_ids:   # two
    # the handbook
    - d1   # v2

    - "d2"
# the end
"""
EDIT = MoveValue("/spec/layers/document_ids", "/spec/document_ids")


def move(text: str, edit: MoveValue = EDIT, path: str = "a.yaml") -> str:
    return rewrite(text.encode(), path, [(0, edit)]).decode()


def test_a_list_moves_as_it_is_written():
    assert move(TEXT) == MOVED


def test_so_it_does_with_other_line_ends_and_in_front_matter():
    assert move(TEXT.replace("\n", "\r\n")) == MOVED.replace("\n", "\r\n")
    front = f"---\nkind: Persona\n{TEXT}---\nThe prompt.\n"
    assert move(front, path="a.md") == f"---\nkind: Persona\n{MOVED}---\nThe prompt.\n"


def test_at_the_end_of_a_file_without_a_last_line_end():
    text = "spec:\n  layers:\n    document_ids:\n      - d1   # v2\n      - d2   # last"
    assert move(text) == "spec:\n  document_ids:\n    - d1   # v2\n    - d2   # last"


def test_a_mapping_goes_deeper_with_everything_in_it():
    text = (
        "spec:\n  extra:\n    # how warm\n    temperature: 0.2   # low\n    note: |\n      two\n\n       lines\n"
        "  layers:\n    llm:\n      model: m\n"
    )
    after = move(text, MoveValue("/spec/extra", "/spec/layers/llm/extra_body"))
    assert after == (
        "spec:\n  layers:\n    llm:\n      model: m\n      extra_body:\n        # how warm\n"
        "        temperature: 0.2   # low\n        note: |\n          two\n\n           lines\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "spec:\n  layers:\n    document_ids: [d1, d2]   # one line\n",
        "spec:\n  layers:\n    document_ids: &all\n      - d1\n    other: *all\n",
        "spec: {layers: {document_ids: [d1,\n  d2]}}\n",
        "spec:\n  layers:\n    document_ids:\n    - d1\n    - d2\n",
        '{"spec": {"layers": {"document_ids": ["d1",\n "d2"]}}}\n',
    ],
)
def test_whatever_the_spelling_the_value_arrives(text):
    try:
        after = move(text)
    except EditRefused as refused:
        assert "&all" in text and str(refused), "an anchor in use may be refused, with a reason"
        return
    ((_, value),) = parse_yaml(after, "a.yaml", Findings())
    assert isinstance(value, dict)
    assert value["spec"]["document_ids"][0] == "d1"
    assert "document_ids" not in value["spec"].get("layers", {})


LINE = st.text("ab# -:", min_size=1, max_size=8).map(lambda text: f"    {text}x")


@given(st.lists(LINE, max_size=6), st.integers(0, 6))
def test_shifting_there_and_back_changes_nothing(lines, by):
    block = "\n".join(["  # head", *lines])
    deeper = shifted(block, by)
    assert deeper is not None and shifted(deeper, -by) == block


def test_a_line_that_cannot_come_up_stops_it():
    assert shifted("\n  a", -4) is None
    assert shifted("\n  # a", -4) == "\n# a"
