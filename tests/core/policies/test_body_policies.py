"""What values a policy allows, rule by rule: where the line runs, and what cannot be judged and is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.api.offline import load_catalogue
from reconciler.core.fields.web_addresses import parse_endpoint
from reconciler.core.policies.body_policies import (
    is_allowed,
    limit_prompt,
    refuse_denied_model,
    refuse_deprecated,
    require_allowed_host,
    require_allowed_model,
    require_https,
)
from reconciler.core.policies.policy import JudgeValues, Situation, Subject, Violation
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json
from reconciler.types.live import Account
from reconciler.types.options import PlanOptions
from reconciler.types.project import Policy
from reconciler.types.state import State
from tests.support.making import at, env

MODEL, URL, PROMPT, CONTEXT = "/layers/llm/model", "/layers/llm/base_url", "/system_prompt", "/context"


def violations(judge: JudgeValues, leaves: Mapping[str, Json], **policy: Any) -> list[Violation]:
    situation = Situation(
        State("lineage"),
        Account("https://x", "pal"),
        {},
        PlanOptions(),
        Policy(**policy),
        1,
        catalogue=load_catalogue,
    )
    return list(judge(Subject(at("persona.a"), kind("persona"), leaves), situation))


@pytest.mark.parametrize(
    ("address", "pattern", "allowed"),
    [
        ("https://a.example", "a.example", True),
        ("https://A.Example.", "a.example", True),
        ("https://a.example", "A.EXAMPLE.", True),
        ("https://a.example:8443/x", "a.example", True),
        ("https://a.example:8443/x", "a.example:8443", True),
        ("https://a.example:8443/x", "a.example:84*", True),
        ("https://a.example:8443/x", "a.example:443", False),
        ("https://a.example/x", "a.example:443", False),
        ("https://b.a.example", "*.a.example", True),
        ("https://a.example", "*.a.example", False),
        ("https://evil.example/a.example", "a.example", False),
        ("https://a.example@evil.example", "a.example", False),
        ("https://a.example.evil.example", "a.example", False),
        ("https://[::1]/x", "[::1]", True),
        ("https://[::1]:8443/x", "[::1]", True),
        ("https://[::1]:8443/x", "[::1]:8443", True),
        ("https://[::1]:8443/x", "[::1]:443", False),
        ("https://[::1]/x", "::1", True),
        ("https://[::2]/x", "[::1]", False),
    ],
)
def test_where_addresses_may_lead(address: str, pattern: str, allowed: bool) -> None:
    place = parse_endpoint(address)
    assert place is not None
    assert is_allowed(place, ["other.example", pattern]) is allowed
    assert (violations(require_allowed_host, {URL: address}, allowed_hosts=(pattern,)) == []) is allowed


@pytest.mark.parametrize("address", [env("URL"), "https://a.example\\@b.example", "https://a b.example"])
def test_an_address_that_cannot_be_judged_is_refused(address: Json) -> None:
    [found] = violations(require_allowed_host, {URL: address}, allowed_hosts=("*",))
    assert found.pointer == URL
    assert "write" in found.hint


def test_no_host_is_allowed_where_none_is_named() -> None:
    assert len(violations(require_allowed_host, {URL: "https://a.example"}, allowed_hosts=())) == 1
    assert violations(require_allowed_host, {"/greeting": "see you"}, allowed_hosts=()) == []


@pytest.mark.parametrize(
    ("address", "hosts", "allowed"),
    [
        ("https://a.example", None, True),
        ("wss://a.example", None, True),
        ("HTTPS://a.example", None, True),
        ("http://a.example", None, False),
        ("ws://a.example", None, False),
        ("a.example", None, False),
        ("http://localhost:8080", None, False),
        ("http://localhost:8080", ("*",), False),
        ("http://localhost:8080", ("localhos?",), False),
        ("http://localhost:8080", ("localhost",), True),
        ("http://127.0.0.1", ("127.0.0.1",), True),
        ("http://127.0.0.1", ("localhost",), False),
        ("http://a.example", ("a.example",), False),
        ("https://a.example\\x", ("a.example",), False),
        (env("URL"), None, False),
    ],
)
def test_what_counts_as_encrypted(address: Json, hosts: tuple[str, ...] | None, allowed: bool) -> None:
    found = violations(require_https, {URL: address}, https_only=True, allowed_hosts=hosts)
    assert (found == []) is allowed


@pytest.mark.parametrize(
    ("model", "allowed", "denied"),
    [
        ("tavus-gpt-oss", True, False),
        ("tavus-gpt-4o", True, True),
        ("gpt-4o", False, False),
        ("other/tavus-x", False, False),
        (env("MODEL"), False, True),
        (7, False, True),
        (None, True, False),
    ],
)
def test_models(model: Json, allowed: bool, denied: bool) -> None:
    lists = {"allowed_models": ("tavus-*",), "denied_models": ("x", "tavus-gpt-4*")}
    assert (violations(require_allowed_model, {MODEL: model}, **lists) == []) is allowed
    assert (violations(refuse_denied_model, {MODEL: model}, **lists) != []) is denied


def test_a_model_out_of_another_table_is_no_language_model() -> None:
    leaves = {"/layers/perception/perception_model": "raven-1", "/layers/tts/tts_model_name": "sonic-3"}
    assert violations(require_allowed_model, leaves, allowed_models=("tavus-*",)) == []
    assert violations(refuse_denied_model, leaves, denied_models=("*",)) == []


def test_a_denied_model_is_told_with_the_pattern_that_denies_it() -> None:
    [found] = violations(refuse_denied_model, {MODEL: "gpt-4o"}, denied_models=("gpt-4*",))
    assert "(as gpt-4*)" in found.message
    [found] = violations(refuse_denied_model, {MODEL: "gpt-4o"}, denied_models=("gpt-4o",))
    assert "(as" not in found.message


@pytest.mark.parametrize(("prompt", "context", "most"), [(40, None, 10), (36, 4, 10), (37, 1, 11), (0, 40, 10)])
def test_a_prompt_may_be_as_long_as_the_policy_says_and_not_one_token_longer(
    prompt: int, context: int | None, most: int
) -> None:
    leaves: dict[str, Json] = {PROMPT: "x" * prompt, CONTEXT: None if context is None else "x" * context}
    assert violations(limit_prompt, leaves, max_prompt_tokens=most) == []
    assert violations(limit_prompt, leaves, max_prompt_tokens=None) == []
    [found] = violations(limit_prompt, leaves, max_prompt_tokens=most - 1)
    assert found.pointer == (PROMPT if prompt else CONTEXT)
    assert ("together" in found.message) == bool(prompt and context)
    assert f"{most} tokens" in found.message and f"allows {most - 1}" in found.message
    assert found.concerns([CONTEXT]), "what is written of one part may make the whole too long"


def test_a_prompt_that_is_not_known_has_no_tokens() -> None:
    assert violations(limit_prompt, {PROMPT: env("P")}, max_prompt_tokens=1) == []


@pytest.mark.parametrize(
    ("pointer", "value", "old"),
    [
        ("/layers/perception/perception_model", "raven-0", True),
        ("/layers/perception/perception_model", "raven-1", False),
        ("/layers/vqa/enable_vision", True, True),
        ("/layers/vqa", {}, False),
        (MODEL, "tavus-gpt-4o", True),
        (MODEL, "my-own", False),
        ("/greeting", "raven-0", False),
    ],
)
def test_what_is_on_its_way_out(pointer: str, value: Json, old: bool) -> None:
    found = violations(refuse_deprecated, {pointer: value}, no_deprecated=True)
    assert [one.pointer for one in found] == ([pointer] if old else [])
    assert all(one.hint for one in found)


@pytest.mark.parametrize(
    ("path", "concerned"),
    [("/a/b", True), ("/a", True), ("/a/b/c", True), ("/x", True), ("/x/y", True), ("/ab", False), ("/a/c", False)],
)
def test_what_takes_part_in_a_violation(path: str, concerned: bool) -> None:
    assert Violation("/a/b", "m", "h", also=("/x",)).concerns(["/other", path]) is concerned
    assert Violation("/a/b", "m", "h").concerns([]) is False
