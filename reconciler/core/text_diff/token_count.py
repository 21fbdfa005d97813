"""How many tokens a text has, by the vendor's rule of thumb, and how that stands against its advice."""

from __future__ import annotations

CHARACTERS_PER_TOKEN = 4
BEST_TOKENS = 5_000
DEGRADED_TOKENS = 15_000
LIMIT_TOKENS = 20_000


def count_tokens(text: str) -> int:
    """The vendor's rule of thumb: a token is four characters, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def budget_band(tokens: int) -> str:
    """Where a prompt of that size stands against the vendor's advice: best up to 5,000 tokens, worse answers from
    15,000 to 20,000."""
    if tokens <= BEST_TOKENS:
        return "best"
    if tokens < DEGRADED_TOKENS:
        return "long"
    return "degraded" if tokens <= LIMIT_TOKENS else "too long"
