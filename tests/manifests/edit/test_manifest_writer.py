"""Values as text: what is written reads back as the same value, in every YAML reader."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.manifests.edit.manifest_writer import (
    LONG_PROMPT,
    Manner,
    block_member,
    manifest_file,
    plain_is_safe,
    project_file,
    quoted,
    write_document,
    write_flow,
    write_json,
    write_key,
)
from reconciler.manifests.read.envelope import MARKDOWN_BODY, read_documents
from reconciler.manifests.read.yaml_reader import parse_yaml
from reconciler.manifests.tree.problems import Findings
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object
from reconciler.types.project import BackendSettings, ProviderSettings, Workspace
from tests.support.strategies import DATA

texts = st.text(st.characters(codec="utf-8"), max_size=30)
leaves = st.one_of(
    texts, st.booleans(), st.none(), st.integers(-(10**9), 10**9), st.sampled_from(["off", "1e3", "a: b"])
)
values: st.SearchStrategy[Json] = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=10,
)


def ours(text: str) -> Json:
    findings = Findings()
    ((_, value),) = parse_yaml(text, "x.yaml", findings)
    assert not findings.has_errors
    return value


@given(st.dictionaries(texts.filter(bool), values, min_size=1, max_size=4))
def test_a_document_reads_back_as_itself(document: Object) -> None:
    assert json_equal(ours(write_document(document)), document)


@given(st.dictionaries(texts.filter(bool), values, min_size=1, max_size=4))
def test_flow_style_reads_back_as_itself(document: Object) -> None:
    assert json_equal(ours(write_flow(document, Manner())), document)


@given(values)
def test_json_reads_back_as_itself(value: Json) -> None:
    for ascii in (True, False):
        assert json_equal(json.loads(write_json(value, Manner(json=True, ascii=ascii), "  ")), value)


@given(texts)
def test_other_readers_agree_about_texts(text: str) -> None:
    shown = "\n".join(block_member("key", text, Manner(), "")) + "\n"
    assert yaml.safe_load(shown) == {"key": text}


@pytest.mark.parametrize(
    "word", ["off", "on", "yes", "no", "null", "true", "~", "1", "1.5", "0x1f", "2026-01-01", "", " a"]
)
def test_words_with_a_meaning_are_quoted(word: str) -> None:
    assert not plain_is_safe(word, flow=False)
    assert write_flow(word, Manner()) == quoted(word)


@pytest.mark.parametrize("word", ["raven-1", "tavus-gpt-oss", "Life Coach", "a/b", "it's", "naïve", "日本"])
def test_ordinary_words_are_plain(word: str) -> None:
    if word != "日本":
        assert plain_is_safe(word, flow=False)
    assert yaml.safe_load(f"key: {write_flow(word, Manner())}") == {"key": word}


def test_long_texts_are_block_texts() -> None:
    assert block_member("p", "one\n\ntwo", Manner(), "") == ("p: |-", "  one", "", "  two")
    assert block_member("p", "one\ntwo\n", Manner(), "  ") == ("  p: |", "    one", "    two")
    assert block_member("p", " one\ntwo", Manner(step=4), "") == ("p: |4-", "     one", "    two")


@pytest.mark.parametrize("text", ["a\n\n\n", "a\r\nb", "a\x07\nb", "\n", "a\u2028\nb"])
def test_what_a_block_text_cannot_hold_is_quoted(text: str) -> None:
    (line,) = block_member("p", text, Manner(), "")
    assert line.startswith('p: "')


def test_at_an_open_end_no_line_end_may_be_needed() -> None:
    (line,) = block_member("p", "a\nb\n", Manner(open_end=True), "")
    assert line == 'p: "a\\nb\\n"'


def test_short_lists_of_words_stay_on_one_line() -> None:
    assert block_member("tools", ["a", {"ref": "tool.b"}], Manner(), "") == ("tools: [a, {ref: tool.b}]",)
    assert len(block_member("queries", ["q" * 60, "r" * 60], Manner(), "")) == 3


def test_keys_follow_their_neighbours() -> None:
    assert write_key("a", Manner(), flow=False) == "a"
    assert write_key("a", Manner(), flow=False, like='"') == '"a"'
    assert write_key("a", Manner(), flow=False, like="'") == "'a'"
    assert write_key("off", Manner(), flow=False) == '"off"'
    assert write_key("a", Manner(json=True), flow=True) == '"a"'


def test_a_document_may_say_what_it_is() -> None:
    assert write_document({"a": 1}, "Made by hand.").splitlines()[0] == "# Made by hand."


LONG = "You are kind. " * 30 + "Always."


def envelope(**spec: Json) -> Object:
    return {"apiVersion": "personas/v1", "kind": "Persona", "metadata": {"name": "x", "id": "p1"}, "spec": spec}


def read(suffix: str, data: bytes) -> Json:
    """What a file says, its text below the front matter put back into the spec."""
    findings = Findings()
    (document,) = read_documents(data, f"x{suffix}", findings)
    assert findings.items == []
    value = document.value
    if document.body is not None:
        assert isinstance(value, dict)
        assert isinstance(value["spec"], dict)
        value = {**value, "spec": {**value["spec"], MARKDOWN_BODY: document.body}}
    return value


def test_a_long_prompt_is_the_text_of_a_markdown_file() -> None:
    file = manifest_file(envelope(pal_name="X", system_prompt=LONG))
    assert file is not None
    assert file.suffix == ".md"
    text = file.data.decode()
    assert text.startswith("---\napiVersion: personas/v1\nkind: Persona\nmetadata:\n  name: x\n")
    assert text.endswith(f"---\n\n{LONG}\n")
    assert text.count(LONG) == 1


def test_a_short_prompt_stays_in_its_yaml_file() -> None:
    for length, suffix in ((LONG_PROMPT, ".yaml"), (LONG_PROMPT + 1, ".md")):
        file = manifest_file(envelope(system_prompt="x" * length))
        assert file is not None
        assert file.suffix == suffix


@pytest.mark.parametrize(
    "prompt",
    [
        "\n" + LONG, LONG + "\n", " " + LONG, LONG + " ", "---\n" + LONG, LONG.replace(" ", "\r\n"), LONG + "\r",
        "a\rb" * 200,
    ],
)  # fmt: skip
def test_prompts_that_markdown_would_not_keep_are_yaml(prompt: str) -> None:
    document = envelope(system_prompt=prompt)
    file = manifest_file(document)
    assert file is not None
    assert file.suffix == ".yaml"
    assert read(file.suffix, file.data) == document


@pytest.mark.parametrize(
    "line", ["---", "--- ", "...", "# Title", "- item", "key: value", "\tTab", "{env: X}", "nel\x85"]
)
def test_any_line_may_stand_inside_a_prompt(line: str) -> None:
    document = envelope(system_prompt=f"{LONG}\n{line}\n{LONG}")
    file = manifest_file(document)
    assert file is not None
    assert read(file.suffix, file.data) == document


def test_a_text_that_yaml_cannot_hold_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    document = envelope(pal_name="x")
    monkeypatch.setattr(
        "reconciler.manifests.edit.manifest_writer.write_document", lambda *_: "not: [what, was, meant"
    )
    file = manifest_file(document)
    assert file is not None
    assert file.suffix == ".json"
    assert read(file.suffix, file.data) == document


def test_what_no_file_can_hold() -> None:
    assert manifest_file(envelope(temperature=float("inf"))) is None
    assert manifest_file(envelope(pal_name="half \ud800")) is None
    assert manifest_file(envelope(system_prompt="x" * 11_000_000)) is None


@given(st.dictionaries(st.text(max_size=8), DATA | st.text(), max_size=4))
def test_whatever_is_written_comes_back(spec: Object) -> None:
    document = envelope(pal_name="x") | {"spec": spec}
    file = manifest_file(document)
    if file is not None:
        assert json_equal(read(file.suffix, file.data), document)


@given(st.text(min_size=250, max_size=400))
def test_any_prompt_comes_back(prompt: str) -> None:
    document = envelope(system_prompt=prompt)
    file = manifest_file(document)
    assert file is not None
    assert read(file.suffix, file.data) == document


def test_the_project_file_names_the_one_account_and_keeps_its_key_a_reference() -> None:
    settings: Object = {"api_key": SecretRef("env", "TAVUS_API_KEY"), "base_url": "https://tavusapi.com/v2"}
    provider = ProviderSettings("tavus", settings, "persona")
    text = project_file(
        "acme", Workspace("prod", provider, KINDS, BackendSettings("postgres", {"dsn": "postgres://u:p@h"}))
    )
    assert read(".yaml", text.encode()) == {
        "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "acme"}, "default_workspace": "prod",
        "workspaces": {
            "prod": {
                "provider": {
                    "type": "tavus", "api_key": {"env": "TAVUS_API_KEY"}, "base_url": "https://tavusapi.com/v2",
                    "vocabulary": "persona",
                }
            }
        },
    }  # fmt: skip
    assert "postgres" not in text
