from __future__ import annotations

import re

import pytest

from reconciler.reporters.markdown import LIMIT, render
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Direction, FieldChange
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.plan import Summary
from reconciler.types.report import ApplyResult, Report, StepResult, Style
from tests.support import reports
from tests.support.hostile_reports import REPORTS
from tests.support.records import change_of


def markdown(report: Report) -> str:
    return render(report, Style())


def addresses(text: str) -> list[str]:
    found = re.findall(r"<code>(?:&#126;|[-+.]|=&gt;) ((?:persona|tool)[^<]*)</code>", text)
    return [address.replace("&#95;", "_") for address in found]


def test_title_and_summary_come_first() -> None:
    lines = markdown(reports.MIXED).splitlines()
    assert lines[0] == "### reconciler plan: <code>sandbox</code>"
    assert lines[2] == "**Plan: 1 to add, 2 to change, 0 to destroy. Also: 1 to move, 1 to forget.**"


def test_most_dangerous_first() -> None:
    changes = (
        change_of(Address("persona", "created"), Action.CREATE),
        change_of(Address("persona", "imported"), Action.NOOP, importing="p1"),
        reports.update(Address("persona", "harmless"), FieldChange("/greeting", Direction.GIT, "a", "b")),
        reports.update(Address("persona", "model"), FieldChange("/layers/llm/model", Direction.GIT, "a", "b")),
        reports.update(Address("persona", "conflict"), FieldChange("/greeting", Direction.BOTH, "a", "b")),
        change_of(Address("persona", "forgotten"), Action.FORGET),
        change_of(Address("persona", "deleted"), Action.DELETE),
        change_of(Address("persona", "refused"), Action.CREATE, blocked=(Block("account", "no", "yes"),)),
    )
    found = addresses(markdown(Report("plan", plan=reports.make_plan(*changes))))
    assert found == [
        "persona.refused", "persona.deleted", "persona.forgotten", "persona.conflict", "persona.model",
        "persona.harmless", "persona.created", "persona.imported",
    ]  # fmt: skip


def test_a_prompt_shows_its_words_under_their_headings() -> None:
    text = markdown(reports.MIXED)
    assert "83 → 90 tokens (+7; best up to 5,000)" in text
    assert "<code># Role</code> (changed)\n\n<pre>" in text
    assert "+ Answer questions about open <ins>and closed </ins>claims." in text
    assert "&gt; - Hand over to a person when the caller asks for one twice." in text


def test_fields_show_both_sides() -> None:
    text = markdown(reports.MIXED)
    assert '~ /greeting: <del>"Hey!"</del> → <ins>"Good morning, claims desk."</ins>  (live)' in text
    assert "- <del>old_tool</del>" in text
    assert "~ /layers/llm/api_key: <del>(sensitive)</del> → <ins>(sensitive)</ins>" in text


def test_blocks_say_why_and_the_way_out() -> None:
    text = markdown(reports.BLOCKED)
    assert "3 blocks: this plan cannot be applied as it stands." in text
    assert "**blocked** (<code>deletes</code>): deleting is not allowed in this workspace." in text
    assert "<details open><summary>⛔" in text


def test_drift_findings_and_failures() -> None:
    assert "#### Changed outside of manifests" in markdown(reports.DRIFT)
    assert "<code>tool.lookup&#95;policy</code> was deleted" in markdown(reports.DRIFT)
    assert "❌ <code>claims.yaml:20:14</code> <code>L03</code> a secret stands in the manifest" in markdown(
        reports.INVALID
    )
    assert "**failed**: POST /tools: 422: description is too long (shorten it)" in markdown(reports.FAILED)


@pytest.mark.parametrize("name", list(REPORTS))
def test_a_blank_line_stands_around_every_folded_block(name: str) -> None:
    lines = markdown(REPORTS[name]).splitlines()
    for index, line in enumerate(lines):
        if line.startswith("<details"):
            assert lines[index - 1] == lines[index + 1] == ""
        if line == "</details>":
            assert index == len(lines) - 1 or lines[index + 1] == ""
    assert sum(line.startswith("<details") for line in lines) == lines.count("</details>")


def test_300_changes_of_20_kb_fit_and_nothing_is_cut_in_silence() -> None:
    changes = [
        reports.update(
            Address("persona", f"p{number}"),
            FieldChange("/system_prompt", Direction.GIT, reports.long_text(number), reports.long_text(number + 1)),
        )
        for number in range(300)
    ]
    dangerous = change_of(Address("persona", "zz-last"), Action.DELETE, before={"pal_name": "Z"})
    text = markdown(Report("plan", plan=reports.make_plan(*changes, dangerous, summary=Summary(changed=300))))
    assert len(text) <= LIMIT
    found = addresses(text)
    assert found[0] == "persona.zz-last"
    assert len(found) == 301
    short = re.search(r"No room for the details of (\d+) objects", text)
    assert short
    assert int(short[1]) == 301 - text.count("<details")


def test_thousands_of_changes_are_counted() -> None:
    changes = [
        change_of(Address("persona", f"a-long-name-of-a-persona-{number}"), Action.CREATE) for number in range(3000)
    ]
    text = markdown(Report("plan", plan=reports.make_plan(*changes)))
    assert len(text) <= LIMIT
    missing = re.search(r"([\d,]+) more objects did not fit at all", text)
    assert missing
    assert int(missing[1].replace(",", "")) + len(addresses(text)) == 3000


def test_endless_texts_still_fit() -> None:
    finding = Diagnostic("X", Severity.ERROR, "<@*" * 5_000, hint="#1" * 5_000)
    step = StepResult(reports.CLAIMS, Action.UPDATE, "failed", message="[x](y)" * 5_000)
    report = Report("apply", "w" * 50, None, ApplyResult((step,) * 100), (finding,) * 100, notes=("`" * 5_000,) * 100)
    assert len(markdown(report)) <= LIMIT
