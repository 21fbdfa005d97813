"""drift at night: one issue, opened, kept current, closed; and left alone when nothing is known."""

from __future__ import annotations

import pytest

MARK = "<!-- reconciler:drift:production -->"


@pytest.fixture
def applied(checkout):
    assert checkout.program("apply", "--auto-approve") == 0
    return checkout


def issues(hub, state="open"):
    return [one for one in hub.issues.values() if one["state"] == state]


def test_opened_updated_closed(applied, hub):
    assert applied.step("drift").code == 0
    assert hub.issues == {}, "nothing drifted, nothing said"

    applied.edit_by_hand("Hello.", "Bonjour.")
    done = applied.step("drift", labels="drift, personas")
    assert done.code == 0, done
    assert done.outputs["drifted"] == "true"
    assert done.outputs["exit-code"] == "2"
    assert done.outputs["artifact"] == "reconciler-drift-production"
    assert (done.folder / "drift.html").is_file()
    [issue] = issues(hub)
    assert done.outputs["issue"] == str(issue["number"])
    assert issue["title"] == "Drift in production: the account was edited by hand"
    assert issue["labels"] == ["drift", "personas"]
    assert issue["body"].startswith(MARK)
    assert "Bonjour." in issue["body"]
    assert "lifecycle.ignore" in issue["body"], "what can be done about it"

    applied.edit_by_hand("Bonjour.", "Salut.")
    applied.step("drift")
    [issue] = issues(hub)
    assert "Salut." in issue["body"]

    applied.edit_by_hand("Salut.", "Hello.")
    done = applied.step("drift")
    assert done.outputs["drifted"] == "false"
    assert issues(hub) == []
    [closed] = issues(hub, "closed")
    assert "No drift any more" in hub.comments[closed["number"]][0]["body"]


def test_the_same_drift_is_not_written_again(applied, hub):
    applied.edit_by_hand("Hello.", "Bonjour.")
    applied.step("drift")
    before = hub.writes()
    applied.step("drift")
    assert hub.writes() == before


def test_drift_after_the_end_opens_a_new_issue(applied, hub):
    for before, after in (("Hello.", "Bonjour."), ("Bonjour.", "Hello."), ("Hello.", "Salut.")):
        applied.edit_by_hand(before, after)
        applied.step("drift")
    assert len(issues(hub)) == len(issues(hub, "closed")) == 1


@pytest.mark.parametrize("status", [0, 502])
def test_a_lost_answer_opens_no_second_issue(applied, hub, status):
    applied.edit_by_hand("Hello.", "Bonjour.")
    hub.trips.append(("POST", "issues$", status, True))
    done = applied.step("drift")
    assert done.code == 0, done
    assert len(issues(hub)) == 1


def test_issues_of_people_and_pull_requests_are_not_ours(applied, hub):
    hub.issues[1] = {"number": 1, "state": "open", "title": "t", "body": f"see {MARK}", "user": {"type": "User"}}
    hub.issues[2] = {
        "number": 2,
        "state": "open",
        "title": "t",
        "body": MARK,
        "pull_request": {},
        "user": {"type": "Bot"},
    }
    for number, user in enumerate(
        [{"login": "preview-app[bot]", "type": "Bot"}, {"login": "ann", "type": "User"}], 5
    ):
        hub.issues[number] = {
            "number": number, "state": "open", "title": "t", "body": MARK, "user": user,
            "author_association": "MEMBER",
        }  # fmt: skip
    hub.issues[3] = {"number": 3, "state": "open", "title": "t", "body": MARK.replace("production", "b")}
    hub.issues[4] = {"number": 4, "state": "open", "title": "t", "body": None}
    before = {number: dict(one) for number, one in hub.issues.items()}
    applied.edit_by_hand("Hello.", "Bonjour.")
    assert applied.step("drift").code == 0
    assert {number: hub.issues[number] for number in before} == before
    assert len(hub.issues) == 7


def test_not_knowing_is_no_end_of_drift(applied, hub):
    applied.edit_by_hand("Hello.", "Bonjour.")
    applied.step("drift")
    (applied.root / ".reconciler" / "production" / "state.json").write_text("{ no json")
    done = applied.step("drift")
    assert done.code == 1, done
    assert "left as it is" in done.log
    assert len(issues(hub)) == 1


def test_drift_can_fail_the_job_and_need_no_issue(applied, hub):
    applied.edit_by_hand("Hello.", "Bonjour.")
    assert applied.step("drift", **{"fail-on-drift": "true", "issue": "false"}).code == 2
    assert hub.asked == []


def test_missing_rights_say_which(applied, hub):
    applied.edit_by_hand("Hello.", "Bonjour.")
    hub.trips.append(("POST", "issues$", 403, False))
    done = applied.step("drift")
    assert done.code == 1
    assert "issues: write" in done.log


def test_before_the_first_apply_there_is_nothing_to_compare(checkout, hub):
    done = checkout.step("drift")
    assert done.code == 1, done
    assert "nothing to compare with" in done.log
    assert hub.issues == {}
