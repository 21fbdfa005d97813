"""Bodies made from the models of the vendor's own client: what each field may hold, and near misses of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.kind import Field

Body = dict[str, Any]

LEAVE_OUT = frozenset({"memories", "is_template", "tool_prompt", "context"})
"""Members of the vendor's model that are of the vendor's own use, or that its platform no longer takes."""
TEXTS = st.sampled_from(
    [
        "Hi",
        "Say hello.\nThen wait.",
        "off",
        "1.0",
        "null",
        "été ☕",
        "a: b # c",
        "{env: X}",
        "  padded ",
        "- item",
        "0x1F",
    ]
)
WORDS = st.sampled_from(["alpha", "beta_2", "_c", "Delta"])
KEYS = st.sampled_from(["a", "X-Org", "on", "1", "a/b~c", "env", "$ref", ""])
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from([0.5, 1e-7]), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=2)),
    max_leaves=4,
)
FACE = "rfe12d8b9597"
POOLS: Mapping[str, st.SearchStrategy[Any]] = {
    "name": WORDS,
    "objective_name": WORDS,
    "guardrail_name": WORDS,
    "default_face_id": st.just(FACE),
    "model": st.sampled_from(["tavus-gpt-oss", "tavus-glm-4.7", "tavus-gemma-4"]),
    "url": st.sampled_from(["https://api.example.com/x", "HTTPS://api.example.com/{alpha}?q={tavus_call}"]),
    "token_url": st.just("https://login.example.com/token"),
    "timeout": st.sampled_from([0.5, 1, 10, 10.0, 60]),
    "query_params": st.dictionaries(WORDS, st.sampled_from(["1", "{alpha}", "{tavus_call}", "x y"]), max_size=2),
    "body_template": st.dictionaries(WORDS, st.sampled_from(["{alpha}", {"deep": ["{alpha}", 1, None]}]), max_size=2),
    "parameters": st.sampled_from(
        [
            {},
            {"type": "object", "properties": {"alpha": {"type": "string"}}, "required": ["alpha"]},
            {"type": "object", "properties": {"alpha": {"enum": ["a", None, 1]}, "env": {"$ref": "#/x"}}},
            {"type": "object", "additionalProperties": False},
        ]
    ),
    "headers": st.dictionaries(st.sampled_from(["X-Org", "Authorization", "api-version"]), TEXTS, max_size=2),
    "default_query": st.dictionaries(st.sampled_from(["api-version", "key"]), st.just("2026-05-01"), max_size=2),
    "extra_body": st.dictionaries(KEYS, JSON, max_size=3),
    "voice_settings": st.sampled_from([{}, {"speed": 0.9}]),
    "transport": st.sampled_from([{}, {"transport_type": "livekit"}]),
    "callback_url": st.sampled_from(["", "https://hooks.example.com/t"]),
    "username": st.just("northwind-claims"),
    "allowed_origins": st.lists(st.sampled_from(["https://a.example", "https://b.example"]), unique=True),
    "rag_score_threshold": st.sampled_from([0.1, 0.5, 1]),
    "rag_n_chunks": st.integers(1, 9),
    "rag_surrounding_chunk_radius": st.integers(0, 3),
    "page_logo": st.just("https://a.example/logo.png"),
    "tool_call": JSON.filter(lambda value: isinstance(value, dict)),
}
"""By the name of a member: values that have a meaning there."""
ROWS: Mapping[str, Field] = {
    row.path.rpartition("/")[2]: row for spec in KINDS.all().values() for row in spec.fields if row.enum
}
"""Our lists of values, for members of which the vendor's client only says that they are texts."""


def bodies(model: type[BaseModel], without: frozenset[str] = LEAVE_OUT) -> st.SearchStrategy[Body]:
    """Bodies of the right types; whether the model takes one of them is for the model to say."""
    needed, further = {}, {}
    for name, info in model.model_fields.items():
        if name not in without:
            (needed if info.is_required() else further)[name] = _values(name, info, without)
    return st.fixed_dictionaries(needed, optional=further)


def _values(name: str, info: FieldInfo, without: frozenset[str]) -> st.SearchStrategy[Any]:
    return _typed(name, info.annotation, without)


def _typed(name: str, kind: Any, without: frozenset[str]) -> st.SearchStrategy[Any]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of(*(_typed(name, one, without) for one in inner if one is not NoneType))
    if origin is Literal:
        return st.sampled_from(inner)
    if name in POOLS:
        return POOLS[name]
    if origin is list:
        return st.lists(_typed(f"{name}[]", inner[0], without), max_size=3)
    if origin is dict:
        return st.dictionaries(WORDS, JSON if inner[1] is Any else _typed(f"{name}[]", inner[1], without), max_size=2)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return bodies(kind, without)
    if kind is str and name in ROWS:
        return st.sampled_from(ROWS[name].enum)
    simple: Mapping[Any, st.SearchStrategy[Any]] = {
        str: TEXTS, bool: st.booleans(), int: st.integers(1, 9), float: st.sampled_from([0.5, 1.5]),
    }  # fmt: skip
    return simple[kind]


def places(body: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a body, the outermost first."""
    members = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, member in members:
        yield (*at, key)
        yield from places(member, (*at, key))


WRONG = st.sampled_from(
    ["", "x", "*" * 8, "http://plain.example", "{gone}", "tavus_x", "9lives", "with space", "a" * 70, "a" * 10_001,
     "GET", "hmac", "vision", "static_filler", "echo", 0, -1, 61, 0.0, True, None, [], {}, [""], ["a"] * 51, {"x": 1}]
)  # fmt: skip
"""What may stand in a place where it does not belong."""


@st.composite
def near_misses(draw: st.DrawFn, model: type[BaseModel]) -> Body:
    """A body in which one place holds something else, or nothing."""
    body = copy.deepcopy(draw(bodies(model)))
    where = draw(st.sampled_from(sorted(places(body), key=str) or [()]))
    holder: Any = body
    for step in where[:-1]:
        holder = holder[step]
    if where and draw(st.integers(0, 4)) == 0:
        del holder[where[-1]]
    elif where:
        holder[where[-1]] = draw(WRONG)
    return body
