"""Every entry of the rule table: its documentation, its examples, its pointers, and that no input breaks it."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.kinds import KINDS
from reconciler.rules import RULES
from reconciler.rules.base import Rule
from reconciler.rules.reading import exists
from reconciler.types.diagnostic import Severity
from reconciler.types.json import lookup, split
from tests.support.rulecase import context, manifest

CODES = list(RULES)

SEVERITIES = {
    Severity.ERROR: {1, 2, 3, 4, 5, 12, 13, 14, 15, 20, 22, 23, 24, 27, 31},
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


def test_codes_run_from_l01_to_l33_without_a_gap() -> None:
    assert [f"L{number:02}" for number in range(1, 34)] == CODES


def test_names_are_unique() -> None:
    assert len({rule.name for rule in RULES.all().values()}) == len(CODES)


@pytest.mark.parametrize("code", CODES)
class TestEveryRule:
    def test_is_registered_under_its_own_code(self, code: str) -> None:
        rule = RULES.get(code)
        assert isinstance(rule, Rule)
        assert rule.code == code
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)

    def test_has_the_severity_of_the_table(self, code: str) -> None:
        assert int(code[1:]) in SEVERITIES[RULES.get(code).severity]

    def test_is_documented(self, code: str) -> None:
        doc = RULES.get(code).doc
        for section in (doc.what, doc.why):
            assert len(section) > 40
            assert section.endswith(".")
        assert isinstance(yaml.safe_load(doc.bad), dict)
        assert isinstance(yaml.safe_load(doc.good), dict)
        assert RULES.get(code).source

    def test_bad_example_makes_it_speak_at_places_that_exist(self, code: str) -> None:
        rule = RULES.get(code)
        one = manifest(rule.doc.bad, example_kind(rule))
        found = list(rule.check(one, context(one)))
        assert found
        for finding in found:
            assert finding.code == code
            assert finding.address == one.address
            assert finding.source == one.source
            assert finding.summary
            assert points_at_something(one.spec, finding.pointer)

    def test_good_example_keeps_it_quiet(self, code: str) -> None:
        rule = RULES.get(code)
        one = manifest(rule.doc.good, example_kind(rule))
        assert list(rule.check(one, context(one))) == []

    def test_applying_its_fixes_makes_those_findings_go(self, code: str) -> None:
        rule = RULES.get(code)
        one = manifest(rule.doc.bad, example_kind(rule))
        for finding in list(rule.check(one, context(one))):
            if finding.fix is None:
                continue
            *above, last = split(finding.pointer or "")
            holder = lookup(one.spec, "".join(f"/{token}" for token in above))
            assert isinstance(holder, dict)
            if finding.fix.remove:
                del holder[last]
            else:
                holder[last] = finding.fix.value
            left = [again.pointer for again in rule.check(one, context(one))]
            assert finding.pointer not in left


def example_kind(rule: Rule) -> str:
    if rule.kinds:
        return rule.kinds[0]
    return "tool" if rule.code == "L23" else "persona"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["off", "raven-0", "tavus-gpt-4o", "livekit", "echo", "https://h/v1/completions", "********"])
    | st.just({"$secret": {"env": "X"}})
    | st.just({"$ref": "tool.x"}),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "function", "parameters", "properties", "a/b~", "tags"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@st.composite
def bodies(draw: st.DrawFn, kind: str) -> dict[str, object]:
    """A body of `kind` with any JSON at any of its declared places."""
    body: dict[str, object] = {}
    rows = [row.path for row in KINDS.get(kind).fields]
    extra = ["/data", "/modality", "/guardrail_name", "/guardrail_prompt", "/layers/perception/screen_tools"]
    for path in draw(st.lists(st.sampled_from([*rows, *extra]), max_size=8, unique=True)):
        *above, last = [token.replace("*", "Authorization") for token in split(path)]
        holder = body
        for token in above:
            inner = holder.setdefault(token, {})
            if not isinstance(inner, dict):
                inner = holder[token] = {}
            holder = inner
        holder[last] = draw(JSON)
    return body


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), kind=st.sampled_from(["persona", "tool"]))
def test_no_json_breaks_a_rule_and_every_pointer_exists(data: st.DataObject, kind: str) -> None:
    body = data.draw(bodies(kind))
    one = manifest(body, kind)  # type: ignore[arg-type]
    around = context(one)
    for rule in RULES.all().values():
        for finding in rule.check(one, around):
            assert points_at_something(one.spec, finding.pointer), (rule.code, finding.pointer)


@settings(max_examples=60, deadline=None)
@given(value=JSON, name=st.sampled_from(["guardrail", "guardrail_set", "objectives", "document"]))
def test_kinds_without_a_table_do_not_break_a_rule(value: object, name: str) -> None:
    one = manifest({"data": [value], "modality": value, "tags": value, "guardrail_name": value}, name)  # type: ignore[dict-item]
    for rule in RULES.all().values():
        for finding in rule.check(one, context(one)):
            assert finding.summary
