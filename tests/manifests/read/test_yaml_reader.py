"""YAML text -> values: YAML 1.2 words, traps, bombs, depth, and places."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.read import yaml_documents as module
from reconciler.manifests.read.yaml_documents import MAX_NODES
from reconciler.manifests.read.yaml_reader import EXPANSION, MAX_PROBLEMS, parse_yaml
from reconciler.manifests.read.yaml_rules import MAX_DEPTH
from reconciler.manifests.tree.problems import Findings
from reconciler.types.diagnostic import Diagnostic


def read(text: str) -> Any:
    """The one value of a text that must be without findings."""
    findings = Findings()
    documents = parse_yaml(text, "x.yaml", findings)
    assert findings.items == []
    ((_, value),) = documents
    return value


def problems(text: str) -> list[Diagnostic]:
    findings = Findings()
    parse_yaml(text, "x.yaml", findings)
    return findings.items


def problem(text: str) -> Diagnostic:
    (only,) = problems(text)
    return only


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("0", 0),
        ("-12", -12),
        ("+3", 3),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1.5e3", 1500.0),
        ("-0.0", 0.0),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("12:30:00", "12:30:00"),
        ("190:20:30.15", "190:20:30.15"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ("1.2.3", "1.2.3"),
        ("'true'", "true"),
        ("'12'", "12"),
        ('"null"', "null"),
        ("'<<'", "<<"),
        ("'off'", "off"),
        ("=", "="),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float '1.5'", 1.5),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!str yes", "yes"),
        ("r90bbd427f71", "r90bbd427f71"),
        ("p7c1e0a9b42d", "p7c1e0a9b42d"),
        (".", "."),
        ("...x", "...x"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    found = read(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("word", ["off", "Off", "OFF", "no", "No", "n", "N"])
def test_old_false_words_stay_text_with_a_warning(word: str) -> None:
    findings = Findings()
    ((_, value),) = parse_yaml(f"layers:\n  perception_model: {word}\n", "x.yaml", findings)
    assert value == {"layers": {"perception_model": word}}
    (warning,) = findings.items
    assert not warning.is_error
    assert str(warning.span) == "x.yaml:2:21"
    assert "false" in warning.summary


@pytest.mark.parametrize("word", ["on", "On", "yes", "YES", "y", "Y"])
def test_old_true_words_stay_text_with_a_warning(word: str) -> None:
    found = problem(f"a: {word}")
    assert not found.is_error
    assert "true" in found.summary


@pytest.mark.parametrize(
    ("text", "value", "other"),
    [("010", 10, "octal 8"), ("0777", 777, "octal 511"), ("1e3", 1000.0, "text"), ("4e8", 4e8, "text")],
)
def test_numbers_that_readers_disagree_on_are_warned_of(text: str, value: float, other: str) -> None:
    findings = Findings()
    ((_, document),) = parse_yaml(f"a: {text}", "x.yaml", findings)
    assert document == {"a": value}
    (warning,) = findings.items
    assert not warning.is_error
    assert other in warning.summary


@pytest.mark.parametrize("text", ["08", "0", "00", "0.5", "10", "1.0e3"])
def test_harmless_numbers_are_not_warned_of(text: str) -> None:
    assert all("octal" not in item.summary or text == "00" for item in problems(f"a: {text}"))


@pytest.mark.parametrize("text", [".nan", ".NaN", ".inf", "-.inf", "+.Inf", "1e999", "-1e400", "9" * 5000])
def test_numbers_that_json_has_not_are_errors(text: str) -> None:
    found = problem(f"a:\n  b: {text}")
    assert found.is_error
    assert str(found.span) == "x.yaml:2:6"


@pytest.mark.parametrize(
    ("text", "key"), [("1: x", "1"), ("true: x", "true"), ("null: x", "null"), ("1.50: x", "1.50"), ("off: x", "off")]
)
def test_keys_are_the_text_as_written(text: str, key: str) -> None:
    assert read(text) == {key: "x"}


@pytest.mark.parametrize("text", ["? [a]\n: x", "? {a: b}\n: x", "prompt: {{name}}", ": x"])
def test_keys_that_are_no_text_are_errors(text: str) -> None:
    assert any(item.is_error and "key" in item.summary for item in problems(text))


def test_duplicate_keys_name_both_places() -> None:
    found = problem("a: 1\nb:\n  model: x\n  other: 2\n  model: z\n")
    assert found.code == "E-duplicate"
    assert str(found.span) == "x.yaml:5:3"
    assert "line 3, column 3" in found.summary
    assert "'model'" in found.summary


def test_all_duplicates_of_a_file_are_reported() -> None:
    assert [str(item.span) for item in problems("a: 1\na: 2\nb: {c: 1, c: 2}\n---\nd: 1\nd: 2\n")] == [
        "x.yaml:2:1",
        "x.yaml:3:11",
        "x.yaml:6:1",
    ]


def test_a_text_key_and_a_number_key_may_collide() -> None:
    assert problem("1: a\n'1': b").code == "E-duplicate"


def test_anchors_and_merge_keys() -> None:
    text = """
defaults: &d {model: a, speed: 1}
more: &m {speed: 2, style: x}
one: {<<: *d, speed: 3}
two:
  <<: [*d, *m]
  extra: true
three: *d
"""
    value = read(text)
    assert value["one"] == {"model": "a", "speed": 3}
    assert value["two"] == {"model": "a", "speed": 1, "style": "x", "extra": True}
    assert value["three"] == {"model": "a", "speed": 1}


def test_an_alias_is_a_copy() -> None:
    value = read("a: &x {k: [1]}\nb: *x")
    value["a"]["k"].append(2)
    assert value["b"] == {"k": [1]}


def test_merging_something_else_is_an_error() -> None:
    assert "merges mappings" in problem("a: {<<: 3}").summary


def test_an_unknown_alias_is_an_error() -> None:
    found = problem("a: 1\nb: *nothing\n")
    assert str(found.span) == "x.yaml:2:4"


@pytest.mark.parametrize("text", ["&a [*a]", "a: &x {b: *x}", "&a [&b [*a, *b]]", "a: &x\n  <<: *x\n"])
def test_recursion_through_aliases_is_refused(text: str) -> None:
    found = problem(text)
    assert found.is_error
    assert "contains itself" in found.summary


def laughs(levels: int, width: int, start: str = "lol") -> str:
    lines = [f"a0: &a0 [{', '.join([start] * width)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_the_billion_laughs_are_refused() -> None:
    found = problem(laughs(9, 10))
    assert "aliases expand" in found.summary


def test_a_bomb_in_merge_keys_is_refused() -> None:
    text = "a0: &a0 {x: 1}\n" + "\n".join(
        f"a{n}: &a{n} {{" + ", ".join(f"k{i}: *a{n - 1}" for i in range(10)) + "}" for n in range(1, 9)
    )
    assert "aliases expand" in problem(text).summary


def test_a_bomb_of_long_texts_is_refused() -> None:
    text = f"a: &a {'x' * 200_000}\nb: [{', '.join(['*a'] * 500)}]"
    assert "too much text" in problem(text).summary


def test_honest_aliases_are_not_a_bomb() -> None:
    text = f"a: &a {{x: 1, y: [1, 2, 3]}}\nb: [{', '.join(['*a'] * 2000)}]"
    assert len(read(text)["b"]) == 2000


def test_a_large_plain_file_is_not_a_bomb() -> None:
    text = "a:\n" + "- 1\n" * (EXPANSION + 10)
    assert len(read(text)["a"]) == EXPANSION + 10


@pytest.mark.parametrize("opener", ["[", "{a: ", "- ", "? ", "-\t", "[{a: "])
@pytest.mark.parametrize("count", [MAX_DEPTH + 5, 2_000, 60_000])
def test_nesting_is_bounded_and_never_overflows(opener: str, count: int) -> None:
    found = problems(opener * count)
    assert any(item.is_error for item in found)


@pytest.mark.parametrize("count", [MAX_DEPTH + 2, 990, 1_010, 5_000])
@pytest.mark.parametrize(
    ("opener", "closer", "line"),
    [("[", "]", 1), ("{a: ", "}", 1), ("- ", "", 1), ("[\n", "]", MAX_DEPTH), ("[{a: ", "}]", 1)],
)
@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
def test_deep_nesting_is_refused_with_its_place(
    monkeypatch: pytest.MonkeyPatch, parser: str, opener: str, closer: str, line: int, count: int
) -> None:
    """Whatever the parser's own limit is and says: with and without the C parser."""
    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, parser))
    monkeypatch.setattr(module, "_loader", module._loader.__wrapped__)
    found = problem("a:\n " + opener * count + "1" + closer * count)
    assert found.is_error
    assert "nested deeper" in found.summary
    assert found.span is not None
    assert abs(found.span.line - line - 1) <= 2


@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
def test_deep_indentation_is_refused_with_its_place(monkeypatch: pytest.MonkeyPatch, parser: str) -> None:
    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, parser))
    monkeypatch.setattr(module, "_loader", module._loader.__wrapped__)
    for depth in (MAX_DEPTH + 2, 1_100):
        found = problem("\n".join(" " * level + "a:" for level in range(depth)))
        assert "nested deeper" in found.summary
        assert found.span is not None
        assert abs(found.span.line - MAX_DEPTH) <= 2


@pytest.mark.parametrize(
    "text", ['a: "' + "[" * 2000 + '"\nb: @x', "# " + "{" * 2000 + "\na: [1\nb: 2", "a: [1]\n" * 2000 + "@"]
)
def test_many_brackets_are_not_yet_depth(text: str) -> None:
    assert "deeper" not in problem(text).summary


def test_the_greatest_depth_is_fine() -> None:
    value = read("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    depth = 0
    while value:
        value, depth = value[0], depth + 1
    assert depth == MAX_DEPTH - 1


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a: b\n\tc: d\n", "x.yaml:2:1", "tab"),
        ("a:\n\tb: c\n", "x.yaml:2:1", "tab"),
        ("a: 'open\nb: c\n", "x.yaml:1:4", "never closed"),
        ('a: "open\n', "x.yaml:1:4", "never closed"),
        ("a: [1, 2\nb: 3\n", "x.yaml:2:2", "line 1, column 4 is not closed"),
        ("a: b: c\n", "x.yaml:1:5", "second ': '"),
        ("a: @x\n", "x.yaml:1:4", "cannot start with"),
        ("a: `x`\n", "x.yaml:1:4", "cannot start with"),
        ("a:\n  b: 1\n c: 2\n", "x.yaml:3:2", "fits neither"),
        ('a: "\\q"\n', "x.yaml:1:5", "escape"),
        ("a: *x\n", "x.yaml:1:4", "alias *x"),
        ("a: ]\n", "x.yaml:1:4", "a ]"),
        ("a: &x 1\nb: &x 2\n", "x.yaml:2:4", "anchor &x"),
        ("a: &\n", "x.yaml:1:5", "name is missing"),
        ("a: |x\n  b\n", "x.yaml:1:5", "line of |"),
        ("a: - b\n", "x.yaml:1:4", "list cannot start"),
        ("a: 'x' y\n", "x.yaml:1:8", "nothing may follow"),
        ("a: 1\n- b\n", "x.yaml:2:1", "fits neither"),
        ("%YAML 3.0\n---\na: 1\n", "x.yaml:1:1", "directive"),
        ("a: !x!y z\n", "x.yaml:1:4", "tag"),
        ("a: [\n", "x.yaml:2:1", "line 1, column 4 is not closed"),
        ("a: {b: [1, {c: \n", "x.yaml:2:1", "line 1, column 12 is not closed"),
        ("a: {b: 1\n", "x.yaml:2:1", "line 1, column 4 is not closed"),
        ("a: b\x07\n", "x.yaml:1:5", "U+0007"),
        ("a: !Ref x\n", "x.yaml:1:4", "!Ref"),
        ("a: !!binary aGk=\n", "x.yaml:1:4", "!!binary"),
        ("a: !!python/object:os.system x\n", "x.yaml:1:4", "python"),
        ("a: !!int x\n", "x.yaml:1:4", "not a number"),
        ("a: !!bool x\n", "x.yaml:1:4", "not a boolean"),
        ("a: !thing {b: 1}\n", "x.yaml:1:4", "!thing"),
    ],
)
def test_syntax_errors_have_a_place(text: str, place: str, word: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert found[0].is_error
    assert str(found[0].span) == place
    assert word in found[0].summary


@pytest.mark.parametrize("text", ["a: b\n\tc: d\n", "a: 'open\n", "a: b: c\n", "a: [1\nb: 2\n", "a: *x\n"])
def test_common_errors_say_what_to_do(text: str) -> None:
    assert problem(text).hint


def test_empty_documents_are_skipped_but_counted() -> None:
    findings = Findings()
    assert parse_yaml("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n", "x.yaml", findings) == [
        (1, {"a": 1}),
        (3, {"b": 2}),
    ]
    assert findings.items == []


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", " \r\n"])
def test_nothing_is_nothing(text: str) -> None:
    findings = Findings()
    assert parse_yaml(text, "x.yaml", findings) == []
    assert findings.items == []


def test_documents_before_a_syntax_error_are_kept() -> None:
    findings = Findings()
    assert parse_yaml("a: 1\n---\nb: [\n", "x.yaml", findings) == [(0, {"a": 1})]
    assert len(findings.items) == 1


def test_crlf_reads_like_lf() -> None:
    text = "a: |\n  one\n  two\nb: [1,\n  2]\nc: 'x\n\n  y'\n"
    assert read(text.replace("\n", "\r\n")) == read(text)


def test_characters_beyond_the_basic_plane() -> None:
    assert read("a: 🧠 ok\nb: '日本'") == {"a": "🧠 ok", "b": "日本"}


def test_columns_count_characters() -> None:
    assert str(problem("日本: {🧠: off}").span) == "x.yaml:1:9"


LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)
)
DOCUMENT = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc ~1:#-'\"\\é", max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def quoted(value: Any) -> str:
    """Dumped with every text in double quotes: PyYAML leaves `1e3` bare, which YAML 1.2 reads as a number."""

    class Quoting(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    Quoting.add_representer(
        str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
    )
    Quoting.add_representer(
        float, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:float", json.dumps(number))
    )
    return yaml.dump(value, Dumper=Quoting, allow_unicode=True)


@settings(max_examples=150, deadline=None)
@given(DOCUMENT)
def test_a_dumped_document_loads_equal(value: Any) -> None:
    findings = Findings()
    documents = parse_yaml(quoted({"v": value}), "x.yaml", findings)
    assert [item for item in findings.items if item.is_error] == []
    assert documents == [(0, {"v": value})]


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from(list("ab:-?[]{}&*!|>'\"%@`#,\n\t <~.0123e")), max_size=40))
def test_any_text_gives_values_or_findings(text: str) -> None:
    findings = Findings()
    for number, value in parse_yaml(text, "x.yaml", findings):
        assert number >= 0
        json.dumps(value, allow_nan=False)
    assert all(item.span is not None for item in findings.items)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_characters_give_values_or_findings(text: str) -> None:
    findings = Findings()
    parse_yaml(text.encode("utf-8", "replace").decode(), "x.yaml", findings)
    assert all(item.span is not None for item in findings.items)


def test_it_works_without_the_c_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader")
    module._loader.cache_clear()
    try:
        assert read("a: {b: [1, 'off']}\nc: &x {d: 1}\ne: {<<: *x}") == {
            "a": {"b": [1, "off"]},
            "c": {"d": 1},
            "e": {"d": 1},
        }
        assert problem("a: 1\na: 2").code == "E-duplicate"
        assert problem("[" * 400).is_error
        assert problem("a: \x07").is_error
    finally:
        module._loader.cache_clear()


def test_a_file_of_too_many_values_is_refused() -> None:
    found = problem("a: [" + "1," * (MAX_NODES + 1) + "1]")
    assert "values in one file" in found.summary


@pytest.mark.parametrize("line", ["a: 1\n", "- .nan\n", "- !x 1\n"])
def test_a_flood_of_problems_is_cut_short(line: str) -> None:
    found = problems(line * (MAX_PROBLEMS * 3))
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1].is_error
    assert "not read" in found[-1].summary


def test_a_flood_of_warnings_is_no_error() -> None:
    found = problems("- off\n" * (MAX_PROBLEMS * 3))
    assert len(found) == MAX_PROBLEMS
    assert not any(item.is_error for item in found)


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from(list("ab:-?[]{}&*!|>'\"%@`#,\n\t <~.0123e")), min_size=1, max_size=30))
def test_nobody_sees_the_wording_of_the_library(text: str) -> None:
    """It is another project's, and changes with its versions."""
    try:
        list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as refusal:
        said = " ".join(f"{one.summary} {one.hint or ''}" for one in problems(text))
        assert said
        assert not any(words and words in said for words in (refusal.problem, refusal.context))
    except yaml.YAMLError:
        assert problems(text)
