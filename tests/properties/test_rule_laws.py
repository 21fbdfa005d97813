"""Laws of all rules: no JSON breaks one, they change nothing, say the same twice, and their fixes fix."""

from __future__ import annotations

import copy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.platforms.tavus.rules import RULES
from reconciler.platforms.tavus.rules.body_reader import exists
from reconciler.types.diagnostic import Diagnostic, Fix
from reconciler.types.json import Json, Object, join, lookup, split
from tests.support.bodies import JSON, bodies
from tests.support.rulecase import context, manifest

ANY_KIND = st.sampled_from(["persona", "tool"])
MORE = (
    "/data",
    "/modality",
    "/guardrail_name",
    "/layers/perception/screen_tools",
    "/layers/tts/voice_settings/speed",
)
LAWS = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def findings(spec: Object, kind: str) -> list[Diagnostic]:
    one = manifest(spec, kind)
    around = context(one)
    return [finding for rule in RULES.all().values() if rule.concerns(one) for finding in rule.check(one, around)]


def is_there(spec: Object, pointer: str) -> bool:
    parent, _, last = pointer.rpartition("/")
    holder = lookup(spec, parent)
    return int(last) < len(holder) if isinstance(holder, list) else not pointer or exists(spec, pointer)


def apply(spec: Object, pointer: str, fix: Fix) -> Object:
    """A copy of `spec` with one fix carried out."""
    fixed = copy.deepcopy(spec)
    *above, last = split(pointer)
    holder = lookup(fixed, join(*above))
    assert isinstance(holder, dict)
    if fix.remove:
        del holder[last]
    else:
        holder[last] = fix.value
    return fixed


@LAWS
@given(data=st.data(), kind=ANY_KIND)
def test_every_finding_points_at_something(data: st.DataObject, kind: str) -> None:
    spec = data.draw(bodies(kind, MORE))
    canonical = manifest(spec, kind).spec
    for finding in findings(spec, kind):
        assert finding.pointer is not None
        assert is_there(canonical, finding.pointer), (finding.code, finding.pointer)


@LAWS
@given(data=st.data(), kind=ANY_KIND)
def test_rules_change_nothing_and_say_the_same_twice(data: st.DataObject, kind: str) -> None:
    spec = data.draw(bodies(kind, MORE))
    before = copy.deepcopy(spec)
    first = findings(spec, kind)
    assert findings(spec, kind) == first
    assert spec == before


@LAWS
@given(data=st.data(), kind=ANY_KIND)
def test_a_fix_settles_its_finding(data: st.DataObject, kind: str) -> None:
    spec = manifest(data.draw(bodies(kind, MORE)), kind).spec
    for finding in findings(spec, kind):
        if finding.fix is None:
            continue
        after = findings(apply(spec, finding.pointer or "", finding.fix), kind)
        assert (finding.code, finding.pointer) not in [(one.code, one.pointer) for one in after]


@LAWS
@given(value=JSON, name=st.sampled_from(["guardrail", "guardrail_set", "objectives", "document", "deployment"]))
def test_kinds_without_a_table_break_no_rule(value: Json, name: str) -> None:
    found = findings({"data": [value], "modality": value, "tags": value, "guardrail_name": value}, name)
    assert all(finding.summary for finding in found)


@LAWS
@given(data=st.data())
def test_what_is_found_in_a_part_is_found_with_more_labels_too(data: st.DataObject) -> None:
    """A description changes nothing that any rule looks at."""
    spec = data.draw(bodies("persona"))
    spec.pop("pal_description", None)
    plain = {(one.code, one.pointer) for one in findings(spec, "persona")}
    described = {(one.code, one.pointer) for one in findings({**spec, "pal_description": "A note."}, "persona")}
    assert plain == described
