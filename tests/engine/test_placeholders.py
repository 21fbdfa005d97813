"""Placeholders become ids and secrets, and nothing else changes."""

from __future__ import annotations

import pytest

from reconciler.engine.placeholders import check_secrets, fill_request
from reconciler.errors import PlanStale, SecretMissing
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Request
from tests.support.making import at, book, env
from tests.support.records import change_of

IDS = {at("tool.x"): "t1", at("persona.a"): "p1"}


def request(path="/pals", body=None):
    return Request("POST", path, at("persona.a"), body)


def test_ids_and_secrets_are_put_in():
    body = {"a": [ResourceRef("tool.x")], "key": env("KEY"), "schema": {"$ref": "#/x"}, "n": 1}
    filled = fill_request(request("/pals/{persona.a}/tools/{tool.x}", body), IDS, book(KEY="sk"))
    assert filled.path == "/pals/p1/tools/t1"
    assert filled.body == {"a": ["t1"], "key": "sk", "schema": {"$ref": "#/x"}, "n": 1}


def test_a_body_without_placeholders_is_sent_as_it_is():
    body = {"prompt": "use {persona.a} and ${KEY}"}
    assert fill_request(request(body=body), IDS, book()).body is not None
    assert fill_request(request(body=body), IDS, book()).body == body


@pytest.mark.parametrize("one", [request("/pals/{persona.zz}"), request(body={"x": ResourceRef("tool.zz")})])
def test_an_id_that_is_still_unknown_stops_the_step(one):
    with pytest.raises(PlanStale, match="zz"):
        fill_request(one, IDS, book())


def test_a_secret_that_is_missing_stops_the_step_without_naming_its_value():
    with pytest.raises(SecretMissing, match="env GONE"):
        fill_request(request(body={"x": env("GONE")}), IDS, book())


def test_all_missing_secrets_are_named_at_once():
    changes = tuple(
        change_of(
            at(f"persona.{name}"),
            Action.CREATE,
            requests=(request(body={"k": env(name.upper())}),),
            source=f"{name}.yaml",
        )
        for name in "ab"
    )
    with pytest.raises(SecretMissing) as caught:
        check_secrets(changes, book())
    assert "persona.a (a.yaml) needs env A" in caught.value.message
    assert "persona.b (b.yaml) needs env B" in caught.value.message
    check_secrets(changes, book(A="1", B="2"))
