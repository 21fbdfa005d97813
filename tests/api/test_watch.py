"""Watched workspaces in this process: their order, and what becomes of whoever is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.api.session import Session, SystemClock
from reconciler.api.watch import Fleet, Watched, in_order, watched
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS
from reconciler.types.watch import Memory, Round, Status, Watch


def session(folder: Path) -> Session:
    project = load_project(folder, PLATFORMS)
    return Session(
        project=project,
        workspace=project.workspaces["sandbox"],
        clock=SystemClock(),
        emit=lambda event: None,
        environ={},
    )


def test_a_round_that_could_not_be_told_is_complained_of_and_counts(tmp_path: Path) -> None:
    def tell(one: Watched, done: Round, before: Memory) -> None:
        raise OSError("no space left")

    complaints: list[str] = []
    (done,) = Fleet(watched(session(tmp_path), ["sandbox"]), tell, complaints.append).once()
    assert done.status is Status.BLOCKED, "there is nothing to look at"
    assert complaints == ["sandbox: this round could not be told: OSError: no space left"]


def test_workspaces_come_after_those_that_they_depend_on(tmp_path: Path) -> None:
    base = session(tmp_path)
    needs = {"a": ("b", "c"), "b": ("c",), "c": ("a",), "d": ()}

    found = [
        Watched(replace(base, workspace=replace(base.workspace, name=name)), Watch(depends_on=others))
        for name, others in needs.items()
    ]
    assert [one.name for one in in_order(found)] == ["c", "b", "a", "d"], "a circle is left as it stands"


def test_a_chain_of_workspaces_may_be_long(tmp_path: Path) -> None:
    base = session(tmp_path)
    names = [f"w{number}" for number in range(3000)]
    found = [
        Watched(
            replace(base, workspace=replace(base.workspace, name=name)), Watch(depends_on=(after,) if after else ())
        )
        for name, after in zip(names, (*names[1:], ""), strict=True)
    ]
    assert [one.name for one in in_order(found)] == names[::-1]
