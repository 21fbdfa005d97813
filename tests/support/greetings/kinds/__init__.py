"""The kinds of the greetings platform: one file a kind, one line here."""

from __future__ import annotations

from reconciler.types.kind import Kinds

KINDS = Kinds(
    "tests.support.greetings.kinds",
    {
        "bot": "bot:KIND",
        "phrase": "phrase:KIND",
    },
)
