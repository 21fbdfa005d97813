"""Edits of files: what was meant happens, nothing else does, and what cannot be done is refused with its place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.manifests.edit.editable_file import rewrite
from reconciler.manifests.read.envelope import read_documents
from reconciler.manifests.tree.problems import Findings
from reconciler.types.json import Json
from reconciler.types.manifest import Edit, EditRefused, MoveValue, RemoveValue, RenameKey, SetValue
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
    assert json_equal(read(odd.text.encode(), "x.yaml")[0], odd.data)
    edit = data.draw(edits_for(odd.data))
    try:
        result = rewrite(odd.text.encode(), "x.yaml", [(0, edit)])
    except EditRefused as problem:
        assert "comment" in problem.message or "shares its line" in problem.message
        return
    assert json_equal(read(result, "x.yaml")[0], after(odd.data, edit))


@given(st.data())
@settings(max_examples=200)
def test_an_edit_of_any_json_does_what_was_meant(data: st.DataObject) -> None:
    odd: Odd = data.draw(odd_json())
    edit = data.draw(edits_for(odd.data))
    result = rewrite(odd.text.encode(), "x.json", [(0, edit)])
    assert json_equal(read(result, "x.json")[0], after(odd.data, edit))


@given(st.data())
@settings(max_examples=200)
def test_nothing_outside_of_the_changed_line_moves(data: st.DataObject) -> None:
    """A value on one line that takes another: every other line, and what else stands on its own, is as before."""
    odd: Odd = data.draw(odd_yaml())
    plain = [key for key, value in odd.data.items() if value is None or isinstance(value, bool | int | float)]
    if not plain:
        return
    key = data.draw(st.sampled_from(plain))
    result = rewrite(odd.text.encode(), "x.yaml", [(0, SetValue(f"/{key}", "raven-1"))]).decode()
    before, after = odd.text.split("\n"), result.split("\n")
    changed = [at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    (line,) = changed
    assert re.sub(r"#.*", "", after[line]).rstrip().endswith("raven-1")
    assert re.findall(r"#.*", before[line]) == re.findall(r"#.*", after[line])


@given(st.data())
@settings(max_examples=200)
def test_comments_outside_of_a_removed_value_stay(data: st.DataObject) -> None:
    odd: Odd = data.draw(odd_yaml())
    flat = [key for key, value in odd.data.items() if not isinstance(value, str | list | dict)]
    if not flat or len(odd.data) < 2:
        return
    try:
        result = rewrite(odd.text.encode(), "x.yaml", [(0, RemoveValue(f"/{data.draw(st.sampled_from(flat))}"))])
    except EditRefused:
        return
    assert all(comment in result.decode() for comment in odd.comments)


def done(text: str, *edits: Edit, path: str = "x.yaml") -> str:
    return rewrite(text.encode(), path, [(0, edit) for edit in edits]).decode()


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        pytest.param("a: 1 # why\nb: 2\n", SetValue("/a", 2), "a: 2 # why\nb: 2\n", id="comment behind"),
        pytest.param("a:   1\n", SetValue("/a", "x"), "a:   x\n", id="odd blanks"),
        pytest.param("a: 'x'\n", SetValue("/a", "off"), 'a: "off"\n', id="off in quotes"),
        pytest.param("a:\nb: 2\n", SetValue("/a", 1), "a: 1\nb: 2\n", id="nothing before"),
        pytest.param("a:  # why\n  b: 1\nc: 2\n", SetValue("/a", 1), "a: 1  # why\nc: 2\n", id="mapping to scalar"),
        pytest.param("a: {b: 1}\n", SetValue("/a/c", "x"), "a: {b: 1, c: x}\n", id="flow add"),
        pytest.param("a: {b: 1,}\n", SetValue("/a/c", 2), "a: {b: 1, c: 2,}\n", id="flow add before a comma"),
        pytest.param("a: {}\n", SetValue("/a/c", 2), "a:\n  c: 2\n", id="empty flow in block"),
        pytest.param("a:\n    b: 1\n", SetValue("/a/c/d", 2), "a:\n    b: 1\n    c:\n        d: 2\n", id="step of 4"),
        pytest.param("a:\n- 1\nb: 2\n", SetValue("/a/-", 3), "a:\n- 1\n- 3\nb: 2\n", id="list without indent"),
        pytest.param("a: [1]\n", SetValue("/a/-", 3), "a: [1, 3]\n", id="flow list"),
        pytest.param("a: 1\nb: 2", RemoveValue("/b"), "a: 1", id="no final newline"),
        pytest.param("a: 1\nb: 2", SetValue("/c", 3), "a: 1\nb: 2\nc: 3", id="add without final newline"),
        pytest.param("a: 1 # why\nb: 2\n", RemoveValue("/a"), "# why\nb: 2\n", id="comment of a removed value"),
        pytest.param("# on a\na: 1\n\nb: 2\n", RemoveValue("/a"), "# on a\n\nb: 2\n", id="comment above stays"),
        pytest.param("a: {b: 1}\nc: 2\n", RemoveValue("/a/b"), "a: {}\nc: 2\n", id="last of a mapping"),
        pytest.param("a: {b: 1}\nc: 2\n", RemoveValue("/a/b", prune=True), "c: 2\n", id="prune"),
        pytest.param("a: [1, 2, 3]\n", RemoveValue("/a/1"), "a: [1, 3]\n", id="flow item"),
        pytest.param("a: [1, 2, 3]\n", RemoveValue("/a/2"), "a: [1, 2]\n", id="last flow item"),
        pytest.param("a:\n  - x: 1\n    y: 2\n", RemoveValue("/a/0/x"), "a:\n  - y: 2\n", id="first behind a dash"),
        pytest.param("a:\n  - x\n  # two\n  - y\n", RemoveValue("/a/1"), "a:\n  - x\n  # two\n", id="item"),
        pytest.param('"a": 1\n', RenameKey("/a", "b"), '"b": 1\n', id="quoted key"),
        pytest.param("'a' : 1\n", RenameKey("/a", "b"), "'b' : 1\n", id="single quotes"),
        pytest.param("a:\n  b: 0.30 # x\nc: 1\n", MoveValue("/a/b", "/c2"), "# x\nc: 1\nc2: 0.30\n", id="as written"),
        pytest.param("a: |+\n  x\n\nb: 1\n", SetValue("/c", 2), "a: |+\n  x\n\nb: 1\nc: 2\n", id="kept line ends"),
        pytest.param("a: >-\n  x\n  y\nb: 1\n", SetValue("/a", "z"), "a: z\nb: 1\n", id="folded to plain"),
        pytest.param("a: >- # c\n  x\nb: 1\n", SetValue("/a", "z"), "a: z # c\nb: 1\n", id="comment of a block text"),
        pytest.param("a: x # c\nb: 1\n", SetValue("/a", "p\nq"), "a: |- # c\n  p\n  q\nb: 1\n", id="to a block text"),
        pytest.param(
            "a: 1\r\nb: 2\r\n", SetValue("/c", "p\nq"), "a: 1\r\nb: 2\r\nc: |-\r\n  p\r\n  q\r\n", id="crlf"
        ),
        pytest.param("a: 1\n...\n", SetValue("/b", 2), "a: 1\nb: 2\n...\n", id="document end"),
        pytest.param(
            "---\na: 1\n--- # two\na: 1\n", SetValue("/a", 2), "---\na: 2\n--- # two\na: 1\n", id="first of two"
        ),
        pytest.param("a: &x 1\n", SetValue("/b", 2), "a: &x 1\nb: 2\n", id="anchor elsewhere"),
        pytest.param("{a: 1}\n", SetValue("/b", 2), "{a: 1, b: 2}\n", id="flow root"),
    ],
)
def test_the_text_after_an_edit(before: str, edit: Edit, after: str) -> None:
    assert done(before, edit) == after


@pytest.mark.parametrize(
    ("text", "edit", "place"),
    [
        ("a: &x {b: 1}\nc: *x\n", SetValue("/a/b", 2), "x.yaml:1"),
        ("a: &x {b: 1}\nc: *x\n", SetValue("/c/b", 2), "x.yaml:2"),
        ("a: &x {b: 1}\nc: *x\n", RemoveValue("/a"), "x.yaml"),
        ("a: &x {b: 1}\nc: {<<: *x, d: 1}\n", RemoveValue("/c/b"), "x.yaml:2"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n", SetValue("/a/b", 2), "x.yaml:1"),
        ("? a\n: 1\nb: 2\n", RemoveValue("/a"), "x.yaml:1"),
    ],
)
def test_what_would_change_something_else_is_refused(text: str, edit: Edit, place: str) -> None:
    with pytest.raises(EditRefused) as caught:
        done(text, edit)
    assert str(caught.value.span).startswith(place)


def test_overriding_a_merged_member_is_no_change_elsewhere() -> None:
    text = "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n"
    assert done(text, SetValue("/c/b", 2)) == "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n  b: 2\n"


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_stays(mark: bytes) -> None:
    assert rewrite(mark + b"a: 1\n", "x.yaml", [(0, SetValue("/a", 2))]) == mark + b"a: 2\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_other_encodings_stay(encoding: str) -> None:
    text = "\ufeffa: é # 🎉\nb: 2\n"
    result = rewrite(text.encode(encoding), "x.yaml", [(0, SetValue("/b", 3))])
    assert result.decode(encoding) == text.replace("b: 2", "b: 3")


MARKDOWN = "---\nkind: PAL\nlayers: {llm: {model: a}} # here\n---\n\n# Hello\n\ntext\n"


def test_front_matter_changes_and_the_text_below_stays() -> None:
    after = done(MARKDOWN, SetValue("/layers/llm/model", "b"), path="x.md")
    assert after == MARKDOWN.replace("model: a", "model: b")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_prompt_of_markdown_is_the_text_below(newline: str) -> None:
    text = MARKDOWN.replace("\n", newline)
    after = done(text, SetValue("/system_prompt", "One\n\nTwo"), path="x.md")
    head = text[: text.index("# Hello")]
    assert after == f"{head}One{newline}{newline}Two{newline}"


def test_front_matter_grows_at_its_end() -> None:
    after = done(MARKDOWN, SetValue("/tools", ["x"]), path="x.md")
    assert after.startswith("---\nkind: PAL\nlayers: {llm: {model: a}} # here\ntools: [x]\n---\n")


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ('{"a": 1}', SetValue("/b", "x"), '{"a": 1, "b": "x"}'),
        ('{\n  "a": 1\n}\n', SetValue("/b", ["x"]), '{\n  "a": 1,\n  "b": [\n    "x"\n  ]\n}\n'),
        ('{\n\t"a": 1,\n\t"b": 2\n}', RemoveValue("/b"), '{\n\t"a": 1\n}'),
        ('{"a": "\\ud83d\\ude00", "b": 1}', SetValue("/b", "é"), '{"a": "\\ud83d\\ude00", "b": "\\u00e9"}'),
        ('{"a/b": {"c": 1}}', SetValue("/a~1b/c", None), '{"a/b": {"c": null}}'),
        ('[{"a": 1}, {"a": 2}]', SetValue("/1/a", 3), '[{"a": 1}, {"a": 3}]'),
    ],
)
def test_json_stays_json(before: str, edit: Edit, after: str) -> None:
    assert done(before, edit, path="x.json") == after


def test_json_under_a_yaml_name_stays_json() -> None:
    assert done('{"a": "\\ud83d\\ude00"}', SetValue("/b", "off")) == '{"a": "\\ud83d\\ude00", "b": "off"}'


def test_several_edits_see_each_other() -> None:
    after = done("a: {b: 1}\n", RenameKey("/a", "z"), SetValue("/z/c", 2), RemoveValue("/z/b"))
    assert after == "z: {c: 2}\n"


@pytest.mark.parametrize("text", ["a: [1\n", "a: 1\na: 2\n"])
def test_a_file_that_is_wrong_is_left_alone(text: str) -> None:
    with pytest.raises(EditRefused):
        done(text, SetValue("/b", 1))


def test_an_edit_that_does_not_fit_is_refused() -> None:
    with pytest.raises(EditRefused, match="not there"):
        done("a: 1\n", RemoveValue("/b"))
    with pytest.raises(EditRefused, match="document number 3"):
        rewrite(b"a: 1\n", "x.yaml", [(2, SetValue("/a", 2))])


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ("a: >\n    one\n    two\n\n    three\nb: 1\n", "one two\nthree\n\nmore\n",
         "a: >\n    one\n    two\n\n    three\n\n\n    more\nb: 1\n"),
        ("a: |- # c\n   one\n\n   two\n\n# d\nb: 1\n", "one\n\ntwo\n\nmore\n x",
         "a: |- # c\n   one\n\n   two\n\n   more\n    x\n\n# d\nb: 1\n"),
        ("a: >-\n  one\n", "one\n x", "a: |-\n  one\n   x\n"),
        ("a: |\n  one", "one\n\ntwo", "a: |\n  one\n\n  two"),
        ("a: |\n  one\n", "one\n\ntwo", "a: |-\n  one\n\n  two\n"),
        ("a: |2\n    one\n", "  one\ntwo\n", "a: |2\n    one\n  two\n"),
    ],
)  # fmt: skip
def test_a_block_text_grows_at_its_end(before: str, new: str, after: str) -> None:
    assert done(before, SetValue("/a", new)) == after


@given(st.data())
@settings(max_examples=150)
def test_a_grown_text_means_what_was_wanted(data: st.DataObject) -> None:
    odd: Odd = data.draw(odd_yaml())
    texts = [key for key, value in odd.data.items() if isinstance(value, str) and value.strip()]
    if not texts:
        return
    key = data.draw(st.sampled_from(texts))
    old = str(odd.data[key])
    end = old[len(old.rstrip("\n")) :]
    new = old.rstrip() + data.draw(st.sampled_from(["\n\nmore", "\nmore\n\nx: 1", "\n  odd", "\n# no comment"])) + end
    result = rewrite(odd.text.encode(), "x.yaml", [(0, SetValue(f"/{key}", new))])
    assert json_equal(read(result, "x.yaml")[0], {**odd.data, key: new})
    assert all(comment in result.decode() for comment in odd.comments)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("sign", ["|+", ">+", "|+   # why"])
@pytest.mark.parametrize("ends", ["\n", "\n\n", "\n\n\n"])
@pytest.mark.parametrize("rest", ["b: 1\n", ""])
@pytest.mark.parametrize("value", ["one", "x\n\ntwo\n", "x\n\ntwo", 7])
def test_a_text_that_keeps_its_line_ends_is_replaced(
    newline: str, sign: str, ends: str, rest: str, value: Json
) -> None:
    text = f"a: {sign}\n  x{ends}{rest}".replace("\n", newline)
    changed = rewrite(text.encode(), "p.yaml", [(0, SetValue("/a", value))])
    [document] = read_documents(changed, "p.yaml", Findings())
    assert json_equal(document.value, {"a": value, **({"b": 1} if rest else {})})
    assert changed.decode().endswith(rest.replace("\n", newline)) and ("# why" in changed.decode()) is ("#" in sign)
