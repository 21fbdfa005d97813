"""New manifests as files: every text comes back, in the spelling that suits it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import same
from reconciler.manifests.edit.new_manifest_files import LONG_PROMPT, PROMPT, manifest_file, project_file
from reconciler.manifests.read.documents import read_documents
from reconciler.manifests.tree.problems import Findings
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object
from reconciler.types.project import BackendSettings, ProviderSettings, Workspace
from tests.support.strategies import DATA

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
        value = {**value, "spec": {**value["spec"], PROMPT: document.body}}
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
        "reconciler.manifests.edit.new_manifest_files.write_document", lambda *_: "not: [what, was, meant"
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
        assert same(read(file.suffix, file.data), document)


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
