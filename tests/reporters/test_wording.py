from __future__ import annotations

import pytest

from reconciler.core.text_diff import diff_prompts
from reconciler.reporters import html, markdown
from reconciler.reporters.wording import plural, report_summary, token_change
from reconciler.types.address import Address
from reconciler.types.change import Action
from reconciler.types.report import ApplyResult, Report, StepResult, Style
from tests.support import reports
from tests.support.records import change_of


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 objects"), (1, "1 object"), (2, "2 objects"), (1204, "1,204 objects")]
)
def test_plural(count: int, shown: str) -> None:
    assert plural(count, "object") == shown


def test_plural_of_its_own() -> None:
    assert plural(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (reports.EMPTY, "No changes. The account matches the manifests."),
        (reports.DRIFT, "Drift: 2 objects changed outside of manifests (1 edited, 1 deleted)."),
        (reports.DESTROYED, "Destroy complete! Resources: 1 destroyed."),
        (reports.INVALID, "1 error, 1 warning."),
        (reports.VALID, "Success! The manifests are valid."),
        (Report("export"), ""),
    ],
)
def test_one_sentence_for_a_report(report: Report, sentence: str) -> None:
    assert report_summary(report) == sentence


@pytest.mark.parametrize(
    ("characters", "words"),
    [
        (4, "best up to 5,000"),
        (24_000, "above the best 5,000"),
        (64_000, "in the range 15,000 to 20,000 where answers get worse"),
        (100_000, "above 20,000"),
    ],
)
def test_the_budget_of_a_prompt(characters: int, words: str) -> None:
    diff = diff_prompts("", "x" * characters)
    assert token_change(diff) == f"0 -> {plural(characters // 4, 'token')} (+{characters // 4:,}; {words})"


@pytest.mark.parametrize("render", [markdown.render, html.render])
@pytest.mark.parametrize(
    ("action", "outcome", "said"),
    [
        (Action.CREATE, "done", "was created"),
        (Action.UPDATE, "failed", "could not be updated in-place"),
        (Action.DELETE, "skipped", "was not destroyed"),
        (Action.FORGET, "done", "is no longer managed, but was not destroyed"),
        (Action.FORGET, "failed", "is still managed"),
    ],
)
def test_after_an_apply_reports_say_what_became_of_a_change(render, action: Action, outcome: str, said: str) -> None:  # type: ignore[no-untyped-def]
    address = Address("persona", "will-be")
    plan = reports.make_plan(change_of(address, action))
    result = ApplyResult((StepResult(address, action, outcome),))
    found = render(Report("apply", plan=plan, result=result), Style())
    assert said in found and f"{said} be" not in found
    assert "persona.will-be" in found and " will " not in found.replace("persona.will-be", "")
    assert "will" in render(Report("plan", plan=plan), Style()).replace("persona.will-be", "")
