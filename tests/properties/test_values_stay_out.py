"""What variables say stands nowhere in what is stored: state, backup, journal, lock, packed history, in no form."""

from __future__ import annotations

import shutil
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.core.history.preimage import unpack
from reconciler.core.state.state_document import parse_state
from reconciler.engine.apply.locked_apply import apply_manifests
from reconciler.engine.apply.step import post
from reconciler.errors import PlanBlocked
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import escape
from reconciler.types.options import ApplyOptions, PlanOptions
from tests.support.chronicle import Chronicle, files, moved
from tests.support.lab import Vault
from tests.support.making import env, manifest

WORDS = {"KEY": "sentinel_one_of_a_variable", "OTHER": "sentinel_two_of_a_variable"}
FACE = "rfe12d8b9597"
BODIES = {
    "persona": {
        "pal_name": "n", "system_prompt": "p", "context": "c", "greeting": "g", "document_tags": ["a"],
        "layers": {
            "llm": {"model": "tavus-gpt-oss", "extra_body": {"a": ["b"]}},
            "tts": {"tts_engine": "cartesia", "external_voice_id": "v"},
        },
    },
    "tool": {
        "name": "n", "description": "d", "tags": ["a"],
        "delivery": {
            "api": {"url": "https://x.example/a", "auth": {"type": "basic", "username": "u", "password": "w"}}
        },
    },
    "guardrail": {"guardrail_name": "n", "guardrail_prompt": "p", "tags": ["a"]},
    "objectives": {"name": "n", "data": [{"objective_name": "a", "objective_prompt": "p"}]},
    "pronunciation_dictionary": {"name": "n", "rules": [{"text": "t", "pronunciation": "p", "type": "alias"}]},
    "document": {"document_name": "n", "document_url": "https://d.example/a.pdf", "tags": ["a"]},
}  # fmt: skip
FIXED = {"/type", "/model", "/tts_engine", "/url", "/document_url", "/objective_name"}
"""What the API takes from a list of words or as an address, and what items are told apart by."""


def places(value, here=""):
    """Every text in a body that a variable may stand for."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from places(member, f"{here}/{escape(key)}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from places(item, f"{here}/{number}")
    elif not any(here.endswith(one) for one in FIXED):
        yield here


def put(value, chosen, here=""):
    if isinstance(value, dict):
        return {key: put(member, chosen, f"{here}/{escape(key)}") for key, member in value.items()}
    if isinstance(value, list):
        return [put(item, chosen, f"{here}/{number}") for number, item in enumerate(value)]
    return env(chosen[here]) if here in chosen else value


def stored(folder):
    """Everything that lies there, packed texts opened."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()
            if path.name.startswith("state.json"):
                state = parse_state(path.read_bytes())
                packed = [entry.changes for entry in state.history.entries]
                packed += state.running.items.values() if state.running is not None else []
                yield from ((path.name, str(unpack(text)).encode()) for text in packed)


def assert_nothing_of(words, folder):
    for name, data in stored(folder):
        for word in words:
            for form in (word, quote(word), b64encode(word.encode()).decode().rstrip("="), word[:12]):
                assert form.encode() not in data, (name, word)


@settings(max_examples=15, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), name=st.sampled_from(sorted(BODIES)))
def test_no_stored_byte_is_a_variables(data, name):
    folder = Path(mkdtemp())
    try:
        world = Chronicle(folder)
        world.lab.vault = Vault(**WORDS)
        body = BODIES[name] | ({"default_face_id": FACE} if name == "persona" else {})
        known = [one for one in places(body) if one != "/default_face_id"]
        spoken = st.dictionaries(st.sampled_from(known), st.sampled_from(sorted(WORDS)), min_size=1)
        first = data.draw(spoken)
        if data.draw(st.booleans()):
            first[kind(name).name_field] = "KEY"
        steps = [manifest(f"{name}.a", put(body, first)), manifest(f"{name}.a", put(body, data.draw(spoken)))]
        for step in steps:
            world.apply(step)
            assert_nothing_of(WORDS.values(), folder)
        world.apply(manifest(f"{name}.b", steps[-1].spec), moved(f"{name}.a", f"{name}.b"))
        with suppress(PlanBlocked):
            world.rollback(1, allow_deletes=True)
        with suppress(PlanBlocked):
            world.apply(allow_deletes=True, allow_mass_change=True)
        assert_nothing_of(WORDS.values(), folder)
    finally:
        shutil.rmtree(folder)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("name", sorted(set(BODIES) - {"document"}))
@pytest.mark.parametrize("now", ["KEY", "OTHER", None])
def test_a_create_that_was_killed_is_found_again_by_the_digest_of_its_name(tmp_path, name, now):
    world = Chronicle(tmp_path)
    world.lab.vault = Vault(**WORDS)
    body = BODIES[name] | ({"default_face_id": FACE} if name == "persona" else {})
    field = kind(name).name_field

    def apply(variable):
        made = manifest(f"{name}.a", put(body, {field: variable}))
        return apply_manifests(
            files([made]), world.context(), PlanOptions(), ApplyOptions(),
            confirm=lambda plan: True,
        )  # fmt: skip

    def killed(context, change, request, before):
        post(context, change, request, before)
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconciler.engine.apply.write_object.post", killed)
        with pytest.raises(Killed):
            apply("KEY")
    assert_nothing_of(WORDS.values(), tmp_path)
    assert [intent.digest is None for intent in world.state().pending] == [False]
    made = world.lab.provider(reading=True).list(name).objects
    assert len(made) == 1
    if now is None:
        world.lab.vault = Vault(OTHER=WORDS["OTHER"])
        world.lab.state = world.state()
        plan = world.lab.plan(manifest(f"{name}.a", put(body, {field: "KEY"})))
        assert [change.id for change in plan.changes] == list(made), "known without the variable, too"
        return
    apply(now)
    assert world.lab.provider(reading=True).list(name).objects.keys() == made.keys(), "no twin"
    assert [entry.id for entry in world.state().resources.values()] == list(made)
    assert world.state().pending == ()
    assert_nothing_of(WORDS.values(), tmp_path)
