"""Hypothesis strategies for the records that cross a boundary."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.core.state.journal_records import (
    AccountNoted,
    DigestKeyNoted,
    IntentDropped,
    IntentNoted,
    Outcome,
    PlanFinished,
    PlanStarted,
    PlanStep,
    Record,
    Renamed,
)
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Block, Direction, FieldChange, PatchOp, Reason, Request
from reconciler.types.diagnostic import Diagnostic, Fix, Severity, Source, Span
from reconciler.types.json import Object
from reconciler.types.live import Account
from reconciler.types.manifest import Lifecycle, Manage
from reconciler.types.plan import DriftField, Plan, Summary
from reconciler.types.state import Entry, Intent, Move, PlanProgress, State
from tests.support.records import change_of, drift_of

TEXT = st.text(max_size=6)
MAYBE = st.none() | TEXT
NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,6}", fullmatch=True)
ADDRESSES = st.builds(Address, st.sampled_from(("persona", "tool", "guardrail_set")), NAMES)
POINTERS = st.lists(TEXT, max_size=3).map(lambda parts: "".join("/" + part for part in parts))
TEXTS = st.lists(TEXT, max_size=2).map(tuple)

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
MARKERS = st.builds(lambda name: SecretRef("env", name), NAMES) | ADDRESSES.map(lambda one: ResourceRef(str(one)))
VALUES = st.recursive(
    SCALARS | MARKERS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2), max_leaves=5
)
"""Values as a file or an answer holds them: references are spelled there, not objects."""
OBJECTS: st.SearchStrategy[Object] = st.dictionaries(TEXT, VALUES, max_size=3)

LIFECYCLES = st.builds(Lifecycle, st.booleans(), TEXTS, st.sampled_from(Manage))
DIGESTS = st.dictionaries(POINTERS, TEXT, max_size=3)
ENTRIES = st.builds(
    Entry,
    id=TEXT, sent=DIGESTS, seen=DIGESTS, lifecycle=LIFECYCLES, source=MAYBE, parents=TEXTS, assumed=TEXTS,
    name=MAYBE, refs=TEXTS, former=TEXTS, gives_way_to=st.none() | ADDRESSES,
)  # fmt: skip
INTENTS = st.builds(Intent, address=ADDRESSES, kind=TEXT, name=TEXT, before=TEXTS, at=TEXT)


def one_each(intents: list[Intent]) -> tuple[Intent, ...]:
    """At most one intent an address, as a state holds them."""
    return tuple({intent.address: intent for intent in intents}.values())


PLANS = st.builds(PlanProgress, TEXT, st.frozensets(ADDRESSES, max_size=2), st.booleans(), st.integers(0, 10**9))
STATES = st.builds(
    State,
    lineage=TEXT, serial=st.integers(0, 10**9), workspace=TEXT,
    resources=st.dictionaries(ADDRESSES, ENTRIES, max_size=3),
    pending=st.lists(INTENTS, max_size=3).map(one_each),
    owner=MAYBE, keys=TEXTS, base_url=MAYBE, salt=TEXT, digest_key=MAYBE, project=MAYBE, moved_to=MAYBE,
    plans=st.lists(PLANS, max_size=2).map(tuple),
    retired=st.dictionaries(ADDRESSES, TEXTS, max_size=2),
)  # fmt: skip

MOVES = st.builds(Move, ADDRESSES, ADDRESSES, MAYBE)
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(IntentNoted, INTENTS),
    st.builds(IntentDropped, ADDRESSES),
    st.builds(Outcome, ADDRESSES, TEXT, st.none() | ENTRIES, st.none() | ADDRESSES),
    st.builds(AccountNoted, MAYBE, MAYBE, MAYBE),
    st.builds(DigestKeyNoted, MAYBE),
    st.builds(PlanStarted, TEXT),
    st.builds(PlanStep, TEXT, ADDRESSES),
    st.builds(PlanFinished, TEXT),
    st.builds(Renamed, st.lists(MOVES, max_size=1).map(tuple)),
)

BLOCKS = st.builds(Block, TEXT, TEXT, TEXT)
FIELDS = st.builds(
    FieldChange, POINTERS, st.sampled_from(Direction), VALUES, VALUES, st.booleans(), st.booleans(), MAYBE
)
OPERATIONS = st.builds(PatchOp, st.sampled_from(("add", "remove", "replace", "move")), POINTERS, VALUES, MAYBE)
REQUESTS = st.builds(Request, TEXT, TEXT, ADDRESSES, VALUES, TEXT)


def few(of: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    """A tuple of none to two."""
    return st.lists(of, max_size=2).map(tuple)


CHANGES = st.builds(
    change_of,
    address=ADDRESSES, action=st.sampled_from(Action), reason=st.none() | st.sampled_from(Reason), id=MAYBE,
    importing=MAYBE, previous=st.none() | ADDRESSES, before=st.none() | OBJECTS, after=st.none() | OBJECTS,
    fields=few(FIELDS), patch=few(OPERATIONS), requests=few(REQUESTS), managed=st.none() | OBJECTS,
    lifecycle=LIFECYCLES, source=MAYBE, name=MAYBE, level=st.integers(0, 5), depends_on=few(ADDRESSES),
    live_digest=MAYBE, detailed=st.booleans(), parents=TEXTS, blocked=few(BLOCKS), notes=TEXTS,
)  # fmt: skip
DIAGNOSTICS = st.builds(
    Diagnostic,
    code=TEXT, severity=st.sampled_from(Severity), summary=TEXT, detail=TEXT, hint=MAYBE,
    address=st.none() | ADDRESSES, pointer=MAYBE, source=st.none() | st.builds(Source, TEXT, st.integers(0, 9), TEXT),
    span=st.none() | st.builds(Span, TEXT, st.integers(1, 9), st.integers(1, 9)),
    fix=st.none() | st.builds(Fix, TEXT, VALUES, st.booleans()),
)  # fmt: skip
DRIFT = st.builds(
    drift_of,
    ADDRESSES,
    TEXT,
    few(st.builds(DriftField, POINTERS, st.sampled_from(Direction), VALUES, VALUES, st.booleans(), st.booleans())),
    MAYBE,
)
COUNTS = st.integers(0, 9)
PLANS = st.builds(
    Plan,
    workspace=TEXT, account=st.builds(Account, TEXT, TEXT, MAYBE, MAYBE), lineage=TEXT, serial=COUNTS,
    changes=few(CHANGES), drift=few(DRIFT), blocked=few(BLOCKS), diagnostics=few(DIAGNOSTICS),
    summary=st.builds(Summary, COUNTS, COUNTS, COUNTS, COUNTS), mode=TEXT, inputs_digest=TEXT, commit=MAYBE,
    project=MAYBE,
    references=st.dictionaries(TEXT, TEXT, max_size=2), namesakes=st.dictionaries(TEXT, TEXTS, max_size=2),
)  # fmt: skip
