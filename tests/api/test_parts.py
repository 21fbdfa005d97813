"""Runs over a part of the manifests: git holds the rest, and what the part needs is there or is made (13.15)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.dashboard import dashboard, id_of

Call = Callable[..., Any]

HEAD = "apiVersion: personas/v1\n"
CLERK = HEAD + (
    "kind: Persona\nmetadata: {name: clerk}\nspec: {pal_name: Clerk, default_face_id: r90bbd427f71, "
    "system_prompt: You help., tools: [%s]}\n"
)
TOOL = HEAD + "kind: Tool\nmetadata: {name: %s}\nspec: {name: %s, description: %s}\n"


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / "manifests" / f"{name}.yaml"
        if text:
            path.write_text(text)
        else:
            path.unlink()


def addresses(found: Any) -> dict[str, list[str]]:
    return {row["address"]: row["change"]["actions"] for row in json.loads(found.out)["resource_changes"]}


@pytest.mark.parametrize("mention", ["{ref: tool.ring}", "ring", "bell", "{ref: tool.ring}, other"])
def test_what_a_part_needs_and_nobody_has_is_made_along(project: Path, call: Call, mention: str) -> None:
    write(project, a=CLERK % mention, b=TOOL % ("ring", "bell", "Rings."), c=TOOL % ("other", "other", "Else."))
    planned = call("plan", "manifests/a.yaml", "--format", "json")
    assert planned.code == 0, planned
    made = {"persona.clerk", "tool.ring"} | ({"tool.other"} if "other" in mention else set())
    assert addresses(planned).keys() == made
    ended = call("apply", "manifests/a.yaml", "--auto-approve")
    assert ended.code == 0, ended
    listed = call("state", "list").out
    assert {line.split()[0] for line in listed.splitlines()} == made
    assert call("plan", "manifests/a.yaml", "--detailed-exitcode").code == 0


def test_what_is_there_is_only_referred_to(project: Path, call: Call) -> None:
    write(project, a=CLERK % "{ref: tool.ring}", b=TOOL % ("ring", "ring", "Rings."))
    assert call("apply", "--auto-approve").code == 0
    write(project, a=CLERK.replace("You help.", "You may help.") % "ring", b=TOOL % ("ring", "ring", "Rings on."))
    planned = call("plan", "manifests/a.yaml", "--format", "json")
    assert addresses(planned) == {"persona.clerk": ["update"]}
    assert call("apply", "manifests/a.yaml", "--auto-approve").code == 0
    assert addresses(call("plan", "--format", "json")) == {"tool.ring": ["update"]}


def test_what_somebody_deleted_is_made_again_for_the_part(project: Path, call: Call) -> None:
    write(project, a=CLERK % "{ref: tool.ring}", b=TOOL % ("ring", "ring", "Rings."))
    assert call("apply", "--auto-approve").code == 0
    with dashboard(project) as client:
        (tool,) = [row for row in client.get("/tools?limit=100").json()["data"] if row["name"] == "ring"]
        client.delete(f"/pals/{id_of(client, 'Desk')}/tools/{tool['tool_id']}")
        assert client.delete(f"/tools/{tool['tool_id']}").status_code < 300
    assert call("apply", "manifests/a.yaml", "--auto-approve").code == 0
    assert call("plan", "--detailed-exitcode").code == 0


def test_a_part_that_needs_what_is_not_in_order_is_refused_by_the_plan(project: Path, call: Call) -> None:
    write(project, a=CLERK % "{ref: tool.ring}", b=TOOL % ("ring", "ring", "{file: nowhere.md}"))
    for verb in (["plan"], ["apply", "--auto-approve"]):
        ended = call(*verb, "manifests/a.yaml")
        assert ended.code == 1 and "tool.ring is not in the account" in ended.err, ended
    assert call("state", "list").out.strip() == "" or "persona.clerk" not in call("state", "list").out


@pytest.mark.parametrize("verb", ["apply", "destroy"])
@pytest.mark.parametrize("how", ["moved file", "Moved", "Removed"])
def test_what_git_still_holds_in_another_file_is_not_deleted(project: Path, call: Call, verb: str, how: str) -> None:
    """Law: a part of the manifests never deletes what another file declares, moves or lets go."""
    both = TOOL % ("other", "other", "Else.") + "---\n" + TOOL % ("ring", "ring", "Rings.")
    write(project, old=both)
    assert call("apply", "--auto-approve").code == 0
    there = {
        "moved file": TOOL % ("ring", "ring", "Rings."),
        "Moved": HEAD + "kind: Moved\nfrom: tool.ring\nto: tool.bell\n---\n" + TOOL % ("bell", "ring", "Rings."),
        "Removed": HEAD + "kind: Removed\naddress: tool.ring\n",
    }
    write(project, old=TOOL % ("other", "other", "Else."), new=there[how])
    flags = ["--auto-approve", "--allow-deletes", "--allow-mass-change"] if verb == "apply" else ["--auto-approve"]
    ended = (
        call(verb, "-m", "manifests/old.yaml", *flags)
        if verb == "apply"
        else call("-m", "manifests/old.yaml", "destroy", "--auto-approve")
    )
    assert ended.code == 0 and "manifests/new.yaml" in ended.out + ended.err, ended
    with dashboard(project) as client:
        left = {row["name"] for row in client.get("/tools?limit=100").json()["data"] if "ring" in row["name"]}
    assert left == {"ring"}
    assert "tool.ring" in call("state", "list").out
    assert call("apply", "--auto-approve", "--allow-deletes", "--allow-mass-change").code == 0


def test_what_no_file_holds_any_more_is_deleted_with_its_part(project: Path, call: Call) -> None:
    write(project, old=TOOL % ("other", "other", "Else.") + "---\n" + TOOL % ("ring", "ring", "Rings."))
    assert call("apply", "--auto-approve").code == 0
    write(project, old=TOOL % ("other", "other", "Else."))
    planned = call("plan", "manifests/old.yaml", "--allow-deletes", "--format", "json")
    assert addresses(planned) == {"tool.ring": ["delete"]}
    write(project, broken=HEAD + "kind: Tool\nmetadata: {name: [\n")
    ended = call("plan", "manifests/old.yaml", "--allow-deletes")
    assert ended.code == 1 and "broken.yaml has errors" in ended.err, ended


def test_destroy_of_a_part_takes_what_stands_there_now(project: Path, call: Call) -> None:
    write(project, old=TOOL % ("ring", "ring", "Rings."), other=TOOL % ("other", "other", "Else."))
    assert call("apply", "--auto-approve").code == 0
    write(project, old="", new=TOOL % ("ring", "ring", "Rings."))
    ended = call("-m", "manifests/new.yaml", "destroy", "--auto-approve")
    assert ended.code == 0, ended
    assert {line.split()[0] for line in call("state", "list").out.splitlines()} >= {"tool.other"}
    assert "tool.ring" not in call("state", "list").out
