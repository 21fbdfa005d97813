"""Moved and Removed are finished by one apply whatever becomes of the new address; cleaning up changes nothing."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.errors import PlanError
from tests.support.chronicle import Chronicle, moved, removed
from tests.support.making import at, manifest

OLD = ("a", "b", "c")
NEW = ("x", "y", "z")
KINDS = ("persona", "guardrail")
OTHER = manifest("persona.other", {"pal_name": "Other", "system_prompt": "p", "default_face_id": "rfe12d8b9597"})


def body(kind, name, text="x"):
    if kind == "persona":
        return {"pal_name": name, "system_prompt": text, "default_face_id": "rfe12d8b9597"}
    return {"guardrail_name": name, "guardrail_prompt": text}


@st.composite
def histories(draw):
    """Objects that were applied, documents that move and remove them, and the manifests that stay."""
    kind = draw(st.sampled_from(KINDS))
    first = draw(st.lists(st.sampled_from(OLD), unique=True, min_size=1))
    documents, last = [], {}
    for name in first:
        way = [name, *draw(st.lists(st.sampled_from(NEW), unique=True, max_size=2).map(
            lambda more, name=name: [f"{name}{one}" for one in more]
        ))]  # fmt: skip
        documents += [moved(f"{kind}.{one}", f"{kind}.{two}") for one, two in pairwise(way)]
        last[name] = way[-1]
    manifests = []
    for name, address in last.items():
        fate = draw(st.sampled_from(["kept", "edited", "removed", "dropped"]))
        if fate in ("kept", "edited"):
            text = "x" if fate == "kept" else "y"
            manifests.append(manifest(f"{kind}.{address}", body(kind, name, text)))
        elif fate == "removed":
            documents.append(removed(f"{kind}.{address}"))
    return kind, first, last, draw(st.permutations(documents)), manifests, draw(st.booleans())


@settings(max_examples=40, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories(), gone=st.booleans())
def test_one_apply_finishes_them_and_cleaning_up_changes_nothing(history, gone):
    kind, first, last, documents, manifests, destroy = history
    folder = Path(mkdtemp())
    try:
        world = Chronicle(folder / "state")
        world.apply(OTHER, *(manifest(f"{kind}.{name}", body(kind, name)) for name in first))
        ids = {name: world.state().resources[at(f"{kind}.{name}")].id for name in first}
        if gone:
            path = {"persona": "pals", "guardrail": "guardrails"}[kind]
            assert world.lab.client.delete(f"/{path}/{ids[first[0]]}").status_code < 300
        everything = {"allow_deletes": True, "allow_mass_change": True}
        if destroy:
            result = world.apply(*documents, destroy=True, **everything)
            manifests = []
        else:
            result = world.apply(OTHER, *manifests, *documents, **everything)
            manifests = [OTHER, *manifests]
        assert result.count("failed") == 0
        entries = world.state().resources
        assert set(entries) == {one.address for one in manifests}
        for name, address in last.items():
            if (entry := entries.get(at(f"{kind}.{address}"))) and not (gone and name == first[0]):
                assert entry.id == ids[name], "a move is no new object"
        writes = len(world.lab.writes())
        for documents_left in (documents, []):
            if manifests:
                assert world.differences(*manifests, *documents_left) == ()
                world.apply(*manifests, *documents_left)
        assert len(world.lab.writes()) == writes
    finally:
        shutil.rmtree(folder)


def test_a_released_persona_is_never_deleted_later(tmp_path):
    """Moved a -> b and Removed b: the entry of a is gone with them."""
    world = Chronicle(tmp_path / "state")
    world.apply(OTHER, manifest("persona.a", body("persona", "A")))
    world.apply(OTHER, moved("persona.a", "persona.b"), removed("persona.b"))
    assert set(world.state().resources) == {OTHER.address}
    world.apply(OTHER, allow_deletes=True)
    assert set(world.world()) == {"A", "Other"}


@pytest.mark.parametrize("names", ["ab", "abc"])
def test_a_circle_is_an_error(tmp_path, names):
    world = Chronicle(tmp_path / "state")
    world.apply(OTHER, *(manifest(f"persona.{name}", body("persona", name)) for name in names))
    circle = [moved(f"persona.{one}", f"persona.{two}") for one, two in zip(names, names[1:] + names[0], strict=True)]
    with pytest.raises(PlanError) as caught:
        world.apply(OTHER, *circle, allow_deletes=True)
    assert ["circle" in one.summary for one in caught.value.diagnostics] == [True]


def test_an_open_create_moves_as_well(tmp_path):
    """Killed after the request, renamed before the next run: the object is taken over, and never deleted."""
    from reconciler.core.state.journal_records import IntentNoted
    from reconciler.engine.state.state_session import open_session
    from reconciler.types.state import Intent

    world = Chronicle(tmp_path / "state")
    world.apply(OTHER)
    with open_session(
        world.backend, workspace="lab", operation="apply", clock=world.lab.clock, emit=world.events.append
    ) as session:
        session.record(IntentNoted(Intent(at("persona.a"), "persona", "A", (), "2026-11-21T05:00:00Z")))
    world.lab.client.post("/pals", json=body("persona", "A")).raise_for_status()
    wanted = manifest("persona.b", body("persona", "A"))
    result = world.apply(OTHER, wanted, moved("persona.a", "persona.b"), allow_deletes=True)
    assert result.summary.imported == 1
    assert (result.summary.destroyed, result.summary.added) == (0, 0)
    assert world.state().pending == ()
    assert world.differences(OTHER, wanted) == ()
