"""The verbs as methods: each does what its command does, and the command sees what it did."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler import Action, Address, Plan, Severity, dump_plan, load_plan, open_project, render
from reconciler.api.connect import open_backend
from reconciler.api.project import OpenedProject
from reconciler.errors import Interrupted, ManifestError, PlanBlocked, PlanError, PlanStale, StateLocked, UsageError
from reconciler.manifests.read import envelope
from reconciler.types.event import Event, RunFinished, StepDone
from tests.cli.conftest import Ended
from tests.support.dashboard import edit_persona, replaced

DESK = Address("persona", "desk")
Call = Callable[..., Ended]


PROJECT_WITH_WORLD = """\
apiVersion: personas/v1
kind: Project
metadata: {{name: p}}
default_workspace: sandbox
workspaces:
  sandbox: {{provider: {{type: simulator, world: {world}}}}}
"""


@pytest.fixture
def opened(project: Path) -> OpenedProject:
    return open_project()


def edit(project: Path, before: str, after: str) -> None:
    file = project / "manifests" / "desk.yaml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_a_plan_and_its_apply(opened: OpenedProject, call: Call) -> None:
    plan = opened.plan()
    assert [(change.address, change.action) for change in plan.differences] == [(DESK, Action.CREATE)]
    result = opened.apply(plan)
    assert (result.summary.added, result.count("failed"), result.interrupted) == (1, 0, False)
    assert opened.plan().differences == ()
    assert call("plan", "--detailed-exitcode").code == 0


def test_a_plan_is_applied_once_and_only_while_it_is_fresh(opened: OpenedProject, project: Path) -> None:
    plan = opened.plan()
    opened.apply(plan)
    with pytest.raises(PlanStale):
        opened.apply(plan)
    edit(project, "Hello.", "Good morning.")
    stale = opened.plan()
    edit(project, "Good morning.", "Good evening.")
    opened.apply()
    with pytest.raises(PlanStale):
        opened.apply(stale)


def test_a_plan_file_is_that_of_the_command(opened: OpenedProject, call: Call, project: Path) -> None:
    (project / "made.plan").write_bytes(dump_plan(opened.plan()))
    assert call("apply", "made.plan").code == 0
    assert call("destroy", "--auto-approve").code == 0
    assert call("plan", "--out", "saved.plan").code == 0
    saved = load_plan((project / "saved.plan").read_bytes())
    result = open_project().apply(saved)
    assert result is not None
    assert result.summary.added == 1


def test_a_plan_that_is_made_takes_no_flags(opened: OpenedProject) -> None:
    with pytest.raises(UsageError, match="targets cannot change a plan"):
        opened.apply(opened.plan(), targets=["persona.desk"])  # type: ignore[call-overload]


def test_without_a_plan_somebody_may_be_asked(opened: OpenedProject) -> None:
    seen: list[Plan] = []

    def refuse(plan: Plan) -> bool:
        seen.append(plan)
        return False

    assert opened.apply(confirm=refuse) is None
    assert [change.address for change in seen[0].differences] == [DESK]
    assert opened.state.list() == ()
    assert opened.apply(confirm=lambda plan: True) is not None
    assert [str(one.address) for one in opened.state.list()] == ["persona.desk"]


def test_flags_have_the_names_of_the_command(opened: OpenedProject) -> None:
    opened.apply()
    blocked = opened.plan(targets=["persona.desk"], destroy=True)
    assert blocked.mode == "destroy"
    assert blocked.count(Action.DELETE) == 1
    assert opened.plan(excludes=["persona.desk"]).differences == ()
    with pytest.raises(PlanError) as caught:
        opened.plan(selector={"team": "nobody"})
    assert [one.code for one in caught.value.diagnostics] == ["E-selector"]
    with pytest.raises(UsageError, match="exclude each other"):
        opened.plan(destroy=True, refresh_only=True)
    with pytest.raises(UsageError, match=r"did you mean persona\.desk"):
        opened.plan(targets=["persna.desk"])


def test_what_is_refused_is_raised_and_nothing_was_sent(opened: OpenedProject, project: Path) -> None:
    opened.apply()
    (project / "manifests" / "desk.yaml").unlink()
    with pytest.raises(PlanBlocked) as caught:
        opened.apply()
    assert caught.value.exit_code == 3
    assert [str(one.address) for one in opened.state.list()] == ["persona.desk"]
    result = opened.apply(allow_deletes=True, allow_mass_change=True)
    assert result is not None
    assert result.summary.destroyed == 1


def test_drift_and_the_way_it_goes_into_the_manifest(opened: OpenedProject, project: Path) -> None:
    opened.apply()
    edit_persona(project, "Desk", replaced("/greeting", "Hi there."))
    found = opened.drift()
    assert [(str(item.address), one.path) for item in found.drift for one in item.changes] == [
        ("persona.desk", "/greeting")
    ]
    assert "Hi there." in render(found)
    accepted = opened.accept("persona.desk/greeting")
    assert (len(accepted.values), accepted.left) == (1, 0)
    assert "Hi there." in (project / "manifests" / "desk.yaml").read_text()
    assert opened.drift().drift == ()


def test_findings(opened: OpenedProject, project: Path) -> None:
    assert [one for one in opened.validate() if one.severity is Severity.ERROR] == []
    edit(project, "greeting:", "greting:")
    found = opened.validate()
    assert [str(one.span) for one in found if one.code == "L18"] == ["manifests/desk.yaml:8:12"]
    assert "greting" in render(found)
    assert json.loads(render(found, "sarif"))["runs"][0]["results"]


def test_manifests_with_errors_stop_everything_else(opened: OpenedProject, project: Path) -> None:
    (project / "manifests" / "bad.yaml").write_text("kind: Persno\napiVersion: personas/v1\n")
    for verb in (opened.plan, opened.apply, opened.drift):
        with pytest.raises(ManifestError) as caught:
            verb()
        assert caught.value.diagnostics


def test_the_account_as_manifests(opened: OpenedProject, project: Path) -> None:
    opened.apply()
    elsewhere = open_project(project / "copy", root=project)
    exported = elsewhere.export(project / "copy", kinds=["persona"])
    assert [one.path for one in exported.files] == ["personas/desk.yaml"]
    plan = open_project(project / "copy", root=project).plan()
    assert plan.count(Action.CREATE) == plan.count(Action.UPDATE) == 0


def test_migrations_show_and_then_write(opened: OpenedProject, project: Path) -> None:
    edit(project, "tavus-gpt-oss", "tavus-gpt-4o")
    answers = {"model-successor.tavus-gpt-4o": "tavus-gpt-oss"}
    shown = opened.migrate(only=["model-successor"], answers=answers)
    assert len(shown.files) == 1
    assert "tavus-gpt-oss" in render(shown)
    assert "tavus-gpt-4o" in (project / "manifests" / "desk.yaml").read_text()
    opened.migrate(only=["model-successor"], answers=answers, write=True)
    assert "tavus-gpt-oss" in (project / "manifests" / "desk.yaml").read_text()
    with pytest.raises(UsageError):
        opened.migrate(only=["model-sucessor"])


def test_an_object_that_exists_is_taken_in(opened: OpenedProject) -> None:
    opened.apply()
    (entry,) = opened.state.list()
    assert entry.id is not None
    opened.state.forget("persona.desk")
    result = opened.import_("persona.desk", entry.id)
    assert result.count("done") == 1
    assert opened.state.list() == (entry,)


def test_events_are_heard(project: Path) -> None:
    heard: list[Event] = []
    open_project(on_event=heard.append).apply()
    assert [one.address for one in heard if isinstance(one, StepDone)] == [DESK]
    assert isinstance(next(one for one in reversed(heard) if isinstance(one, RunFinished)), RunFinished)


def test_a_run_that_is_asked_to_stop_starts_nothing(opened: OpenedProject) -> None:
    result = opened.apply(stop=lambda: True)
    assert result is not None
    assert result.interrupted
    assert result.count("done") == 0


def test_the_environment_is_the_one_given(project: Path) -> None:
    (project / "manifests" / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\ndefault_workspace: a\n"
        "workspaces:\n  a: {provider: {type: simulator}}\n  b: {provider: {type: simulator}}\n"
    )
    assert open_project().workspace == "a"
    assert open_project(environ={"RECONCILER_WORKSPACE": "b"}).workspace == "b"
    assert open_project(environ={"RECONCILER_WORKSPACE": "b"}, workspace="a").workspace == "a"
    with pytest.raises(UsageError, match="unknown workspace 'c'"):
        open_project(workspace="c")


def test_another_place(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with open_project(project / "manifests", root=elsewhere, workspace="sandbox") as opened:
        opened.apply()
    assert (elsewhere / ".reconciler" / "sandbox" / "state.json").is_file()
    assert not (project / ".reconciler").exists()


def test_a_listener_with_an_end_is_closed(project: Path) -> None:
    class Listener:
        closed = False

        def __call__(self, event: Event) -> None: ...

        def close(self) -> None:
            self.closed = True

    listener = Listener()
    with open_project(on_event=listener):
        assert not listener.closed
    assert listener.closed


def test_a_lock_is_respected(opened: OpenedProject) -> None:
    from reconciler.engine.state.state_session import open_session

    session = opened.session
    with (
        open_session(
            open_backend(session), workspace="sandbox", operation="test", clock=session.clock, emit=session.emit
        ),
        pytest.raises(StateLocked),
    ):
        opened.apply()


@pytest.mark.parametrize(
    "variable",
    [
        "TAVUS_API_KEY", "RECONCILER_PLAN_KEY", "PGPASSWORD", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_CLIENT_SECRET", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_SERVICE_ACCOUNT_KEY", "TF_HTTP_PASSWORD",
    ],
)  # fmt: skip
def test_what_stores_take_from_the_environment_is_never_shown(tmp_path: Path, variable: str) -> None:
    with open_project(tmp_path, workspace="sandbox", environ={variable: "sentinel-of-a-store"}) as project:
        assert "sentinel" not in project.session.redactor.hide("the store says: sentinel-of-a-store is no key")


TWO = """\
apiVersion: personas/v1
kind: Project
metadata: {name: museum}
workspaces:
  box: {provider: {type: simulator}}
  other: {provider: {type: simulator}, overlays: [overlays/other]}
"""
OVER = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}
spec: {greeting: Good evening.}
"""


@pytest.fixture
def museum(project: Path) -> Path:
    (project / "manifests" / "reconciler.yaml").write_text(TWO)
    over = project / "manifests" / "overlays" / "other"
    over.mkdir(parents=True)
    (over / "desk.yaml").write_text(OVER)
    return project


def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the files that are parsed from here on."""
    seen: list[str] = []
    real = envelope.parse_yaml

    def parse(text: str, path: str, *rest: Any) -> Any:
        seen.append(path)
        return real(text, path, *rest)

    monkeypatch.setattr(envelope, "parse_yaml", parse)
    return seen


def test_one_project_gives_many_workspaces_and_parses_a_file_once(
    museum: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = open_project(workspace="box")
    seen = parsed(monkeypatch)
    plans = {name: box.in_workspace(name).plan() for name in ("box", "other", "box", "other")}
    assert sorted(seen) == ["desk.yaml", "overlays/other/desk.yaml"]
    for name, plan in plans.items():
        fresh = open_project(workspace=name).plan()
        assert (plan.workspace, plan.changes) == (name, fresh.changes)
    with pytest.raises(UsageError, match="unknown workspace 'othre'"):
        box.in_workspace("othre")


def test_a_file_that_changed_is_parsed_again(museum: Path) -> None:
    box = open_project(workspace="box")
    before = box.plan()
    file = museum / "manifests" / "desk.yaml"
    file.write_text(re.sub(r"greeting: .*", "greeting: Hello there", file.read_text()))
    assert box.plan().changes != before.changes
    assert box.plan().changes == open_project(workspace="box").plan().changes
    file.write_text("kind: [")
    for _ in range(2):
        assert any(one.code == "E-yaml" for one in box.validate())


@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_a_look_that_is_asked_to_stop_ends(opened: OpenedProject, verb: str) -> None:
    opened.apply()
    asked = iter([False, True, True])
    with pytest.raises(Interrupted):
        getattr(opened, verb)(stop=lambda: next(asked))
    with pytest.raises(Interrupted):
        getattr(opened, verb)(stop=lambda: True)


def test_a_file_that_another_one_includes_is_read_each_time(museum: Path) -> None:
    """What was parsed is kept, what a reference leads to is not."""
    prompt = museum / "manifests" / "prompt.md"
    prompt.write_text("You welcome visitors.\n")
    file = museum / "manifests" / "desk.yaml"
    file.write_text(re.sub(r"system_prompt: .*", "system_prompt: {file: prompt.md}", file.read_text()))
    box = open_project(workspace="box")
    box.apply()
    assert box.plan().differences == ()
    prompt.write_text("You say goodbye.\n")
    for opened in (box, box.in_workspace("box"), open_project(workspace="box")):
        (change,) = opened.plan().differences
        assert [field.path for field in change.fields] == ["/system_prompt"]


@pytest.mark.parametrize("command", ["plan", "apply", "export"])
@pytest.mark.parametrize("named", ["elsewhere", "pipe", "folder", "link"])
def test_a_file_that_a_setting_names_is_made_nowhere_outside_and_never_waited_for(
    named: str, command: str, project: Path, tmp_path_factory: pytest.TempPathFactory, call: Call
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    there = outside.with_name("there.json")
    there.write_text('{"objects": {}}')
    (project / "l.json").symlink_to(there)
    world = {
        "elsewhere": outside / "new" / "account.json",
        "pipe": project / "p.json",
        "folder": project / "f.json",
        "link": project / "l.json",
    }[named]
    os.mkfifo(project / "p.json")
    (project / "f.json").mkdir()
    text = PROJECT_WITH_WORLD.format(world=world)
    (project / "manifests" / "reconciler.yaml").write_text(text)
    words = {"apply": ["apply", "--auto-approve"], "export": ["export", "out"]}.get(command, [command])
    ended = call(*words)
    assert ended.code == 64, ended
    assert f"provider.world names {world}" in ended.err
    assert there.read_text() == '{"objects": {}}'
    assert list(outside.iterdir()) == []


def test_a_world_outside_that_is_there_is_used(
    project: Path, tmp_path_factory: pytest.TempPathFactory, call: Call
) -> None:
    assert call("apply", "--auto-approve").code == 0
    (world,) = project.glob(".reconciler/*/world.json")
    outside = tmp_path_factory.mktemp("outside") / "account.json"
    outside.write_bytes(world.read_bytes())
    (project / "manifests" / "reconciler.yaml").write_text(PROJECT_WITH_WORLD.format(world=outside))
    assert call("plan", "--unmanaged", "--no-cache").code == 0
    assert call("plan", "--detailed-exitcode").code == 0
