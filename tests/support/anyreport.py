"""Hypothesis strategies for whole reports: any text at any place, any value on any path."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Block, Direction, FieldChange, PatchOp, Reason, Request
from reconciler.types.diagnostic import Diagnostic, Severity, Span
from reconciler.types.json import join
from reconciler.types.plan import DriftField, Plan
from reconciler.types.report import ApplyResult, Report, StepResult, Style
from tests.support.records import change_of, drift_of
from tests.support.reports import ACCOUNT

TEXTS = st.text(alphabet=st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    ["# Head\nline\n", "<b>&amp;</b>", "{{name}} ${x}", "`*_[]()`", "x" * 300, "\ud800", "********"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS, inner, max_size=3)
        | st.just(SecretRef("env", "X"))
        | st.just(ResourceRef("tool.x"))
    ),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(["greeting", "layers", "tools", "pal_name", "x"]), VALUES, max_size=4)
PATHS = st.sampled_from(
    ["/greeting", "/layers", "/layers/llm", "/layers/llm/api_key", "/tools", "/system_prompt", "/delivery"]
) | st.lists(TEXTS, min_size=1, max_size=3).map(lambda tokens: join(*tokens))
ADDRESSES = st.builds(Address, st.sampled_from(["persona", "tool", "gadget"]), st.sampled_from(["a", "b.c"]))
DIRECTIONS = st.sampled_from(Direction)
FIELDS = st.builds(
    FieldChange,
    PATHS,
    DIRECTIONS,
    VALUES,
    VALUES,
    sensitive=st.booleans(),
    after_unknown=st.booleans(),
    note=st.none() | TEXTS,
)
OPERATIONS = st.builds(PatchOp, st.sampled_from(["add", "remove", "replace"]), PATHS, VALUES)
MOVES = st.builds(DriftField, PATHS | st.just(""), DIRECTIONS, VALUES, VALUES, st.booleans(), st.booleans())
BLOCKS = st.builds(Block, TEXTS, TEXTS, TEXTS)
CHANGES = st.builds(
    change_of,
    ADDRESSES,
    st.sampled_from(Action),
    st.none() | st.sampled_from(Reason),
    st.none() | TEXTS,
    importing=st.none() | TEXTS,
    previous=st.none() | ADDRESSES,
    before=st.none() | OBJECTS,
    after=st.none() | OBJECTS,
    fields=st.lists(FIELDS, max_size=3).map(tuple),
    patch=st.lists(OPERATIONS, max_size=2).map(tuple),
    requests=st.lists(st.builds(Request, st.just("POST"), TEXTS, ADDRESSES, VALUES), max_size=2).map(tuple),
    managed=st.none() | st.dictionaries(PATHS, VALUES, max_size=2),
    source=st.none() | TEXTS,
    blocked=st.lists(BLOCKS, max_size=1).map(tuple),
    notes=st.lists(TEXTS, max_size=2).map(tuple),
)
DRIFT = st.builds(
    drift_of,
    ADDRESSES,
    TEXTS,
    st.lists(MOVES, max_size=3).map(tuple),
)
FINDINGS = st.builds(
    Diagnostic,
    TEXTS,
    st.sampled_from(Severity),
    TEXTS,
    TEXTS,
    st.none() | TEXTS,
    st.none() | ADDRESSES,
    st.none() | PATHS,
    span=st.none() | st.builds(Span, TEXTS, st.integers(1, 9), st.integers(1, 9)),
)
STEPS = st.builds(
    StepResult,
    ADDRESSES,
    st.sampled_from(Action),
    st.sampled_from(["done", "failed", "skipped"]),
    message=st.none() | TEXTS,
    hint=st.none() | TEXTS,
    notes=st.lists(TEXTS, max_size=1).map(tuple),
)
PLANS = st.builds(
    Plan,
    TEXTS,
    st.just(ACCOUNT),
    st.just("l"),
    st.just(1),
    st.lists(CHANGES, max_size=3).map(tuple),
    st.lists(DRIFT, max_size=2).map(tuple),
    st.lists(BLOCKS, max_size=1).map(tuple),
)
REPORTS = st.builds(
    Report,
    st.sampled_from(["plan", "apply", "destroy", "drift", "validate", "show"]),
    TEXTS,
    st.none() | PLANS,
    st.none() | st.builds(ApplyResult, st.lists(STEPS, max_size=3).map(tuple)),
    st.lists(FINDINGS, max_size=2).map(tuple),
    st.sampled_from([0, 1, 2, 3]),
    st.lists(TEXTS, max_size=2).map(tuple),
)
STYLES = st.builds(Style, st.booleans(), st.integers(0, 120), st.booleans(), st.booleans())
