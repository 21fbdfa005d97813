"""Hypothesis strategies for bodies: any JSON at any declared place, and values that rules look for."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import strategies as st

from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json, Object, split

WORDS = [
    "off",
    "raven-0",
    "tavus-gpt-4o",
    "tavus-gpt-oss",
    "gpt-4o",
    "livekit",
    "echo",
    "elevenlabs",
    "cartesia",
    "sonic",
]
TEXTS = st.text(max_size=12) | st.sampled_from(
    [*WORDS, "https://h.example/v1/completions", "********", "true", "0.5", "[1]"]
)
# Copies: `bodies` puts members into what was drawn, and one shared marker would end up inside of itself.
MARKERS = st.sampled_from([SecretRef("env", "X"), SecretRef("file", "x"), ResourceRef("tool.x")]).map(deepcopy)
KEYS = st.sampled_from(["name", "function", "parameters", "properties", "a/b~", "tags", "speed", "emotion"])

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | MARKERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@st.composite
def bodies(draw: st.DrawFn, kind: str, more: tuple[str, ...] = ()) -> Object:
    """A body of `kind` in canonical words with any JSON at some of its declared places, and at those of `more`."""
    places = [*(row.path for row in KINDS.get(kind).fields), *more]
    body: Object = {}
    for path in draw(st.lists(st.sampled_from(places), max_size=8, unique=True)):
        *above, last = [token.replace("*", "Authorization") for token in split(path)]
        holder = body
        for token in above:
            inner = holder.get(token)
            if not isinstance(inner, dict):
                inner = holder[token] = {}
            holder = inner
        holder[last] = draw(JSON)
    return body
