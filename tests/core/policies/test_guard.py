"""Policies on values: what is written is blocked, what is live already and stays as it is gives a warning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.core.policies import POLICIES
from reconciler.core.policies.guard import MOST, guard, standing_violations
from reconciler.core.policies.policy import Situation
from reconciler.types.change import Action, Change, Direction, FieldChange, Reason
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json
from reconciler.types.live import Account
from reconciler.types.manifest import Lifecycle, Manage
from reconciler.types.options import PlanOptions
from reconciler.types.project import Policy
from reconciler.types.state import State
from tests.support.making import at, env
from tests.support.records import change_of

MODEL, URL, PROMPT = "/layers/llm/model", "/layers/llm/base_url", "/system_prompt"
STRICT = Policy(
    deletes="allow",
    protected=("persona.prod-*",),
    allowed_models=("tavus-*", "nw-claims-1"),
    denied_models=("tavus-gpt-4*",),
    allowed_hosts=("*.northwind.example", "localhost"),
    https_only=True,
    max_prompt_tokens=100,
    no_deprecated=True,
    max_deletes=2,
)
GOOD: dict[str, Json] = {
    PROMPT: "You are kind.",
    MODEL: "tavus-gpt-oss",
    URL: "https://llm.northwind.example/v1",
    "/layers/perception/perception_model": "raven-1",
    "/greeting": "Hello",
}
BAD: list[tuple[str, str, Json]] = [
    ("allowed_models", MODEL, "gpt-4o"),
    ("allowed_models", MODEL, env("MODEL")),
    ("denied_models", MODEL, "tavus-gpt-4o"),
    ("denied_models", MODEL, env("MODEL")),
    ("allowed_hosts", URL, "https://evil.example/v1"),
    ("allowed_hosts", URL, "https://llm.northwind.example@evil.example/"),
    ("allowed_hosts", URL, "https://evil.example\\.northwind.example/"),
    ("allowed_hosts", URL, env("URL")),
    ("https_only", URL, "http://llm.northwind.example/v1"),
    ("https_only", URL, "llm.northwind.example/v1"),
    ("https_only", URL, env("URL")),
    ("max_prompt_tokens", PROMPT, "x" * 401),
    ("max_prompt_tokens", "/context", "x" * 397),
    ("no_deprecated", "/layers/perception/perception_model", "raven-0"),
    ("no_deprecated", "/layers/vqa/enable_vision", True),
    ("no_deprecated", MODEL, "tavus-gpt-4o"),
    ("no_deprecated", "/layers/stt/stt_engine", "tavus-turbo"),
]


def situation(policy: Policy = STRICT, **options: bool) -> Situation:
    return Situation(
        State("lineage"), Account("https://x", "pal"), {}, PlanOptions(**options), policy, 1, catalogue=load_catalogue
    )


def change(
    written: Mapping[str, Json], standing: Mapping[str, Json] | None = None, action: Action = Action.UPDATE
) -> Change:
    fields = tuple(FieldChange(path, Direction.GIT, None, value) for path, value in written.items())
    managed = {**(standing or {}), **written}
    return change_of(at("persona.a"), action, Reason.CHANGED, "p1", fields=fields, managed=managed)


def blocks(one: Change, policy: Policy = STRICT) -> list[tuple[str, str | None]]:
    (guarded,), _ = guard([one], situation(policy))
    return [(block.rule, block.pointer) for block in guarded.blocked]


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
@pytest.mark.parametrize(("rule", "pointer", "value"), BAD)
def test_what_would_be_written_is_blocked(rule: str, pointer: str, value: Json, action: Action) -> None:
    written = {**GOOD, pointer: value}
    assert rule in {name for name, _ in blocks(change(written, action=action))}
    assert standing_violations([change(written, action=action)], situation(), {}) == []


@pytest.mark.parametrize(("rule", "pointer", "value"), BAD)
def test_a_block_names_the_place_and_the_way_out(rule: str, pointer: str, value: Json) -> None:
    (guarded,), _ = guard([change({**GOOD, pointer: value})], situation())
    found = [block for block in guarded.blocked if block.rule == rule]
    place = PROMPT if rule == "max_prompt_tokens" else pointer
    assert [block.pointer for block in found] == [place]
    assert all("--exclude persona.a" in block.hint for block in found)


@pytest.mark.parametrize(("rule", "pointer", "value"), BAD)
def test_what_is_live_already_gives_a_warning(rule: str, pointer: str, value: Json) -> None:
    """Neither a change of another field, nor an import, nor an object in sync is held up by it."""
    standing = {**GOOD, pointer: value}
    del standing["/greeting"]
    source = Source("a.yaml")
    in_sync = change_of(at("persona.a"), Action.NOOP, managed=standing)
    for one in (change({"/greeting": "Hi"}, standing), in_sync, replace(in_sync, importing="p1")):
        assert blocks(one) == []
        found = standing_violations([one], situation(), {one.address: source})
        assert rule in {finding.detail.split(":")[0].removeprefix("policy ") for finding in found}
        assert {(finding.code, finding.is_error, finding.source) for finding in found} == {
            ("E-policy", False, source)
        }


@pytest.mark.parametrize(("rule", "pointer", "value"), BAD)
def test_a_policy_that_nobody_asked_for_is_silent(rule: str, pointer: str, value: Json) -> None:
    one = change({**GOOD, pointer: value}, action=Action.CREATE)
    assert blocks(one, Policy()) == []
    assert standing_violations([one], situation(Policy()), {}) == []


def test_a_context_that_is_written_makes_the_prompt_count() -> None:
    one = change({"/context": "x" * 8}, {PROMPT: "x" * 400})
    assert blocks(one, Policy(max_prompt_tokens=100)) == [("max_prompt_tokens", PROMPT)]


def test_what_is_only_observed_is_never_blocked() -> None:
    observed = replace(change({MODEL: "gpt-4o"}), lifecycle=Lifecycle(manage=Manage.OBSERVE))
    assert blocks(observed) == []
    assert [one.pointer for one in standing_violations([observed], situation(), {})] == [MODEL]


def test_what_is_removed_is_no_violation() -> None:
    gone = FieldChange(MODEL, Direction.GIT, "gpt-4o", None)
    one = change_of(at("persona.a"), Action.UPDATE, Reason.CHANGED, "p1", fields=(gone,), managed={})
    assert blocks(one) == []


@pytest.mark.parametrize(
    ("address", "allowed", "fine"),
    [
        ("http://localhost:8080/v1", ("localhost",), True),
        ("http://127.0.0.1/v1", ("127.0.0.1",), True),
        ("http://127.0.0.1:9/v1", ("127.0.0.1:8080",), False),
        ("http://[::1]:8080/", ("[::1]",), True),
        ("http://localhost/v1", ("*",), False),
        ("http://localhost/v1", ("local*",), False),
        ("http://localhost/v1", None, False),
        ("http://llm.example/v1", ("llm.example",), False),
        ("https://llm.example/v1", None, True),
        ("wss://llm.example/v1", None, True),
    ],
)
def test_loopback_has_to_be_named(address: str, allowed: tuple[str, ...] | None, fine: bool) -> None:
    policy = Policy(https_only=True, allowed_hosts=allowed)
    assert ([rule for rule, _ in blocks(change({URL: address}), policy) if rule == "https_only"] == []) is fine


@pytest.mark.parametrize(
    ("pattern", "address", "fine"),
    [
        ("LLM.Northwind.example", "https://llm.northwind.EXAMPLE./v1", True),
        ("llm.northwind.example:8443", "https://llm.northwind.example:8443/", True),
        ("llm.northwind.example:8443", "https://llm.northwind.example/", False),
        ("llm.northwind.example", "https://llm.northwind.example:8443/", True),
        ("*.northwind.example", "https://northwind.example/", False),
        ("*.northwind.example", "https://northwind.example.evil/", False),
        ("10.0.*", "https://10.0.3.7/", True),
    ],
)
def test_hosts_and_ports(pattern: str, address: str, fine: bool) -> None:
    assert (blocks(change({URL: address}), Policy(allowed_hosts=(pattern,))) == []) is fine


def test_tools_and_documents_are_judged_too() -> None:
    tool = replace(change({"/delivery": {"api": {"url": "http://evil.example"}}}), address=at("tool.t"))
    assert set(blocks(tool)) == {("allowed_hosts", "/delivery/api/url"), ("https_only", "/delivery/api/url")}
    document = replace(change({"/document_url": "https://evil.example/a.pdf"}), address=at("document.d"))
    assert blocks(document) == [("allowed_hosts", "/document_url")]


def test_without_a_catalogue_only_fields_can_be_outdated() -> None:
    blind = replace(situation(), catalogue=None)
    (guarded,), _ = guard([change({MODEL: "tavus-gpt-4o", "/layers/vqa/x": True})], blind)
    assert [block.pointer for block in guarded.blocked if block.rule == "no_deprecated"] == ["/layers/vqa/x"]


def test_a_flood_of_warnings_is_counted() -> None:
    many = [change_of(at(f"persona.p{number}"), Action.NOOP, managed={MODEL: "gpt-4o"}) for number in range(MOST + 7)]
    found = standing_violations(many, situation(Policy(allowed_models=("tavus-*",))), {})
    assert len(found) == MOST + 1
    assert "7 more" in found[-1].summary


class TestDeletes:
    def gone(self, *names: str) -> list[Change]:
        return [change_of(at(f"persona.{name}"), Action.DELETE, Reason.NOT_IN_MANIFESTS, name) for name in names]

    @pytest.mark.parametrize("options", [{}, {"allow_deletes": True}, {"destroy": True}, {"allow_mass_change": True}])
    def test_protected_addresses_hold_against_every_flag(self, options: dict[str, bool]) -> None:
        aside = change_of(at("persona.b~p1"), Action.DELETE, Reason.REPLACED, "p1", gives_way_to=at("persona.prod-b"))
        guarded, _ = guard([*self.gone("prod-a", "dev-a"), aside], situation(**options))
        assert [[block.rule for block in one.blocked] for one in guarded] == [["protected"], [], ["protected"]]

    @pytest.mark.parametrize(
        ("count", "options", "blocked"),
        [
            (2, {}, False),
            (3, {}, True),
            (3, {"allow_deletes": True}, True),
            (3, {"allow_mass_change": True}, False),
            (3, {"destroy": True}, False),
        ],
    )
    def test_so_many_deletes_and_no_more(self, count: int, options: dict[str, bool], blocked: bool) -> None:
        _, whole = guard(self.gone(*(f"p{number}" for number in range(count))), situation(**options))
        assert ([block.rule for block in whole] == ["max_deletes"]) is blocked

    def test_an_empty_state_has_no_share_to_exceed(self) -> None:
        policy = Policy(min_resources=0, max_change_percent=0)
        _, whole = guard([change(GOOD, action=Action.CREATE)], situation(policy))
        assert whole == ()


PARTS = st.fixed_dictionaries(
    {},
    optional={
        **{path: st.just(value) for path, value in GOOD.items()},
        **{path: st.sampled_from([value for _, one, value in BAD if one == path]) for _, path, _ in BAD},
    },
)


@given(st.fixed_dictionaries({}, optional={path: st.just(value) for path, value in GOOD.items()}), st.booleans())
def test_without_a_violation_nothing_is_blocked(written: dict[str, Json], create: bool) -> None:
    one = change(written, action=Action.CREATE if create else Action.UPDATE)
    assert blocks(one) == []
    assert standing_violations([one], situation(), {}) == []


@given(PARTS, st.lists(st.sampled_from(sorted({path for _, path, _ in BAD} | set(GOOD)))))
def test_every_violation_is_told_exactly_once(leaves: dict[str, Json], touched: list[str]) -> None:
    """However a body is split into what is written and what stands, each violation is a block or a warning."""
    written = {path: value for path, value in leaves.items() if path in touched}
    everything = blocks(change(leaves))
    one = change(written, leaves)
    told = blocks(one)
    warned = [
        (finding.detail.split(":")[0].removeprefix("policy "), finding.pointer)
        for finding in standing_violations([one], situation(), {})
    ]
    assert sorted(told + warned, key=str) == sorted(everything, key=str)
    if not written:
        assert told == []


def test_each_policy_of_the_project_file_is_judged_by_somebody() -> None:
    """A key that no policy reads would promise something that nobody keeps."""
    for name, rule in POLICIES.all().items():
        assert rule.name == name
        assert sum(judge is not None for judge in (rule.change, rule.plan, rule.values)) == 1
        assert rule.about.endswith(".")
    others = {"max_change_percent": "mass_change", "min_resources": "mass_change"}
    of_files = {"unknown_fields"}
    """Judged where manifests are read (`api.validate.settle`), before there is a plan."""
    for key in Policy.__dataclass_fields__.keys() - of_files:
        assert others.get(key, key) in POLICIES


@pytest.mark.parametrize(("count", "more"), [(1, 0), (MOST, 0), (MOST + 1, 1), (MOST + 7, 7)])
def test_so_many_warnings_stand_alone_and_the_others_are_counted(count: int, more: int) -> None:
    standing = [
        change_of(at(f"persona.p{number}"), Action.NOOP, managed={MODEL: "gpt-4o"}) for number in range(count)
    ]
    told = standing_violations(standing, situation(Policy(allowed_models=("tavus-*",))), {})
    assert len(told) == min(count, MOST) + bool(more)
    assert [f"{more} more" in one.summary for one in told if one.address is None] == [True] * bool(more)


@pytest.mark.parametrize("action", [Action.DELETE, Action.FORGET, Action.NOOP])
def test_what_sends_no_values_is_held_up_by_none(action: Action) -> None:
    assert not [rule for rule, _ in blocks(change({MODEL: "gpt-4o"}, action=action)) if rule == "allowed_models"]
    bare = change_of(at("persona.a"), action, managed=None)
    assert standing_violations([bare], situation(), {}) == []
