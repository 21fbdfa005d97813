"""find and apply on a merge: exactly the plan that was reviewed, or a refusal with exit code 5 and nothing sent."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PLAN = "personas.plan"
NUMBER = 5
ACTION = Path(__file__).resolve().parents[2] / ".github" / "actions" / "reconciler"


@pytest.fixture
def reviewed(checkout, hub, pr):
    """A pull request with a plan, its artifact kept, merged as a commit with the same files."""
    head = checkout.git("rev-parse", "HEAD")
    planned = checkout.step("plan", pr(NUMBER, head))
    hub.keep(planned.outputs["artifact"], head, planned.folder)
    merge = checkout.commit("merge")
    hub.add_pull(NUMBER, head, merged_as=merge)
    return planned


def apply_found(checkout, found, **inputs):
    """The second job: its folder holds what the first one found."""
    return checkout.step(
        "apply", folder=str(found.folder), digest=found.outputs["digest"],
        **{"pull-request": found.outputs.get("pull-request", "")}, **inputs,
    )  # fmt: skip


def test_exactly_the_reviewed_plan_is_applied(checkout, hub, reviewed):
    found = checkout.step("find")
    assert found.code == 0, found
    assert found.outputs["digest"] == reviewed.outputs["digest"]
    assert found.outputs["changes"] == "true"
    assert found.outputs["pull-request"] == str(NUMBER)
    assert (found.folder / PLAN).read_bytes() == (reviewed.folder / PLAN).read_bytes()
    assert "1 to add" in found.summary, "whoever approves sees the plan"
    assert hub.leaked == [], "the token stays with GitHub"
    done = apply_found(checkout, found)
    assert done.code == 0, done
    assert "1 added" in done.summary
    assert [body["body"].split("\n")[0] for body in hub.comments[NUMBER]] == [
        "<!-- reconciler:plan:production -->",
        "<!-- reconciler:apply:production -->",
    ]
    assert checkout.program("plan", "--detailed-exitcode") == 0


def test_a_plan_is_applied_once(checkout, hub, reviewed):
    found = checkout.step("find")
    assert apply_found(checkout, found).code == 0
    again = apply_found(checkout, found)
    assert again.code == 5, again
    assert "::error title=reconciler::apply ended with exit code 5" in again.log
    assert len(hub.comments[NUMBER]) == 2, "the second result replaces the first"
    assert "exit code 5" in hub.comments[NUMBER][1]["body"]


def test_the_account_that_moved_refuses_the_plan(checkout, hub, reviewed):
    found = checkout.step("find")
    assert checkout.program("apply", "--auto-approve") == 0
    assert apply_found(checkout, found).code == 5


def test_a_push_without_a_pull_request_is_refused(checkout, hub):
    done = checkout.step("find")
    assert done.code == 5
    assert "was not merged from a pull request" in done.log
    assert "Run this workflow by hand" in done.log
    assert done.outputs == {"exit-code": "5"}


def test_a_pull_request_that_is_open_still_counts_for_nothing(checkout, hub, reviewed):
    hub.pulls[NUMBER]["merged_at"] = None
    assert checkout.step("find").code == 5


def test_other_files_merged_in_between_refuse_the_plan(checkout, hub, reviewed):
    persona = (checkout.root / "manifests" / "desk.yaml").read_text()
    checkout.write("manifests/desk.yaml", persona.replace("Hello.", "Good day."))
    hub.merged[checkout.commit("others")] = [NUMBER]
    done = checkout.step("find")
    assert done.code == 5, done
    assert "something else was merged in between" in done.log


def test_other_files_elsewhere_do_no_harm(checkout, hub, reviewed):
    checkout.write("README.md", "Hello")
    merge = checkout.commit("docs")
    hub.add_pull(NUMBER, hub.pulls[NUMBER]["head"]["sha"], merged_as=merge)
    assert checkout.step("find").code == 0
    refused = checkout.step("find", sources="manifests README.md")
    assert refused.code == 5, "those are watched, too"


def test_the_artifact_of_a_fork_is_none(checkout, hub, reviewed):
    hub.artifacts[0]["workflow_run"]["head_repository_id"] = 2
    done = checkout.step("find")
    assert done.code == 5
    assert "no kept plan" in done.log


@pytest.mark.parametrize(
    "run",
    [
        {"path": ".github/workflows/lint.yml"},
        {"path": ".github/workflows/lint.yml@refs/heads/main"},
        {"path": None},
        {"head_repository": {"full_name": "eve/personas"}},
        {"head_repository": None},
        {"head_sha": "c" * 40},
    ],
)
@pytest.mark.parametrize("comment", ["true", "false"])
def test_the_artifact_of_another_workflow_is_none(checkout, hub, reviewed, run, comment):
    hub.runs[7].update(run)
    done = checkout.step("find", comment=comment)
    assert done.code == 5
    assert "no kept plan" in done.log


def test_the_workflow_that_made_the_plan_need_not_be_the_one_that_applies_it(checkout, hub, reviewed):
    apply = {"GITHUB_WORKFLOW_REF": "northwind/personas/.github/workflows/apply.yml@refs/heads/main"}
    assert checkout.step("find", env=apply).code == 0, "the comment names it"
    assert checkout.step("find", env=apply, comment="false").code == 5
    named = {"plan-workflow": ".github/workflows/personas.yml"}
    assert checkout.step("find", env=apply, comment="false", **named).code == 0


@pytest.mark.parametrize(
    ("user", "more"),
    [
        ({"login": "ann", "type": "User"}, {"author_association": "OWNER"}),
        ({"login": "bob", "type": "User"}, {"author_association": "COLLABORATOR"}),
        ({"login": "preview-app[bot]", "type": "Bot"}, {}),
        ({"login": "github-actions", "type": "User"}, {"author_association": "MEMBER"}),
        (None, {}),
    ],
)
def test_a_comment_of_anybody_else_names_no_plan(checkout, hub, reviewed, user, more):
    ours = hub.comments[NUMBER][0]
    ours.update(user=user, **more)
    done = checkout.step("find")
    assert done.code == 5
    assert "no comment with a plan" in done.log


def test_a_token_of_an_app_says_under_which_name_it_writes(checkout, hub, reviewed):
    hub.comments[NUMBER][0]["user"] = {"login": "personas-app[bot]", "type": "Bot"}
    assert checkout.step("find").code == 5
    assert checkout.step("find", author="personas-app[bot]").code == 0


def test_the_artifact_of_another_commit_is_none(checkout, hub, reviewed):
    hub.artifacts[0]["workflow_run"]["head_sha"] = "c" * 40
    assert checkout.step("find").code == 5


def test_an_expired_plan(checkout, hub, reviewed):
    hub.artifacts[0]["expired"] = True
    done = checkout.step("find")
    assert done.code == 5
    assert "expired" in done.log


def test_only_the_plan_of_the_comment_is_taken(checkout, hub, reviewed, tmp_path):
    """A newer artifact of the same name that nobody has seen is passed over."""
    forged = tmp_path / "forged"
    shutil.copytree(reviewed.folder, forged)
    text = (forged / PLAN).read_text().replace("Hello.", "Forged.")
    (forged / PLAN).write_text(text)
    head = hub.pulls[NUMBER]["head"]["sha"]
    hub.keep(reviewed.outputs["artifact"], head, forged)
    assert checkout.step("find").outputs["digest"] == reviewed.outputs["digest"]
    hub.artifacts.pop(0)
    assert checkout.step("find").code == 5


def test_without_a_comment_there_is_no_reviewed_plan(checkout, hub, reviewed):
    hub.comments.clear()
    done = checkout.step("find")
    assert done.code == 5
    assert "no comment with a plan" in done.log
    assert checkout.step("find", comment="false").code == 0, "where no comments are wanted, the artifact decides"


def test_a_later_push_that_failed_to_plan_leaves_nothing_to_apply(checkout, hub, pr, reviewed):
    checkout.write("manifests/desk.yaml", "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: desk}\nspec: 3\n")
    assert checkout.step("plan", pr(NUMBER, hub.pulls[NUMBER]["head"]["sha"])).code == 1
    assert checkout.step("find").code == 5


def test_an_edited_plan_is_refused_by_its_digest(checkout, hub, reviewed):
    found = checkout.step("find")
    plan = found.folder / PLAN
    plan.write_text(plan.read_text().replace("Hello.", "Forged."))
    done = apply_found(checkout, found)
    assert done.code == 5
    assert "not the one that was reviewed" in done.log
    assert not (checkout.root / ".reconciler" / "production" / "state.json").exists()


def test_a_damaged_download_is_refused(checkout, hub, reviewed):
    number = hub.artifacts[0]["id"]
    hub.archives[number] = hub.archives[number][:-10]
    done = checkout.step("find")
    assert done.code == 5
    assert "damaged" in done.log


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_an_artifact_that_is_no_archive(checkout, hub, reviewed, content):
    hub.archives[hub.artifacts[0]["id"]] = content
    del hub.artifacts[0]["digest"]
    assert checkout.step("find").code == 5


def test_an_archive_cannot_write_elsewhere(checkout, hub, reviewed):
    packed = io.BytesIO(hub.archives[hub.artifacts[0]["id"]])
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("../../owned", "x")
    hub.archives[hub.artifacts[0]["id"]] = packed.getvalue()
    del hub.artifacts[0]["digest"]
    found = checkout.step("find")
    assert found.code == 0, found
    assert list(checkout.root.parent.rglob("owned")) == []


def test_a_plan_of_another_workspace_is_refused(checkout, hub, reviewed):
    done = checkout.step("apply", folder=str(reviewed.folder), digest=reviewed.outputs["digest"], workspace="staging")
    assert done.code == 5
    assert "for the workspace production" in done.log


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_nothing_is_applied_without_the_right_digest(checkout, hub, reviewed, digest):
    done = checkout.step("apply", folder=str(reviewed.folder), digest=digest)
    assert done.code in {5, 64}
    assert not (checkout.root / ".reconciler" / "production" / "state.json").exists()


def test_a_folder_without_a_plan(checkout, hub):
    done = checkout.step("apply", digest="0" * 64)
    assert done.code == 5
    assert "Make a new plan" in done.log


def test_a_blocked_plan_exits_with_3_and_says_so(checkout, hub):
    assert checkout.program("apply", "--auto-approve") == 0
    (checkout.root / "manifests" / "desk.yaml").unlink()
    other = "kind: Persona\nmetadata: {name: o}\nspec: {persona_name: O, system_prompt: Hi.}\n"
    checkout.write("manifests/other.yaml", f"apiVersion: personas/v1\n{other}")
    checkout.commit()
    planned = checkout.step("plan")
    done = apply_found(checkout, planned)
    assert done.code == 3, done
    assert "A safety rule refused it" in done.summary


def test_a_run_by_hand_plans_and_applies_in_two_jobs(checkout, hub):
    planned = checkout.step("plan")
    assert apply_found(checkout, planned).code == 0
    assert hub.asked == [], "there is no pull request to write to"


def test_a_gap_in_the_network_is_no_refusal(checkout, hub, reviewed):
    hub.trips += [("GET", "commits/", 502, False), ("GET", "zip$", 503, False)]
    assert checkout.step("find").code == 0


def test_a_token_without_rights_is_an_error_and_no_trace(checkout, hub, reviewed):
    done = checkout.step("find", token="wrong")
    assert done.code == 1
    assert "Check the permissions of the job" in done.log
    assert "Traceback" not in done.log


def test_a_cancelled_job_interrupts_the_program_and_waits_for_it(checkout, tmp_path):
    """The program hears Ctrl-C, finishes what it does, and its exit code is the step's."""
    program = tmp_path / "slow.py"
    program.write_text(
        "import signal, sys\n"
        "def stop(*_):\n    print('saved', flush=True)\n    sys.exit(130)\n"
        "signal.signal(signal.SIGINT, stop)\n"
        "print('begun', flush=True)\n"
        "signal.pause()\n"
    )
    env = {**os.environ, "RECONCILER_PROGRAM": f"{sys.executable} {program}", "RUNNER_TEMP": str(tmp_path)}
    command = [sys.executable, str(ACTION / "main.py"), "plan"]
    with subprocess.Popen(command, cwd=checkout.root, env=env, stdout=subprocess.PIPE, text=True) as step:
        assert step.stdout is not None
        while "begun" not in step.stdout.readline():
            pass
        step.send_signal(signal.SIGTERM)
        rest = step.stdout.read()
        assert "saved" in rest
        assert step.wait() == 130


def test_the_facts_beside_the_plan_are_complete(reviewed):
    meta = json.loads((reviewed.folder / "meta.json").read_text())
    assert set(meta) == {"workspace", "commit", "digest", "sources", "changes"}
    assert len(meta["sources"]) == 64
