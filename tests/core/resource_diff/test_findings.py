"""What a comparison is about, that findings add up, and the one leaf that differs: its edit, its field, its drift."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.diff.three_way import Sync, Verdict
from reconciler.core.resource_diff.findings import Findings, edit_of, note_difference, subject_of, to_write
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import ResourceRef
from reconciler.types.change import Direction, FieldChange, Reason
from reconciler.types.json import SENSITIVE
from reconciler.types.manifest import Manage
from reconciler.types.plan import DriftField
from tests.support.making import book, entry, env, live, resource

SECRETS = book(KEY="a long secret value")
KEY = "/layers/llm/api_key"


def subject(body=None, shown=None, known=None, of="persona", **more):
    return subject_of(
        resource(f"{of}.a", body or {"pal_name": "A"}, **more),
        live(of, "x1", shown or {"pal_name": "A"}, detailed=True),
        Binding("x1", Reason.CHANGED, known),
        DiffContext(SECRETS, KINDS, "pal"),
    )


def secret_at(path):
    """An entry of an object to which a secret was sent."""
    return entry("x1", sent={path: SECRETS.digest("a secret", secret=True)})


def test_findings_add_up_field_by_field():
    rows = [one for one in fields(Findings) if one.name not in ("edits", "absent")]
    first = Findings({"/a": 1, "/b": 1}, *([f"{row.name} 1"] for row in rows), absent=False)
    second = Findings({"/b": 2}, *([f"{row.name} 2"] for row in rows), absent=True)
    both = first + second
    assert both.edits == {"/a": 1, "/b": 2}, "a later edit of a place counts"
    assert {row.name: getattr(both, row.name) for row in rows} == {
        row.name: [f"{row.name} 1", f"{row.name} 2"] for row in rows
    }
    assert both.absent and (second + first).absent and not (first + first).absent
    assert first + Findings(**{row.name: [] for row in rows}) == first


def test_what_is_compared_is_the_manifest_less_what_it_leaves_alone():
    body = {"pal_name": "A", "layers": {"llm": {"model": "m", "speculative_inference": True}}}
    assert set(subject(body).compared) == {"/pal_name", "/layers/llm/model", "/layers/llm/speculative_inference"}
    less = subject(body, ignore=("/layers/llm/model",))
    assert set(less.compared) == set(less.managed) == {"/pal_name", "/layers/llm/speculative_inference"}
    assert set(subject(body, ignore=("/layers",)).managed) == {"/pal_name"}


def test_what_is_only_lent_to_an_object_is_compared_and_never_managed():
    about = subject({"pal_name": "A", "greeting": "b"})
    lent = replace(about.resource, lent=frozenset({GREETING}))
    about = subject_of(lent, about.live, about.binding, about.context)
    assert (set(about.compared), set(about.managed)) == ({"/pal_name", GREETING}, {"/pal_name"})


def test_the_name_is_not_told_where_it_was_or_is_a_secret():
    assert subject().name == "A"
    assert subject({"pal_name": env("KEY")}).name is None
    assert subject(known=secret_at("/pal_name")).name is None


@pytest.mark.parametrize(
    ("path", "secret"), [(KEY, True), ("/layers/llm", True), (f"{KEY}/x", True), ("/layers/llm/model", False)]
)
def test_a_secret_was_at_above_or_below_a_place(path, secret):
    assert subject(known=secret_at(KEY)).was_secret(path) is secret
    assert not subject(known=entry("x1")).was_secret(path)
    assert not subject().was_secret(path), "no run has applied it"


GREETING = "/greeting"


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("sync", [Sync.GIT, Sync.LIVE, Sync.BOTH])
@pytest.mark.parametrize("moved", [False, True])
def test_a_leaf_that_differs_is_drift_where_the_account_moved_or_is_only_watched(sync, observed, moved):
    """What it was before the drift is what the manifest says, unless that moved as well."""
    about = subject({"pal_name": "A", "greeting": "b"}, manage=Manage.OBSERVE if observed else Manage.FULL)
    found = to_write(about, GREETING, Verdict(sync, desired_moved=moved), "a", "b")
    assert found.edits == {GREETING: Edit(GREETING, "b")}
    assert found.fields == (FieldChange(GREETING, sync.direction, "a", "b"),)
    told = Direction.LIVE if observed else sync.direction
    before = None if moved else "b"
    drift = DriftField(GREETING, told, before=before, after="a", before_unknown=moved)
    assert found.drift == ((drift,) if observed or sync is not Sync.GIT else ())


def test_no_secret_is_shown_as_what_was_before_a_drift():
    found = to_write(subject({"pal_name": "A"}), KEY, Verdict(Sync.LIVE), "shown in clear", env("KEY"))
    (drift,) = found.drift
    assert (drift.before, drift.after, drift.sensitive) == (SENSITIVE, SENSITIVE, True)


@pytest.mark.parametrize(
    ("current", "kept", "held"),
    [(["t1", "t2"], (), ["t1", "t2"]), (["t1", "t2"], ("t2",), ["t1"]), (None, (), []), (["t1"], ("t1",), [])],
)
def test_the_attachments_that_stay_beside_the_manifest_s_are_not_shown(current, kept, held):
    wanted = [ResourceRef("tool.new")]
    found = to_write(subject(), "/tools", Verdict(Sync.GIT), current, wanted, kept)
    assert found.fields == (FieldChange("/tools", Direction.GIT, held, wanted, after_unknown=True),)
    known = to_write(subject(), "/tools", Verdict(Sync.GIT), current, ["t9"], kept)
    assert known.fields == (FieldChange("/tools", Direction.GIT, held, ["t9"]),)


def test_a_difference_that_stays_is_noted_unless_it_is_a_secret():
    known = secret_at(GREETING)
    assert note_difference(subject(), GREETING, "a", "b").noted == (DriftField(GREETING, Direction.LIVE, None, "a"),)
    assert note_difference(subject(known=known), GREETING, "a", "b") == Findings()


def test_the_edit_of_a_leaf_removes_only_what_is_there():
    about = subject(shown={"pal_name": "A", "greeting": "a"})
    assert edit_of(about, GREETING, None) == {GREETING: Edit(GREETING, remove=True)}
    assert edit_of(subject(), GREETING, None) == {}
    assert edit_of(about, "/tools", ["t1"]) == {}, "attached by a request of its own"


def test_a_leaf_of_an_object_that_is_written_whole_is_written_with_it():
    delivery = {"api": {"url": "https://tools.example.com", "method": "POST"}}
    about = subject({"name": "t", "description": "d", "delivery": delivery}, {"name": "t"}, of="tool")
    assert edit_of(about, "/delivery/api/method", "POST") == {"/delivery": Edit("/delivery", delivery)}
    assert edit_of(about, "/description", "d") == {"/description": Edit("/description", "d")}
