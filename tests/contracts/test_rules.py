"""Every entry of the rule tables of all platforms: its documentation, its examples and its pointers."""

from __future__ import annotations

import re

import pytest
import yaml

from reconciler.core.linting import Rule, RuleContext
from reconciler.core.platform import Platform
from reconciler.manifests.project.read_catalogue import load_catalogue
from reconciler.platforms.tavus.rules import RULES
from reconciler.platforms.tavus.rules.body_reader import exists
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import lookup, split
from reconciler.types.manifest import Manifest
from tests.support.platforms import EVERY
from tests.support.rulecase import manifest

CODES = list(RULES)
ENTRIES = [(one, code) for one in EVERY.values() for code in one.rules]

SEVERITIES = {
    Severity.ERROR: {1, 2, 3, 4, 5, 12, 13, 14, 15, 20, 22, 23, 24, 27, 31, 34, 35, 36, 37, 38, 39},
    Severity.WARNING: {6, 7, 8, 9, 10, 16, 17, 18, 25, 26, 28, 30, 32, 33},
    Severity.INFO: {11, 19, 21, 29},
}


def points_at_something(spec: object, pointer: str | None) -> bool:
    assert pointer is not None
    parent, _, last = pointer.rpartition("/")
    holder = lookup(spec, parent)  # type: ignore[arg-type]
    if isinstance(holder, list):
        return int(last) < len(holder)
    return not pointer or exists(spec, pointer)  # type: ignore[arg-type]


def test_codes_run_from_l01_without_a_gap() -> None:
    assert [f"L{number:02}" for number in range(1, len(CODES) + 1)] == CODES


def test_names_are_unique() -> None:
    assert len({rule.name for rule in RULES.all().values()}) == len(CODES)


@pytest.mark.parametrize("code", CODES)
def test_has_the_severity_of_the_table(code: str) -> None:
    assert int(code[1:]) in SEVERITIES[RULES.get(code).severity]


def example(platform: Platform, rule: Rule, text: str) -> Manifest:
    """An example of a rule as a manifest of the kind that it is about."""
    return manifest(text, example_kind(platform, rule), kinds=platform.kinds.all())


def check(platform: Platform, rule: Rule, one: Manifest) -> list[Diagnostic]:
    """What the rule says of a manifest that stands alone."""
    return list(rule.check(one, RuleContext(load_catalogue(platform), {one.address: one})))


@pytest.mark.parametrize(("platform", "code"), ENTRIES, ids=lambda value: getattr(value, "name", value))
class TestEveryRule:
    def test_is_registered_under_its_own_code(self, platform: Platform, code: str) -> None:
        rule = platform.rules.get(code)
        assert isinstance(rule, Rule)
        assert rule.code == code
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)

    def test_is_documented(self, platform: Platform, code: str) -> None:
        doc = platform.rules.get(code).doc
        for section in (doc.what, doc.why):
            assert len(section) > 40
            assert section.endswith(".")
        assert isinstance(yaml.safe_load(doc.bad), dict)
        assert isinstance(yaml.safe_load(doc.good), dict)
        assert platform.rules.get(code).source

    def test_bad_example_makes_it_speak_at_places_that_exist(self, platform: Platform, code: str) -> None:
        rule = platform.rules.get(code)
        one = example(platform, rule, rule.doc.bad)
        found = check(platform, rule, one)
        assert found
        for finding in found:
            assert finding.code == code
            assert finding.address == one.address
            assert finding.source == one.source
            assert finding.summary
            assert points_at_something(one.spec, finding.pointer)

    def test_good_example_keeps_it_quiet(self, platform: Platform, code: str) -> None:
        rule = platform.rules.get(code)
        one = example(platform, rule, rule.doc.good)
        assert check(platform, rule, one) == []

    def test_applying_its_fixes_makes_those_findings_go(self, platform: Platform, code: str) -> None:
        rule = platform.rules.get(code)
        one = example(platform, rule, rule.doc.bad)
        for finding in check(platform, rule, one):
            if finding.fix is None:
                continue
            *above, last = split(finding.pointer or "")
            holder = lookup(one.spec, "".join(f"/{token}" for token in above))
            assert isinstance(holder, dict)
            if finding.fix.remove:
                del holder[last]
            else:
                holder[last] = finding.fix.value
            left = [again.pointer for again in check(platform, rule, one)]
            assert finding.pointer not in left


def example_kind(platform: Platform, rule: Rule) -> str:
    """The kind of a rule's examples: its first, else the one that is meant where none is named."""
    if rule.kinds:
        return rule.kinds[0]
    return "tool" if rule.code == "L23" else platform.kinds.default.name
