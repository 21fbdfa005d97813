"""`max_prompt_tokens: N`: how long a persona's prompt may be."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.policies.policy import PolicyRule, Situation, Subject, Violation
from reconciler.core.text_diff.token_count import CHARACTERS_PER_TOKEN, count_tokens

PROMPT, CONTEXT = "/system_prompt", "/context"


def judge(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """The prompt and the context count together: the server merges them into one text."""
    most = situation.policy.max_prompt_tokens
    texts = [subject.leaves.get(pointer) for pointer in (PROMPT, CONTEXT)]
    tokens = sum(count_tokens(text) for text in texts if isinstance(text, str))
    if most is None or tokens <= most:
        return
    parts = "system_prompt and context together have" if all(texts) else "it has"
    yield Violation(
        PROMPT if texts[0] else CONTEXT,
        f"{parts} {tokens:,} tokens ({CHARACTERS_PER_TOKEN} characters each), and the project allows {most:,}",
        "shorten it, or move reference text into documents",
        also=(CONTEXT,),
    )


RULE = PolicyRule(
    "max_prompt_tokens",
    "How many tokens a prompt may have.",
    values=judge,
    active=lambda policy: policy.max_prompt_tokens is not None,
)
