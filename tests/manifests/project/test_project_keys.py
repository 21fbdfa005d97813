"""Every key that the project file takes is listed with its type and its meaning, at its place."""

from __future__ import annotations

from reconciler.manifests.project.project_keys import keys, models, title_of
from reconciler.manifests.project.project_model import KNOWN_KEYS


def test_every_key_is_listed_with_its_meaning() -> None:
    rows = [row for model in models().values() for row in keys(model)]
    assert {key for known in KNOWN_KEYS.values() for key in known} - {key for key, *_ in rows} == set()
    assert all(kind and meaning for _, kind, _, meaning in rows)


def test_every_mapping_has_a_place_of_its_own() -> None:
    titles = [title_of(name) for name in models()]
    assert len({*titles}) == len(titles)
    assert "workspaces.NAME.policy" in titles
