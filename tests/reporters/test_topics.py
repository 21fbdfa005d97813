"""Everything that the program may call something has a page: codes, reasons of blocks, errors, exit codes, words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.cli.exit_codes import MEANINGS
from reconciler.cli.explain import all_errors, project_topics
from reconciler.core.policies import POLICIES
from reconciler.reporters.report_findings import DRIFT, FAILED, INCOMPLETE, PLANNED, SKIPPED
from reconciler.reporters.topics import (
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
