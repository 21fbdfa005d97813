"""drift: only what moved outside counts."""

from __future__ import annotations

import pytest

from reconciler.engine.plan.find_drift import find_drift
from reconciler.errors import NothingFound
from tests.support.lab import Lab, as_set
from tests.support.making import manifest

BODY = {"pal_name": "A", "system_prompt": "x", "default_face_id": "rfe12d8b9597", "greeting": "hi"}
ONE = manifest("persona.a", BODY)


def applied():
    lab = Lab()
    lab.apply(ONE)
    return lab


def drift(lab, *manifests):
    plan = find_drift(as_set(manifests), lab.state, lab.setting(reading=True))
    assert plan.changes == ()
    return {
        str(item.address): [(field.path, field.direction.value, field.before, field.after) for field in item.changes]
        for item in plan.drift
    }


def test_nothing_moved():
    assert drift(applied(), ONE) == {}
    assert drift(applied()) == {}


def test_pending_changes_of_the_manifests_and_new_manifests_do_not_count():
    lab = applied()
    new = manifest("persona.new", {**BODY, "pal_name": "New"})
    assert drift(lab, manifest("persona.a", {**BODY, "greeting": "changed in git"}), new) == {}


def test_an_edit_in_the_account_with_and_without_the_manifest():
    lab = applied()
    lab.edit("persona.a", {"op": "replace", "path": "/greeting", "value": "theirs"})
    assert drift(lab, ONE) == {"persona.a": [("/greeting", "live", "hi", "theirs")]}
    assert drift(lab) == {"persona.a": [("/greeting", "live", None, "theirs")]}


def test_both_moved():
    lab = applied()
    lab.edit("persona.a", {"op": "replace", "path": "/greeting", "value": "theirs"})
    mine = manifest("persona.a", {**BODY, "greeting": "mine"})
    assert drift(lab, mine) == {"persona.a": [("/greeting", "both", None, "theirs")]}


def test_an_object_that_is_gone():
    lab = applied()
    assert lab.client.delete(f"/pals/{lab.id_of('persona.a')}").status_code == 204
    assert drift(lab, ONE) == {"persona.a": [("", "live", None, None)]}
    assert drift(lab) == {"persona.a": [("", "live", None, None)]}


def test_what_we_do_not_manage_may_move_as_it_likes():
    lab = applied()
    lab.edit("persona.a", {"op": "add", "path": "/context", "value": "theirs"})
    assert drift(lab, ONE) == {}


def test_ignored_paths_are_remembered_without_the_manifest():
    lab = Lab()
    lab.apply(manifest("persona.a", BODY, ignore=("/greeting",)))
    lab.edit("persona.a", {"op": "replace", "path": "/greeting", "value": "theirs"})
    assert drift(lab) == {}


def test_without_state_there_is_nothing_to_compare():
    with pytest.raises(NothingFound):
        drift(Lab(), ONE)


def test_only_get_requests_are_sent():
    lab = applied()
    count = len(lab.requests())
    drift(lab, ONE)
    assert {method for method, _, _ in lab.requests()[count:]} == {"GET"}
