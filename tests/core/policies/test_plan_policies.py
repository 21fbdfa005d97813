"""What a plan may not do without being asked twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.policies.guard import guard
from reconciler.core.policies.plan_policies import same_account
from reconciler.core.policies.policy import Situation
from reconciler.types.change import Action, Direction, FieldChange, Reason
from reconciler.types.history import History
from reconciler.types.live import Account
from reconciler.types.manifest import Lifecycle
from reconciler.types.options import PlanOptions
from reconciler.types.project import Policy
from tests.support.making import at, entry, listing, live, state
from tests.support.records import change_of

ACCOUNT = Account("https://api.example.com/v2", "pal")


def many(count):
    return state(**{f"persona__p{number}": entry(f"p{number}") for number in range(count)})


def listed(count):
    return {
        "persona": listing("persona", *(live("persona", f"p{number}", {"pal_name": "x"}) for number in range(count)))
    }


def situation(count=20, *, options=None, policy=None, manifests=5, **more):
    return Situation(
        many(count), ACCOUNT, listed(count), options or PlanOptions(), policy or Policy(), manifests, **more
    )


def update(number, direction=Direction.GIT, **more):
    field = FieldChange("/system_prompt", direction, "a", "b")
    return change_of(at(f"persona.p{number}"), Action.UPDATE, Reason.CHANGED, f"p{number}", fields=(field,), **more)


def delete(number=0, **more):
    return change_of(at(f"persona.p{number}"), Action.DELETE, Reason.NOT_IN_MANIFESTS, f"p{number}", **more)


def rules(changes, given):
    guarded, blocks = guard(changes, given)
    return [block.rule for change in guarded for block in change.blocked] + [block.rule for block in blocks]


@pytest.mark.parametrize(
    ("policy", "options", "expected"),
    [
        ("deny", PlanOptions(), ["deletes"]),
        ("deny", PlanOptions(allow_deletes=True), []),
        ("deny", PlanOptions(destroy=True), []),
        ("allow", PlanOptions(), []),
        ("never", PlanOptions(allow_deletes=True), ["deletes"]),
        ("never", PlanOptions(destroy=True), ["deletes"]),
    ],
)
def test_deletes(policy, options, expected):
    assert rules([delete()], situation(options=options, policy=Policy(deletes=policy))) == expected


@pytest.mark.parametrize("options", [PlanOptions(allow_deletes=True), PlanOptions(destroy=True)])
def test_protection_holds_against_every_flag(options):
    assert rules([delete(lifecycle=Lifecycle(protect=True))], situation(options=options)) == ["protect"]


def test_a_block_says_the_way_out():
    (guarded,), _ = guard([delete()], situation())
    assert "--exclude persona.p0" in guarded.blocked[0].hint
    assert "--allow-deletes" in guarded.blocked[0].hint


@pytest.mark.parametrize(("changed", "blocked"), [(6, []), (7, ["mass_change"])])
def test_the_ratio_is_strictly_greater(changed, blocked):
    assert rules([update(number) for number in range(changed)], situation(20)) == blocked


def test_few_resources_have_no_ratio():
    assert rules([update(number) for number in range(9)], situation(9)) == []


@pytest.mark.parametrize(
    "options", [PlanOptions(allow_mass_change=True), PlanOptions(migrate=True), PlanOptions(destroy=True)]
)
def test_the_ratio_is_lifted(options):
    assert rules([update(number) for number in range(20)], situation(20, options=options)) == []


def test_what_restores_or_repoints_does_not_count():
    changes = [
        *(update(number, Direction.LIVE) for number in range(7)),
        *(replace(update(number), reason=Reason.REPOINTED) for number in range(7, 14)),
        *(replace(update(number), importing="x") for number in range(14, 20)),
    ]
    assert rules(changes, situation(20)) == []


def test_deletes_count_for_the_ratio():
    changes = [delete(number) for number in range(7)]
    assert rules(changes, situation(20, options=PlanOptions(allow_deletes=True))) == ["mass_change"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (PlanOptions(), ["empty_set"]),
        (PlanOptions(allow_mass_change=True), ["empty_set"]),
        (PlanOptions(allow_deletes=True), ["empty_set"]),
        (PlanOptions(allow_mass_change=True, allow_deletes=True), []),
        (PlanOptions(destroy=True), []),
        (PlanOptions(refresh_only=True), ["empty_set"]),
    ],
)
def test_no_manifests_over_a_state_that_holds_something(options, expected):
    assert rules([], situation(3, options=options, manifests=0)) == expected


def test_no_manifests_and_no_state_is_a_start():
    assert rules([], situation(0, manifests=0)) == []


class TestAccount:
    def given(self, *, owner=None, keys=(), shown=0, fingerprint="other", **options):
        known = replace(many(3), owner="42" if owner else None, keys=keys)
        account = replace(ACCOUNT, owner=owner)
        return Situation(known, account, listed(shown), PlanOptions(**options), Policy(), 3, lambda: fingerprint)

    def test_the_owner_decides_where_it_is_shown(self):
        assert rules([], self.given(owner="42")) == []
        assert rules([], self.given(owner="43", shown=3)) == ["account"]

    def test_a_managed_id_in_the_list_is_proof_enough(self):
        assert rules([], self.given(shown=1)) == []

    def test_a_known_key_is_proof_enough(self):
        assert rules([], self.given(keys=("mine",), fingerprint="mine")) == []

    def test_nothing_known_is_another_account(self):
        assert rules([], self.given(keys=("mine",))) == ["account"]
        assert rules([], self.given(accept_account=True)) == []

    @pytest.mark.parametrize(("back", "expected"), [(None, []), (1, ["account"])])
    def test_a_state_without_objects_has_a_history_of_one_account(self, back, expected):
        emptied = replace(many(0), history=History(entries=(object(),)), keys=("mine",))
        found = Situation(emptied, ACCOUNT, listed(0), PlanOptions(rollback=back), Policy(), 3, lambda: "other")
        assert rules([], found) == expected

    def test_the_slow_fingerprint_is_only_taken_when_nothing_else_tells(self):
        def never():
            raise AssertionError("asked for the fingerprint")

        assert same_account(many(1), ACCOUNT, listed(1), never)
        assert same_account(many(0), ACCOUNT, {}, never)


@pytest.mark.parametrize(
    ("total", "floor", "changed", "percent", "blocked"),
    [
        (10, 10, 4, 30, True),  # the rule holds from exactly so many objects on
        (9, 10, 9, 30, False),
        (10, 10, 3, 30, False),  # exactly the share is allowed
        (11, 10, 4, 30, True),
        (20, 10, 6, 30, False),
        (20, 10, 7, 30, True),
        (10, 0, 1, 0, True),
        (1, 1, 1, 99, True),
        (1, 1, 1, 100, False),
        (3, 1, 1, 33.4, False),
        (3, 1, 1, 33.3, True),
    ],
)
def test_the_share_and_the_floor_to_the_object(total, floor, changed, percent, blocked):
    given = situation(total, policy=Policy(max_change_percent=percent, min_resources=floor))
    found = rules([update(number) for number in range(changed)], given)
    assert found == (["mass_change"] if blocked else [])


@pytest.mark.parametrize("flag", ["destroy", "allow_mass_change", "migrate"])
def test_a_mass_change_that_was_asked_for_is_none(flag):
    changes = [update(number) for number in range(20)]
    assert rules(changes, situation(20)) == ["mass_change"]
    assert rules(changes, situation(20, options=PlanOptions(**{flag: True}))) == []


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (update(0), True),
        (update(0, Direction.BOTH), True),
        (update(0, Direction.LIVE), False),
        (update(0, importing="p0"), False),
        (replace(update(0), reason=Reason.REPOINTED), False),
        (replace(update(0), action=Action.CREATE), False),
        (replace(update(0), action=Action.NOOP), False),
        (replace(update(0), action=Action.FORGET), False),
        (delete(0), True),
    ],
)
def test_what_counts_as_a_change(change, counts):
    policy = Policy(deletes="allow", max_change_percent=0, min_resources=1)
    assert rules([change], situation(10, policy=policy)) == (["mass_change"] if counts else [])
