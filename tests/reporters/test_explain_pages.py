"""The pages of a rule and of a migration: what, why, and an example of both ways."""

from __future__ import annotations

import json

import pytest

from reconciler.platforms.tavus.migrations import MIGRATIONS
from reconciler.platforms.tavus.rules import RULES
from reconciler.reporters.explain_pages import (
    describe_migration,
    describe_rule,
    find_migration,
    find_rule,
    migration_as_json,
    rule_as_json,
)


@pytest.mark.parametrize("name", ["L04", "l04", "base-url-route", "Base-URL-Route"])
def test_a_rule_is_found_by_code_and_by_name(name: str) -> None:
    found = find_rule(name, RULES)
    assert found is not None
    assert found.code == "L04"


def test_an_unknown_rule_is_none() -> None:
    assert find_rule("L99", RULES) is None


@pytest.mark.parametrize("code", list(RULES))
def test_the_text_has_all_sections_and_fits(code: str) -> None:
    text = describe_rule(RULES.get(code), width=80)
    for title in (code, "What it finds:", "Why that is bad:", "Bad:", "Good:", f"keep {code}"):
        assert title in text
    assert all(len(line) <= 170 for line in text.splitlines())


@pytest.mark.parametrize("code", list(RULES))
def test_the_json_is_json(code: str) -> None:
    found = rule_as_json(RULES.get(code))
    assert json.loads(json.dumps(found)) == found
    assert found["code"] == code


@pytest.mark.parametrize("name", ["M20", "m20", "inline-tool-create", "Inline-Tool-Create"])
def test_by_id_or_name(name):
    found = find_migration(name, MIGRATIONS)
    assert found is not None and found.id == "M20"


def test_nothing_of_that_name():
    assert find_migration("M99", MIGRATIONS) is None
    assert find_migration("persona", MIGRATIONS) is None


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
