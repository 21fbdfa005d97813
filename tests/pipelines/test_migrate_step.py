"""migrate: one branch, one pull request, kept current, withdrawn; nothing pushed that says nothing new."""

from __future__ import annotations

import pytest

OLD = """\
# ours
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}
spec:
  persona_name: Desk  # the name
  system_prompt: You welcome visitors.
  default_replica_id: r90bbd427f71
"""
BRANCH = "reconciler/migrate"


@pytest.fixture
def origin(checkout, tmp_path):
    """The repository that the checkout came from, with a manifest in old words."""
    checkout.write("manifests/desk.yaml", OLD)
    checkout.commit("old words")
    bare = tmp_path / "origin.git"
    checkout.git("clone", "--quiet", "--bare", str(checkout.root), str(bare))
    checkout.git("remote", "add", "origin", str(bare))
    return bare


def fresh(checkout):
    """As the next run finds it: the base branch, checked out anew."""
    checkout.git("checkout", "--quiet", "--force", "--detach", "origin/main")


def branch_head(checkout):
    return checkout.git("ls-remote", "origin", f"refs/heads/{BRANCH}").partition("\t")[0]


def open_pulls(hub):
    return [one for one in hub.pulls.values() if one["state"] == "open"]


def test_a_pull_request_with_the_rewritten_files(checkout, hub, origin):
    checkout.git("fetch", "--quiet")
    done = checkout.step("migrate")
    assert done.code == 0, done
    assert done.outputs["changes"] == "true"
    [pull] = open_pulls(hub)
    assert done.outputs["pull-request"] == str(pull["number"])
    assert pull["head"]["ref"] == BRANCH
    assert pull["base"] == {"ref": "main"}
    assert pull["body"].startswith("<!-- reconciler:migrate:files -->")
    text = checkout.git("show", f"{branch_head(checkout)}:manifests/desk.yaml")
    assert "pal_name: Desk  # the name" in text
    assert text.startswith("# ours")
    assert checkout.git("rev-parse", "HEAD^") == checkout.git("rev-parse", "origin/main"), "one commit"
    assert "Migration report" in done.summary


def test_a_second_run_with_nothing_new_writes_nothing(checkout, hub, origin):
    checkout.git("fetch", "--quiet")
    checkout.step("migrate")
    head, writes = branch_head(checkout), hub.writes()
    fresh(checkout)
    done = checkout.step("migrate")
    assert done.code == 0, done
    assert branch_head(checkout) == head
    assert hub.writes() == writes


def test_a_base_that_moved_makes_the_branch_anew(checkout, hub, origin):
    checkout.git("fetch", "--quiet")
    checkout.step("migrate")
    head = branch_head(checkout)
    fresh(checkout)
    checkout.write("manifests/second.yaml", OLD.replace("desk", "second").replace("Desk", "Second"))
    checkout.commit("one more")
    checkout.git("push", "--quiet", "origin", "HEAD:main")
    checkout.git("fetch", "--quiet")
    fresh(checkout)
    done = checkout.step("migrate")
    assert done.code == 0, done
    assert branch_head(checkout) != head
    assert "pal_name: Second" in checkout.git("show", f"{branch_head(checkout)}:manifests/second.yaml")
    assert len(open_pulls(hub)) == 1


def test_when_nothing_is_left_it_is_closed(checkout, hub, origin):
    checkout.git("fetch", "--quiet")
    checkout.step("migrate")
    [pull] = open_pulls(hub)
    checkout.git("push", "--quiet", "origin", "HEAD:main")
    checkout.git("fetch", "--quiet")
    fresh(checkout)
    done = checkout.step("migrate")
    assert done.outputs["changes"] == "false"
    assert pull["state"] == "closed"
    assert "Nothing is left" in hub.comments[pull["number"]][0]["body"]


@pytest.mark.parametrize("status", [0, 502])
def test_a_lost_answer_opens_no_second_pull_request(checkout, hub, origin, status):
    checkout.git("fetch", "--quiet")
    hub.trips.append(("POST", "pulls$", status, True))
    done = checkout.step("migrate")
    assert done.code == 0, done
    assert len(open_pulls(hub)) == 1


def test_other_files_of_the_checkout_stay_out(checkout, hub, origin):
    checkout.git("fetch", "--quiet")
    checkout.write("stray.txt", "left by a step before")
    checkout.step("migrate")
    assert checkout.git("show", "--name-only", "--format=", branch_head(checkout)) == "manifests/desk.yaml"


def test_a_checkout_with_changes_is_refused(checkout, hub, origin):
    checkout.write("manifests/desk.yaml", OLD + "  greeting: Hi.\n")
    done = checkout.step("migrate")
    assert done.code == 1
    assert "Run it on a fresh checkout" in done.log
    assert branch_head(checkout) == ""


def test_missing_rights_say_which(checkout, hub, origin):
    checkout.git("fetch", "--quiet")
    hub.trips.append(("POST", "pulls$", 403, False))
    done = checkout.step("migrate")
    assert done.code == 1
    assert "pull-requests: write" in done.log


def test_a_push_that_is_refused(checkout, hub, origin):
    checkout.git("fetch", "--quiet")
    hook = origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    done = checkout.step("migrate")
    assert done.code == 1
    assert "git push" in done.log
    assert hub.writes() == []


def test_a_manifest_that_cannot_be_read_touches_nothing(checkout, hub, origin):
    checkout.write("manifests/broken.yaml", "kind: [\n")
    checkout.commit("broken")
    done = checkout.step("migrate")
    assert done.code == 1
    assert branch_head(checkout) == ""
    assert "no pull request was touched" in done.log
