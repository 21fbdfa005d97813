"""Edits of files: what was meant happens, nothing else does, and what cannot be done is refused with its place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical import same
from reconciler.loader.documents import read_documents
from reconciler.loader.findings import Findings
from reconciler.loader.rewrite import RewriteRefused, rewrite
from reconciler.types.json import Json
from tests.support.oddyaml import Odd, after, edits_for, odd_json, odd_yaml


def read(data: bytes, path: str) -> list[Json]:
    findings = Findings()
    found = [one.value for one in read_documents(data, path, findings)]
    assert not findings.has_errors
    return found


@given(st.data())
@settings(max_examples=400)
def test_an_edit_of_any_yaml_does_what_was_meant(data: st.DataObject) -> None:
    odd: Odd = data.draw(odd_yaml())
    assert same(read(odd.text.encode(), "x.yaml")[0], odd.data)
    edit = data.draw(edits_for(odd.data))
    try:
        result = rewrite(odd.text.encode(), "x.yaml", [(0, edit)])
    except RewriteRefused as problem:
        assert "comment" in problem.message or "shares its line" in problem.message
        return
    assert same(read(result, "x.yaml")[0], after(odd.data, edit))


@given(st.data())
@settings(max_examples=200)
def test_an_edit_of_any_json_does_what_was_meant(data: st.DataObject) -> None:
    odd: Odd = data.draw(odd_json())
    edit = data.draw(edits_for(odd.data))
    result = rewrite(odd.text.encode(), "x.json", [(0, edit)])
    assert same(read(result, "x.json")[0], after(odd.data, edit))
