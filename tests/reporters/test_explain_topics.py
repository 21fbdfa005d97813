"""Everything that the program may call something has a page: codes, reasons of blocks, errors, exit codes, words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS
from reconciler.cli.exit_codes import MEANINGS
from reconciler.cli.explain import all_errors, project_topics
from reconciler.core.policies import POLICIES
from reconciler.manifests.project.plugin_settings import BACKEND_SETTINGS, provider_settings
from reconciler.platforms import PLATFORMS
from reconciler.reporters.explain_topics import (
    BLOCKS,
    CODES,
    REPORTED,
    TOPICS,
    code_topics,
    error_topics,
    exit_topics,
    find_topic,
    topic_text,
)
from reconciler.reporters.report_findings import DRIFT, FAILED, INCOMPLETE, PLANNED, SKIPPED

ROOT = Path(__file__).resolve().parents[2]
ALL = [*TOPICS, *exit_topics(MEANINGS), *code_topics(), *error_topics(all_errors()), *project_topics()]
INTERNAL = {"E-place"}
"""A question to the one who finds places; never shown."""


def source() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "reconciler").rglob("*.py")))


def test_every_code_in_the_source_is_explained() -> None:
    used = set(re.findall(r'"(E-[a-z][a-z0-9-]*)"', source())) - INTERNAL
    assert used - CODES.keys() == set()


def test_every_reason_of_a_block_is_explained() -> None:
    text = source()
    used = set(re.findall(r'Block\(\s*"([a-z_]+)"', text)) | set(POLICIES)
    assert used - BLOCKS.keys() == set()
    assert {DRIFT, FAILED, SKIPPED, INCOMPLETE, PLANNED} == REPORTED.keys()


@pytest.mark.parametrize("topic", ALL, ids=lambda one: one.name)
def test_every_page_is_found_and_says_something(topic) -> None:
    found = find_topic(topic.name, ALL)
    assert found is not None
    assert found.name == topic.name
    assert len(topic.text) > 10
    for width in (20, 60, 100):
        text = topic_text(topic, width=width)
        assert text.endswith("\n")
        assert text.startswith(topic.name)
    assert all(len(line) <= 100 for line in topic_text(topic).splitlines()[1:]), topic.name


def test_a_page_of_the_project_file_leads_to_the_pages_below_it() -> None:
    """Names of workspaces may be left out; what a page names is there; texts are one paragraph."""
    for word, page in (
        ("project.workspaces.policy", "project.workspaces.NAME.policy"),
        ("project.workspaces.mine.policy", "project.workspaces.NAME.policy"),
        ("project.workspaces.mine", "project.workspaces.NAME"),
    ):
        found = find_topic(word, ALL)
        assert found is not None
        assert found.name == page
    for topic in project_topics():
        for named in re.findall(r"explain (project[\w.]*)", topic.text):
            assert find_topic(named, ALL) is not None, (topic.name, named)
        assert "\n    " not in topic.text
    assert "explain project.workspaces.NAME" in next(one for one in ALL if one.name == "project.workspaces").text
    assert next(one for one in ALL if one.name == "project.migrate").title == "auto | ask | off"


def test_every_setting_of_a_plug_in_is_explained() -> None:
    """By its place, with the plug-in's name and without; a table of settings has no entry without words."""
    plugins = {
        "state": BACKEND_SETTINGS,
        "provider": provider_settings(PLATFORMS),
    }
    assert plugins["state"].keys() == set(BACKENDS)
    for place, of in plugins.items():
        for name, docs in of.items():
            for key, doc in docs.items():
                assert doc.meaning, (name, key)
                for word in (f"{place}.{name}", f"{place}.{key}", f"project.workspaces.mine.{place}.{name}.{key}"):
                    found = find_topic(word, ALL) or find_topic(word, ALL, also=True)
                    assert found is not None, word
                    assert doc.meaning in found.text or key == "encryption", word
