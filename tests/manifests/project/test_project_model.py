"""What is wrong with a project file is said in words of ours, whatever a library calls it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from reconciler.manifests.project.project_model import ProjectModel, explain_errors
from reconciler.types.json import Json

GOOD: dict[str, Json] = {"apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "a"}}
VALUES: st.SearchStrategy[Json] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5),
    st.just([]), st.just({}), st.just([1]), st.just({"x": 1}),
)  # fmt: skip
PLACES = (
    ("kind",), ("apiVersion",), ("metadata",), ("metadata", "name"), ("metadata", "labels", "x"), ("migrate",),
    ("default_workspace",), ("catalogue",), ("sources", "exclude"), ("migrations", "int"), ("workspaces",),
    ("workspaces", "int"), ("workspaces", "-x"), ("workspaces", "a", "provider"), ("workspaces", "a", "parallelism"),
    ("workspaces", "a", "policy", "max_change_percent"), ("workspaces", "a", "policy", "allowed_hosts"),
    ("workspaces", "a", "max_requests_per_second"), ("workspaces", "a", "history", "keep"), ("unknown",),
)  # fmt: skip


def findings(document: dict[str, Json]) -> list[tuple[str, str]]:
    try:
        ProjectModel.model_validate(document)
    except ValidationError as problem:
        return [("/".join(place), text) for place, _, text in explain_errors(problem.errors(), document)]
    return []


def put(path: tuple[str, ...], value: Json) -> dict[str, Json]:
    document: dict[str, Json] = {**GOOD, "metadata": {"name": "a"}}
    here: dict[str, Json] = document
    for key in path[:-1]:
        inner = here.setdefault(key, {})
        assert isinstance(inner, dict)
        here = inner
    here[path[-1]] = value
    return document


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_each_place_is_told_of_once_and_lies_in_the_file(path: tuple[str, ...], value: Json) -> None:
    document = put(path, value)
    found = findings(document)
    assert len(set(found)) == len(found)
    assert len({place for place, text in found if "is wanted" in text}) == sum("is wanted" in one for _, one in found)
    for place, text in found:
        assert "input should" not in text.lower()
        assert "Model" not in text
        here: Json = document
        for token in place.split("/") if text and place else ():
            assert isinstance(here, dict | list)
            here = here[int(token)] if isinstance(here, list) else here[token]


@pytest.mark.parametrize(
    ("path", "value", "place", "text"),
    [
        (("kind",), "Persona", "kind", "Project is wanted here, not 'Persona'"),
        (("metadata",), "a", "metadata", "a mapping is wanted here, not a text"),
        (("migrate",), "alway", "migrate", "auto or ask or off is wanted here, not 'alway'"),
        (("sources", "exclude"), None, "sources/exclude", "a list is wanted here, not nothing"),
    ],
)
def test_the_words(path: tuple[str, ...], value: Json, place: str, text: str) -> None:
    assert findings(put(path, value)) == [(place, text)]


def test_a_text_where_something_else_belongs_is_not_repeated() -> None:
    found = findings(put(("workspaces", "a", "provider"), "sk-live-0123456789"))
    assert found
    assert "0123456789" not in str(found)
