"""Text of others in Markdown."""

from __future__ import annotations

import pytest

from reconciler.core.markdown_text import block, code, prose


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *b* _c_ `d`", "a \\*b\\* \\_c\\_ \\`d\\`"),
        ("<script>", "&lt;script&gt;"),
        ("call @someone", "call @<!-- -->someone"),
        ("see #12 and !3", "see #<!-- -->12 and !<!-- -->3"),
        ("https://evil.example", "https:<!-- -->//evil.example"),
        ("# heading", "\\# heading"),
        ("- item", "\\- item"),
        ("[x](y)", "\\[x\\](y)"),
        ("two\nlines", "two\\\\nlines"),
    ],
)
def test_prose_is_only_prose(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_code_and_blocks_hold_no_markup() -> None:
    assert code("a`b</code>*") == "<code>a&#96;b&lt;/code&gt;&#42;</code>"
    assert block("</pre>\n<b>") == "&lt;/pre&gt;\n&lt;b&gt;"
