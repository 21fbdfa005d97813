"""plan on a pull request: one comment that is kept current, the plan with its digest, nothing secret for a fork."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.support.forge import TOKEN

PLAN = "personas.plan"


def test_the_first_plan_makes_one_comment_and_keeps_the_plan(checkout, hub, pr):
    head = checkout.git("rev-parse", "HEAD")
    done = checkout.step("plan", pr(5, head))
    assert done.code == 0, done
    digest = hashlib.sha256((done.folder / PLAN).read_bytes()).hexdigest()
    assert done.outputs["digest"] == digest
    assert done.outputs["changes"] == "true"
    assert done.outputs["exit-code"] == "2"
    assert done.outputs["artifact"] == f"reconciler-plan-production-{head}"
    assert done.outputs["folder"] == str(done.folder)
    meta = json.loads((done.folder / "meta.json").read_text())
    assert (meta["digest"], meta["commit"], meta["workspace"], meta["changes"]) == (digest, head, "production", True)
    assert (done.folder / "report.html").is_file()
    [comment] = hub.comments[5]
    assert comment["body"].startswith("<!-- reconciler:plan:production -->\n")
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in comment["body"]
    assert digest in comment["body"]
    assert "Saved the plan to" not in comment["body"], "a place on the runner is of no use to a reader"
    assert "1 to add" in done.summary


def test_a_second_push_updates_the_comment_and_adds_none(checkout, hub, pr):
    checkout.step("plan", pr(5, checkout.git("rev-parse", "HEAD")))
    checkout.write(
        "manifests/desk.yaml", (checkout.root / "manifests/desk.yaml").read_text().replace("Hello.", "Hi.")
    )
    head = checkout.commit()
    done = checkout.step("plan", pr(5, head))
    assert done.code == 0
    [comment] = hub.comments[5]
    assert "Hi." in comment["body"]
    assert f"commit={head}" in comment["body"]
    assert [method for method, _ in hub.writes()] == ["POST", "PATCH"]


def test_comments_of_people_stay_and_pages_are_turned(checkout, hub, pr):
    for number in range(230):
        hub.add_comment(5, f"comment {number}", {"login": "ann", "type": "User"})
    hub.add_comment(
        5, "<!-- reconciler:plan:production -->\nmine", {"login": "eve", "type": "User"}, author_association="NONE"
    )
    hub.add_comment(5, "> <!-- reconciler:plan:production -->\nquoted")
    ours = hub.add_comment(5, "<!-- reconciler:plan:production -->\nold")
    other = hub.add_comment(5, "<!-- reconciler:plan:staging -->\nother")
    checkout.step("plan", pr(5, checkout.git("rev-parse", "HEAD")))
    assert len(hub.comments[5]) == 234
    assert "1 to add" in ours["body"]
    assert other["body"].endswith("other")
    assert [method for method, _ in hub.writes()] == ["PATCH"]


def test_twins_of_an_earlier_race_are_removed(checkout, hub, pr):
    first = hub.add_comment(5, "<!-- reconciler:plan:production -->\none")
    hub.add_comment(5, "<!-- reconciler:plan:production -->\ntwo")
    checkout.step("plan", pr(5, checkout.git("rev-parse", "HEAD")))
    assert hub.comments[5] == [first]
    assert "1 to add" in first["body"]


@pytest.mark.parametrize("status", [0, 502])
def test_a_lost_answer_does_not_make_a_second_comment(checkout, hub, pr, status):
    hub.trips.append(("POST", "comments$", status, True))
    done = checkout.step("plan", pr(5, checkout.git("rev-parse", "HEAD")))
    assert done.code == 0, done
    assert len(hub.comments[5]) == 1


def test_reading_is_tried_again(checkout, hub, pr):
    hub.trips += [("GET", "comments$", 502, False), ("GET", "comments$", 429, False), ("GET", "comments$", 0, False)]
    checkout.step("plan", pr(5, checkout.git("rev-parse", "HEAD")))
    assert len(hub.comments[5]) == 1


def test_where_no_comment_may_be_written_the_plan_still_stands(checkout, hub, pr):
    hub.trips.append(("POST", "comments$", 403, False))
    done = checkout.step("plan", pr(5, checkout.git("rev-parse", "HEAD")))
    assert done.code == 0
    assert "::warning title=reconciler::The comment on #5 could not be written" in done.log
    assert "1 to add" in done.summary


def test_no_comment_where_none_is_wanted_and_none_without_a_pull_request(checkout, hub, pr):
    assert checkout.step("plan", pr(5, "a" * 40), comment="false").outputs["changes"] == "true"
    done = checkout.step("plan")
    assert done.outputs["artifact"].endswith(checkout.git("rev-parse", "HEAD"))
    assert hub.asked == []


def test_nothing_to_do(checkout, hub, pr):
    assert checkout.program("apply", "--auto-approve") == 0
    done = checkout.step("plan", pr(5, "b" * 40))
    assert (done.code, done.outputs["changes"], done.outputs["exit-code"]) == (0, "false", "0")
    assert "Merging applies nothing." in hub.comments[5][0]["body"]


def test_a_plan_that_fails_replaces_the_one_before(checkout, hub, pr):
    checkout.step("plan", pr(5, "a" * 40))
    checkout.write(
        "manifests/desk.yaml",
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: desk}\nspec: {system_prompt: {file: nowhere.md}}\n",
    )
    done = checkout.step("plan", pr(5, "b" * 40))
    assert done.code == 1, done
    assert done.outputs["artifact"] == done.outputs["digest"] == ""
    [comment] = hub.comments[5]
    assert "nowhere.md" in comment["body"]
    assert "sha256=none" in comment["body"]
    assert "Merging now would apply nothing." in comment["body"]
    assert "::error file=" in done.log


def test_a_huge_plan_fits_the_comment_and_says_what_it_left_out(checkout, hub, pr):
    prompt = "\n".join(
        f"    Line {number} of the rules: never promise what you cannot keep. 🦉" for number in range(300)
    )
    for number in range(40):
        checkout.write(
            f"manifests/p{number}.yaml",
            f"apiVersion: personas/v1\nkind: Persona\nmetadata: {{name: p{number}}}\nspec:\n"
            f"  persona_name: P{number}\n  system_prompt: |\n{prompt}\n  default_replica_id: r90bbd427f71\n",
        )
    done = checkout.step("plan", pr(5, "a" * 40))
    assert done.code == 0, done
    body = hub.comments[5][0]["body"]
    assert len(body.encode("utf-16-le")) // 2 <= 65_536
    assert done.outputs["digest"] in body
    assert body.count("<details>") == body.count("</details>")
    assert "41 to add" in body


@pytest.mark.parametrize("repository", ["stranger/personas", None])
def test_a_fork_is_validated_only(checkout, hub, pr, repository):
    """Its files say where a key would be sent, so it gets none, even where secrets were handed to it."""
    checkout.write("manifests/desk.yaml", (checkout.root / "manifests/desk.yaml").read_text())
    done = checkout.step("plan", pr(5, "a" * 40, repository), **{"api-key": "k-secret", "environment": "A=b"})
    assert done.code == 0, done
    assert hub.asked == []
    assert done.outputs["artifact"] == ""
    assert not (done.folder / PLAN).exists()
    assert "nothing was planned" in done.summary
    assert not (checkout.root / ".reconciler").exists(), "no account was looked at"


def test_a_fork_with_a_mistake_is_told_so(checkout, hub, pr):
    checkout.write(
        "manifests/desk.yaml",
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: desk}\nspec: {system_prompt: {file: nowhere.md}}\n",
    )
    done = checkout.step("plan", pr(5, "a" * 40, "stranger/personas"))
    assert done.code == 1
    assert "nowhere.md" in done.summary


def test_dependabot_has_no_secrets(checkout, hub, pr):
    done = checkout.step("plan", pr(5, "a" * 40), env={"GITHUB_ACTOR": "dependabot[bot]"})
    assert done.code == 0
    assert "nothing was planned" in done.summary


def test_a_missing_key_is_said_plainly_where_one_was_due(checkout, hub, pr):
    project = (checkout.root / "manifests/reconciler.yaml").read_text()
    checkout.write(
        "manifests/reconciler.yaml", project.replace("type: simulator", "type: tavus, api_key: {env: TAVUS_API_KEY}")
    )
    done = checkout.step("plan", pr(5, "a" * 40))
    assert done.code == 1
    assert "TAVUS" in hub.comments[5][0]["body"]


def test_texts_of_manifests_give_the_runner_no_commands(checkout, hub, pr):
    text = "::error::forged\n    ::set-output name=digest::forged\n    ::add-mask::o"
    checkout.write(
        "manifests/evil.yaml",
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: evil}\nspec:\n  persona_name: Evil\n"
        f"  system_prompt: |\n    {text}\n",
    )
    log = checkout.step("plan", pr(5, "a" * 40)).log
    lines = log.splitlines()
    [start] = [number for number, line in enumerate(lines) if line.startswith("::stop-commands::")]
    word = lines[start].removeprefix("::stop-commands::")
    end = lines.index(f"::{word}::")
    outside = [line for line in lines[:start] + lines[end + 1 :] if "forged" in line and line.startswith("::error::")]
    assert outside == []


def test_the_program_does_not_get_the_token(checkout, hub, pr, tmp_path):
    spy = tmp_path / "spy.py"
    spy.write_text("import os, json, sys\nprint(json.dumps(dict(os.environ)), file=open(sys.argv[1], 'w'))\n")
    seen = tmp_path / "seen.json"
    env = {"RECONCILER_PROGRAM": f"python3 {spy} {seen}", "GITHUB_TOKEN": TOKEN}
    lines = "# a comment\n\nNORTHWIND_LLM_KEY=a=b\nABSENT=\n"
    checkout.step("plan", env=env, **{"api-key": "k-1", "environment": lines})
    known = json.loads(seen.read_text())
    assert known["TAVUS_API_KEY"] == "k-1"
    assert known["NORTHWIND_LLM_KEY"] == "a=b"
    assert "ABSENT" not in known, "an absent secret looks like an empty value"
    assert TOKEN not in seen.read_text()


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"environment": "no equals sign"}, "not NAME=value"),
        ({"arguments": "--target 'persona.a"}, "input arguments"),
        ({"comment": "perhaps"}, "Give true or false"),
    ],
)
def test_inputs_that_make_no_sense(checkout, hub, pr, inputs, words):
    done = checkout.step("plan", pr(5, "a" * 40), **inputs)
    assert done.code == 64, done
    assert words in done.log
    assert "no equals" not in done.log


def test_arguments_are_words_and_no_shell(checkout, hub, pr):
    done = checkout.step("plan", arguments="--target persona.nobody; touch owned")
    assert done.code != 0
    assert not (checkout.root / "owned").exists()


def test_an_unknown_command(checkout):
    done = checkout.step("dance")
    assert done.code == 64
    assert "One of plan, find, apply, drift, migrate" in done.log


def test_a_project_in_a_folder_of_its_own(checkout, hub, pr):
    checkout.git("mv", "manifests", "moved")
    (checkout.root / "people").mkdir()
    checkout.git("mv", "moved", "people/manifests")
    checkout.commit()
    done = checkout.step("plan", directory="people")
    assert done.outputs["changes"] == "true", done
    sources = json.loads((done.folder / "meta.json").read_text())["sources"]
    checkout.write("README.md", "new")
    checkout.commit()
    same = checkout.step("plan", directory="people")
    assert json.loads((same.folder / "meta.json").read_text())["sources"] == sources
    checkout.write("people/manifests/prompt.md", "new")
    checkout.commit()
    other = checkout.step("plan", directory="people")
    assert json.loads((other.folder / "meta.json").read_text())["sources"] != sources
    assert (
        checkout.step("apply", directory="people", folder=str(other.folder), digest=other.outputs["digest"]).code == 0
    )


def test_an_event_of_another_shape_is_a_sentence(checkout):
    done = checkout.step("plan", {"pull_request": {"head": {"repo": {"full_name": "northwind/personas"}}}})
    assert done.code == 1
    assert "This is a bug in the action (KeyError in make_plan:" in done.log
    assert "Traceback" not in done.log
