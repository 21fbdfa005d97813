"""What stands in the place of a secret that the server never shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import is_masked
from reconciler.core.canonical.write_only_secrets import is_unset, told, with_told
from reconciler.core.kind_table import KINDS, kind
from reconciler.types.json import Json, split

DEPLOYMENT = kind("deployment")
(ROW,) = told(DEPLOYMENT)


@pytest.mark.parametrize(
    ("document", "password"),
    [
        ({"has_password": True}, "********"),
        ({"has_password": True, "password": None}, "********"),
        ({"has_password": True, "password": "shown"}, "shown"),
        ({"has_password": False}, ""),
        ({"has_password": False, "password": "shown"}, "shown"),
        ({"has_password": None}, None),
        ({"has_password": "yes"}, None),
        ({}, None),
    ],
)
def test_what_the_server_says(document: dict[str, Json], password: Json) -> None:
    before = dict(document)
    assert with_told(DEPLOYMENT, document).get("password") == password
    assert document == before


@given(st.dictionaries(st.sampled_from(["has_password", "password", "name"]), st.none() | st.booleans() | st.text()))
def test_twice_is_once_and_nothing_else_moves(document: dict[str, Json]) -> None:
    once = with_told(DEPLOYMENT, document)
    assert with_told(DEPLOYMENT, once) == once
    assert {k: v for k, v in once.items() if k != "password"} == {
        k: v for k, v in document.items() if k != "password"
    }
    assert not (is_masked(once.get("password")) and is_unset(ROW, once.get("password")))


def test_other_kinds_cost_nothing() -> None:
    document: dict[str, Json] = {"has_password": True}
    assert with_told(kind("persona"), document) is document


def test_a_row_that_is_told_of_is_a_secret_at_the_top_and_the_server_owns_what_tells() -> None:
    for spec in KINDS.all().values():
        rows = {row.path: row for row in spec.fields}
        for row in told(spec):
            assert row.secret
            assert len(split(row.path)) == 1
            assert rows[str(row.told_by)].server
