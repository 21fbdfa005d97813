from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.reporters.json_dump import dump
from reconciler.reporters.value_text import quote, shorten, show, summarize
from reconciler.types.json import Json
from reconciler.types.mask import SENSITIVE
from reconciler.types.reference import ResourceRef, SecretRef


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (1.5, "1.5"),
        ("a", '"a"'),
        ('a "b" \\ \n\t', '"a \\"b\\" \\\\ \\n\\t"'),
        (SENSITIVE, "(sensitive)"),
        ("(sensitive)", '"(sensitive)"'),
        (SecretRef("env", "X"), "(sensitive)"),
        (ResourceRef("tool.x"), "tool.x (known after apply)"),
        ({"a": [1, SecretRef("env", "X"), ResourceRef("tool.x")]}, '{"a": [1, "(sensitive)", "tool.x"]}'),
        ([], "[]"),
    ],
)
def test_show(value: Json, shown: str) -> None:
    assert show(value).startswith(shown)


def test_a_number_that_python_does_not_print() -> None:
    assert show(10**5000).startswith("0x")


def test_long_collections_are_counted() -> None:
    assert summarize(["item"] * 100) == "[100 items]"
    assert summarize({str(number): "value" for number in range(100)}) == "{100 members}"
    assert summarize([1, 2]) == "[1, 2]"


@given(st.text(), st.integers(40, 400))
def test_shortening_tells_how_much_is_missing(text: str, limit: int) -> None:
    short = shorten(text, limit)
    if len(text) <= limit:
        assert short == text
    else:
        kept = max(min(40, limit // 3), 8)
        assert short == f"{text[:kept]} …{len(text) - 2 * kept:,} characters… {text[-kept:]}"


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_a_quoted_text_is_one_safe_line(text: str) -> None:
    shown = quote(text)
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), "\ud800", [10**5000], {"a": "é"}])
def test_anything_can_be_written_as_json(value: Json) -> None:
    assert dump(value).encode("utf-8").decode("utf-8") == dump(value)


def test_texts_stay_readable_in_json() -> None:
    assert dump({"a": "é"}, indent=None) == '{"a": "é"}'
