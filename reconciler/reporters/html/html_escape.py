"""Text as HTML: nothing of it is markup, and what a screen would hide or obey is written out."""

from __future__ import annotations

import html

from reconciler.core.text import visible


def escape(text: str) -> str:
    """`text` for an element or a quoted attribute."""
    return html.escape(visible(text))
