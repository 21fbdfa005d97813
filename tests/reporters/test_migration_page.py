"""`explain M20`: the documentation of a migration."""

from __future__ import annotations

import pytest

from reconciler.core.linting.rule_table import RULES
from reconciler.core.migrating.migration_table import MIGRATIONS
from reconciler.reporters.migration_page import describe_migration, find_migration, migration_as_json


@pytest.mark.parametrize("name", ["M20", "m20", "inline-tool-create", "Inline-Tool-Create"])
def test_by_id_or_name(name):
    found = find_migration(name)
    assert found is not None and found.id == "M20"


def test_nothing_of_that_name():
    assert find_migration("M99") is None
    assert find_migration("persona") is None


@pytest.mark.parametrize("id", MIGRATIONS.all())
def test_every_migration_tells_what_why_and_both_sides(id):
    one = MIGRATIONS.get(id)
    text = describe_migration(one, width=80)
    assert text.startswith(f"{id} {one.name} ({one.safety.value}")
    for title in ("What it does:", "Why:", "Before:", "After:", f"migrate --only {one.name}"):
        assert title in text
    found = migration_as_json(one)
    assert (found["id"], found["what"], found["before"]) == (id, one.doc.what, one.doc.before)


@pytest.mark.parametrize("code", [*RULES.all(), *MIGRATIONS.all()])
def test_the_command_explains_every_code(code, capsys):
    from reconciler.cli.main import run

    assert run(["explain", code.lower()]) == 0
    assert capsys.readouterr().out.startswith(code)
