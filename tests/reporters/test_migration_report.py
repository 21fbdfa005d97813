"""The report in its formats: complete, safe to paste, and without secrets."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from reconciler.core.migration_result import FileChange, MigrationResult, Status, counts
from reconciler.platforms.tavus.migrations import MIGRATIONS
from reconciler.reporters.migration_diff import file_diff
from reconciler.reporters.migration_questions import question_lines, reason_of
from reconciler.reporters.migration_report import (
    as_json,
    as_text,
    summary,
    table_json,
    table_text,
)
from reconciler.reporters.migration_report_page import as_html, as_markdown
from tests.support.migrating import Project

NASTY = "<script>alert(1)</script> [x](http://evil.example) @everyone `a` |"


def result(write: bool = False) -> MigrationResult:
    project = Project(
        {
            "a.yaml": b"persona_name: A\nlayers: {llm: {model: tavus-gpt-4o}}\n",
            "b.yaml": b"persona_name: B\nlayers:\n  llm: {model: tavus-gpt-4o}\n"
            b"  perception: {perception_model: raven-0}\n",
            "set.yaml": b"pal_name: C\nguardrails_id: g178c7c5e032b\n",
            "tied.yaml": b"pal_name: D\n? context\n: ''\n",
        }
    )
    return project.migrate(write=write)


def test_the_summary_counts() -> None:
    found = result()
    assert summary(found, written=False) == (
        "Migrate: 2 changes in 2 files (2 automatic, 0 answered), 3 open, 1 refused, 1 only reported."
    )
    assert summary(found, written=True).startswith("Migrated: 2 changes")
    assert summary(MigrationResult(manifests=4), written=False) == "No changes. 4 manifests, nothing to migrate."
    assert sum(counts(found.outcomes).values()) == len(found.outcomes)


def test_text_shows_diff_choices_and_how_to_answer() -> None:
    shown = as_text(result(), written=False)
    assert "-persona_name: A\n+pal_name: A" in shown
    assert "answer with --answer 'model-successor.tavus-gpt-4o=tavus-gpt-5.2'" in shown
    assert "  model-successor: {tavus-gpt-4o: tavus-gpt-5.2}\n" in shown
    assert "in persona.a, persona.b" in shown
    assert "speed 2, intelligence 2, naturalness 2 of 3; context window 32,000 tokens" in shown
    assert "Only reported:" in shown
    assert "Could not be changed:" in shown
    assert "tied.yaml:2:" in shown


def test_text_after_writing_has_no_diff() -> None:
    shown = as_text(result(write=True), written=True)
    assert "+pal_name" not in shown
    assert "Migrated:" in shown


def test_json_has_everything() -> None:
    document = json.loads(json.dumps(as_json(result(), written=False)))
    assert document["format_version"] == "1.0"
    assert document["totals"] == {
        "automatic": 2, "answered": 0, "open": 3, "refused": 1, "reported": 1, "manifests": 4, "files": 2,
    }  # fmt: skip
    assert document["manifests"]["persona.a"]["totals"]["open"] == 1
    (model,) = [one for one in document["questions"] if one["migration"] == "model-successor"]
    assert model["manifests"] == ["persona.a", "persona.b"]
    assert model["choices"][0]["basis"] == "judgement"
    assert model["choices"][0]["scores"] == {"speed": 2, "intelligence": 2, "naturalness": 2}
    assert {one["path"] for one in document["files"]} == {"a.yaml", "b.yaml"}


def test_markdown_has_a_table_with_totals() -> None:
    shown = as_markdown(result(), written=False)
    assert "| persona.a | 1 | 0 | 1 | 0 | 0 |" in shown
    assert "| in total | 2 | 0 | 3 | 1 | 1 |" in shown
    assert "### Needs a choice" in shown
    assert "`tavus-gpt-5.2`" in shown


class Tags(HTMLParser):
    """Whether every tag is closed, and which there are."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_one_whole_page_without_scripts() -> None:
    page = as_html(result(), written=False)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.isdisjoint({"script", "img", "link", "iframe", "a"})
    assert {"lang", "scope", "charset"} <= tags.attributes
    assert {"main", "h1", "table", "caption", "th"} <= tags.seen
    assert "http" not in page.replace("http-equiv", "")


@pytest.fixture
def nasty() -> MigrationResult:
    text = json.dumps({"persona_name": "A", "pal_name": NASTY, "system_prompt": "\x1b[31m\u202e"})
    name = f"{NASTY.replace('/', '')}.yaml"
    return Project({"x.json": text.encode(), name: b"persona_name: B\n"}).migrate(write=False)


def test_nothing_from_the_files_becomes_markup(nasty: MigrationResult) -> None:
    page, markdown = as_html(nasty, written=False), as_markdown(nasty, written=False)
    for shown in (page, markdown):
        assert "<script>" not in shown
        assert "\x1b" not in shown
    assert "](" not in markdown
    assert "@everyone" not in markdown
    assert "http://" not in markdown
    assert "\x1b" not in as_text(nasty, written=False)


def test_literal_secrets_are_shown_nowhere() -> None:
    secret = "hunter2<&>'quoted'"
    found = MigrationResult(
        files=(FileChange("a.yaml", f"api_key: {secret}\na: 1\n".encode(), f"api_key: {secret}\na: 2\n".encode()),),
        secrets=frozenset({secret}),
    )
    shown = [
        as_text(found, written=False),
        as_markdown(found, written=False),
        as_html(found, written=False),
        json.dumps(as_json(found, written=False)),
    ]
    assert all("hunter2" not in one for one in shown)
    assert "(sensitive)" in shown[0]


def test_a_diff_that_patch_understands() -> None:
    change = FileChange("p/a.yaml", b"\xef\xbb\xbfa: 1\nb: 2", b"\xef\xbb\xbfa: 1\nb: 3")
    assert file_diff(change, prefix="manifests/").splitlines() == [
        "--- a/manifests/p/a.yaml",
        "+++ b/manifests/p/a.yaml",
        "@@ -1,2 +1,2 @@",
        " a: 1",
        "-b: 2",
        "\\ No newline at end of file",
        "+b: 3",
        "\\ No newline at end of file",
    ]
    assert file_diff(FileChange("n", None, b"a: 1\n")).startswith("--- /dev/null\n+++ b/n\n")


def test_the_table_lists_every_migration() -> None:
    rows = table_json(MIGRATIONS.all().values())
    assert len(rows) == 22
    text = table_text(MIGRATIONS.all().values())
    assert all(row["name"] in text for row in rows if isinstance(row, dict))  # type: ignore[operator]


def test_a_choice_without_facts_is_its_reason() -> None:
    (question,) = [one for name, one in result().questions if name == "raven-0-to-raven-1"]
    assert reason_of(question.choices[0]).endswith("(documented)")
    assert result().of(Status.DONE)[0].automatic


def test_a_question_of_many_manifests_is_short() -> None:
    """Each of a dozen prompts gets another length: the notes are folded, and none is lost with --full."""
    files = {
        f"p{number}.yaml": f"pal_name: P{number}\nsystem_prompt: {'word ' * 40 * number}\ncontext: hours\n".encode()
        for number in range(1, 13)
    }
    found = Project(files).migrate()
    (asked,) = [question for question in found.open_questions if question.key == "context"]
    assert len(asked.notes) > 4
    short = list(question_lines(found, asked, 100))
    assert sum("note" in line for line in short) == 4
    assert f"and {len(asked.notes) - 3} more notes" in "\n".join(short)
    whole = "\n".join(question_lines(found, asked, 100, full=True))
    assert all(note in whole for note in asked.notes)
