"""Verdicts of earlier runs: taken while everything is as it was, and never a moment longer."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from reconciler import open_project
from reconciler.api.cache_folder import MOST
from reconciler.api.connect import open_backend
from reconciler.api.plan_cache import PlanCache, Verdict, open_cache
from reconciler.core.resource_diff import plan_existing
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext, ResourcePlan
from reconciler.manifests.tree.file_tree import WorkTree
from reconciler.platforms.tavus.client.http_attempt import Call, Exchange, Reply
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Resource
from reconciler.types.options import PlanOptions
from reconciler.types.project import Workspace
from reconciler.types.state import LockInfo
from tests.cli.conftest import PERSONA, Ended
from tests.support.nightly import tried

Run = Callable[..., Ended]
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: northwind}
default_workspace: sandbox
catalogue: catalogue.yaml
workspaces:
  sandbox: {provider: {type: simulator}, overlays: [overlays/sandbox]}
  other: {provider: {type: simulator}}
"""
RICH = PERSONA.replace("You welcome visitors.", "{file: prompts/desk.md}").replace(
    "{model: tavus-gpt-oss}",
    "{model: nw-1, base_url: 'https://llm.example/v1', api_key: {env: LLM_KEY}, default_query: {k: {file: key.txt}}}",
)
OVERLAY = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: desk}\nspec: {greeting: Welcome.}\n"


@pytest.fixture
def rich(project: Path, call: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with everything that a plan may read, applied."""
    home = project / "manifests"
    for name, text in {
        "reconciler.yaml": PROJECT, "desk.yaml": RICH, "prompts/desk.md": "You welcome visitors.\n",
        "overlays/sandbox/desk.yaml": OVERLAY, "key.txt": "file-secret-1\n", "catalogue.yaml": "chars_per_token: 4\n",
    }.items():  # fmt: skip
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    monkeypatch.setenv("LLM_KEY", "env-secret-1")
    ended = call("apply", "--auto-approve")
    assert ended.code == 0, ended
    return project


@contextmanager
def recalling() -> Iterator[list[Verdict | None]]:
    """What was recalled meanwhile, run by run."""
    found: list[Verdict | None] = []
    recall = PlanCache.recall

    def hear(self: PlanCache) -> Verdict | None:
        found.append(recall(self))
        return found[-1]

    with patch.object(PlanCache, "recall", hear):
        yield found


@contextmanager
def requests() -> Iterator[list[str]]:
    """What was sent meanwhile."""
    sent: list[str] = []
    send = Exchange.send

    def hear(self: Exchange, wanted: Call, left: Callable[[], None] = lambda: None) -> Reply:
        sent.append(f"{wanted.method} {wanted.path} {sorted(wanted.query.items())}")
        return send(self, wanted, left)

    with patch.object(Exchange, "send", hear):
        yield sent


def said(call: Run, *words: str) -> tuple[int, str]:
    ended = call(*words, "--format", "json")
    assert "bug in reconciler" not in ended.err
    # Where there is no state, each run makes up a lineage of its own.
    return ended.code, re.sub(r'"lineage": "[^"]*", "serial": 0', "", ended.out)


@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_the_second_run_parses_nothing_and_says_the_same(rich: Path, call: Run, verb: str) -> None:
    with requests() as plain:
        first = said(call, verb, "--no-cache")
    with requests() as cold:
        assert said(call, verb) == first
    with recalling() as recalled, requests() as warm, patch("reconciler.manifests.read.load_manifests._Run", None):
        assert said(call, verb) == first
    assert recalled[0] is not None
    assert sorted(plain) == sorted(cold) == sorted(warm)


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "a manifest": lambda home, _: (home / "desk.yaml").write_text(RICH.replace("Hello.", "Hi.")),
    "a comment": lambda home, _: (home / "desk.yaml").write_text(RICH + "# nothing\n"),
    "a new file": lambda home, _: (home / "more.yaml").write_text(PERSONA.replace("desk", "more")),
    "a file that is passed over": lambda home, _: (home / "tool.json").write_text('{"function": {"name": "x"}}'),
    "an empty folder": lambda home, _: (home / "sub").mkdir(),
    "a manifest less": lambda home, _: (home / "desk.yaml").unlink(),
    "an included text": lambda home, _: (home / "prompts/desk.md").write_text("You do not.\n"),
    "an included text less": lambda home, _: (home / "prompts/desk.md").unlink(),
    "an overlay": lambda home, _: (home / "overlays/sandbox/desk.yaml").write_text(OVERLAY.replace("Wel", "Wil")),
    "a second overlay": lambda home, _: (home / "overlays/sandbox/z.yaml").write_text(OVERLAY.replace("Wel", "Wil")),
    "a secret of the environment": lambda _, env: env.setenv("LLM_KEY", "env-secret-2"),
    "no secret of the environment": lambda _, env: env.delenv("LLM_KEY"),
    "a secret of a file": lambda home, _: (home / "key.txt").write_text("file-secret-2\n"),
    "no secret of a file": lambda home, _: (home / "key.txt").unlink(),
    "the digest key": lambda _, env: env.setenv("RECONCILER_DIGEST_KEY", "new"),
    "the previous digest key": lambda _, env: env.setenv("RECONCILER_DIGEST_KEY_PREVIOUS", "old"),
    "the project file": lambda home, _: (home / "reconciler.yaml").write_text(
        PROJECT.replace("overlays: [overlays/sandbox]", "overlays: []")
    ),
    "the catalogue": lambda home, _: (home / "catalogue.yaml").write_text("chars_per_token: 3\n"),
    "another project file": lambda home, _: (home.parent / "reconciler.yaml").write_text(PROJECT),
    "the state": lambda home, _: edit_state(home, lambda state: state.update(serial=state["serial"] + 1)),
    "an entry of the state": lambda home, _: edit_state(home, lambda state: state["resources"].clear()),
    "the account": lambda home, _: edit_world(home),
}  # fmt: skip


def edit_state(home: Path, edit: Callable[[dict[str, object]], object]) -> None:
    path = home.parent / ".reconciler" / "sandbox" / "state.json"
    state = json.loads(path.read_text())
    edit(state)
    path.write_text(json.dumps(state))


def edit_world(home: Path) -> None:
    path = home.parent / ".reconciler" / "sandbox" / "world.json"
    text = path.read_text()
    assert "You welcome visitors." in text
    path.write_text(text.replace("You welcome visitors.", "You send visitors away."))


def date_files(home: Path, when: int | None) -> None:
    """Times of files prove nothing: let all of them have been written `when`; None leaves them as they are."""
    for path in home.rglob("*") if when is not None else ():
        os.utime(path, (when, when))


@pytest.mark.parametrize("dated", [None, 0], ids=["just now", "long ago"])
@pytest.mark.parametrize("what", CHANGES)
def test_whatever_moved_is_looked_at(
    rich: Path, call: Run, monkeypatch: pytest.MonkeyPatch, what: str, dated: int | None
) -> None:
    verbs = ["plan", "drift"] if what in ("a manifest", "the account") else ["plan"]
    for verb in verbs:
        said(call, verb)
    CHANGES[what](rich / "manifests", monkeypatch)
    date_files(rich / "manifests", dated)
    with recalling() as recalled:
        for verb in verbs:
            with requests() as cold:
                found = said(call, verb)
            with requests() as plain:
                assert found == said(call, verb, "--no-cache")
            assert sorted(cold) == sorted(plain)  # nothing is asked twice for a verdict that does not hold
    assert recalled == [None] * len(recalled)


def test_what_is_set_back_is_known_again(rich: Path, call: Run) -> None:
    before = said(call, "plan")
    file = rich / "manifests" / "prompts" / "desk.md"
    text = file.read_text()
    file.write_text("You do not.\n")
    assert said(call, "plan") != before
    file.write_text(text)
    with recalling() as recalled:
        assert said(call, "plan") == before
    assert recalled[0] is not None


def test_what_was_written_since_is_asked_first(rich: Path, call: Run) -> None:
    home = rich / "manifests"
    for number in range(5):
        (home / f"more{number}.yaml").write_text(
            PERSONA.replace("desk", f"more{number}").replace("Desk", f"M{number}")
        )
    assert call("apply", "--auto-approve").code == 0
    date_files(home, 0)
    said(call, "plan")
    (home / "more4.yaml").write_text((home / "more4.yaml").read_text() + "# more\n")
    read: list[str] = []
    before = WorkTree.read

    def hear(tree: WorkTree, path: str) -> bytes:
        read.append(Path(path).name)
        return before(tree, path)

    with patch.object(WorkTree, "read", hear):
        found = said(call, "plan")
    assert read.count("more4.yaml") == 2
    assert [read.count(f"more{number}.yaml") for number in range(4)] == [1, 1, 1, 1]
    assert found == said(call, "plan", "--no-cache")


@pytest.mark.parametrize("words", [["--exclude", "persona.desk"], ["--unmanaged"], ["-w", "other"], ["manifests"]])
def test_what_is_asked_is_part_of_it(rich: Path, call: Run, words: list[str]) -> None:
    said(call, "plan")
    assert said(call, "plan", *words) == said(call, "plan", *words, "--no-cache")
    assert said(call, "plan", *words) == said(call, "plan", *words, "--no-cache")


def test_warnings_are_said_again(rich: Path, call: Run) -> None:
    (rich / "manifests" / "list.jsonl").write_text('{"persona_name": "x"}\n')
    first = call("plan")
    assert "list.jsonl" in first.out + first.err
    with recalling() as recalled:
        again = call("plan")
    assert recalled[0] is not None
    assert (again.code, again.out) == (first.code, first.out)


def test_a_copy_of_the_project_does_not_take_the_verdicts_of_the_first(rich: Path, call: Run) -> None:
    said(call, "plan")
    copy = rich / "copy"
    (copy / "manifests").mkdir(parents=True)
    for name in ("reconciler.yaml", "desk.yaml", "catalogue.yaml", "key.txt"):
        (copy / "manifests" / name).write_bytes((rich / "manifests" / name).read_bytes())
    shutil.copytree(rich / ".reconciler", copy / ".reconciler")
    shutil.copytree(rich / "manifests" / "prompts", copy / "manifests" / "prompts")
    shutil.copytree(rich / "manifests" / "overlays", copy / "manifests" / "overlays")
    (copy / "manifests" / "desk.yaml").write_text(RICH.replace("Hello.", "Hi."))
    with recalling() as recalled:
        found = said(call, "-C", str(copy), "plan")
    assert recalled == [None]
    assert found == said(call, "-C", str(copy), "plan", "--no-cache")


def test_another_user_or_program_takes_nothing(rich: Path, call: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said(call, "plan")
    with recalling() as recalled:
        monkeypatch.setenv("RECONCILER_CACHE_KEY", "another")
        said(call, "plan")
        monkeypatch.delenv("RECONCILER_CACHE_KEY")
        with patch("reconciler.api.plan_cache.program", lambda: "newer"):
            said(call, "plan")
    assert recalled == [None, None]


def test_a_run_that_only_looks_leaves_what_was_there(rich: Path, call: Run) -> None:
    said(call, "plan", "--no-cache")
    assert not (rich / ".reconciler" / "cache").exists()
    said(call, "plan")
    file = next((rich / ".reconciler" / "cache").iterdir())
    before = file.read_bytes()
    assert call("apply", "--auto-approve").code == 0
    assert file.read_bytes() == before
    text = before.decode("utf-8", "replace")
    assert "env-secret-1" not in text
    assert "file-secret-1" not in text


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_cache_behind_a_link_is_passed_over_with_a_warning(rich: Path, call: Run) -> None:
    first = said(call, "plan")
    folder = rich / ".reconciler" / "cache"
    folder.rename(rich / "elsewhere")
    folder.symlink_to(rich / "elsewhere")
    with recalling() as recalled:
        ended = call("plan", "--format", "json")
    assert (ended.code, ended.out) == first
    assert "cache" in ended.err
    assert not recalled


def test_a_lock_that_is_held_is_said(rich: Path) -> None:
    project = open_project()
    project.plan()
    store = open_backend(project.session)
    heard: list[object] = []
    info = LockInfo("1", "apply", "me@here", "elsewhere", 1, "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "1")
    with store.lock(info, timeout=0, clock=project.session.clock, emit=lambda event: None):
        open_project(on_event=heard.append).plan()
    assert any("a run is at work" in str(event) for event in heard)


def test_a_state_that_moves_meanwhile_leaves_no_verdict(
    rich: Path, call: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = rich / ".reconciler" / "sandbox" / "state.json"
    text = state.read_text()

    def move(self: Exchange, wanted: Call, left: Callable[[], None] = lambda: None) -> Reply:
        if state.read_text() == text:
            edit_state(rich / "manifests", lambda found: found.update(serial=found["serial"] + 1))
        return send(self, wanted, left)

    send = Exchange.send
    with patch.object(Exchange, "send", move):
        said(call, "plan")
    state.write_text(text)
    with recalling() as recalled:
        assert said(call, "plan") == said(call, "plan", "--no-cache")
    assert recalled == [None]


def test_an_apply_looks_for_itself(rich: Path, call: Run) -> None:
    said(call, "plan")
    with recalling() as recalled:
        assert call("apply", "--auto-approve").code == 0
    assert not recalled


@pytest.fixture
def wide(rich: Path) -> Path:
    """The same project with more workspaces than files are kept for one."""
    more = "".join(f"  w{number}: {{provider: {{type: simulator}}}}\n" for number in range(MOST + 1))
    (rich / "manifests" / "reconciler.yaml").write_text(PROJECT.replace("catalogue: catalogue.yaml\n", "") + more)
    return rich


def test_the_workspaces_of_a_project_file_are_spelled_once_for_all_rounds(wide: Path) -> None:
    spelled = 0
    spell = Workspace.__repr__

    def hear(self: Workspace) -> str:
        nonlocal spelled
        spelled += 1
        return spell(self)

    with patch.object(Workspace, "__repr__", hear):
        for _ in range(3):
            open_project().plan()
    every = len(open_project().session.project.workspaces)
    assert spelled == every + 3  # and that of each round


def test_each_workspace_finds_its_verdict_in_the_next_round(wide: Path) -> None:
    names = [name for name in open_project().session.project.workspaces if name != "sandbox"]
    caches = [open_cache(open_project(workspace=name).session, "plan", PlanOptions()) for name in names]
    kept = [cache for cache in caches if isinstance(cache, PlanCache)]
    for cache in kept:
        cache.folder.write(cache.name, b"verdict")
    assert len({cache.name for cache in kept}) == len(names) > MOST
    assert [cache.folder.read(cache.name) for cache in kept] == [b"verdict"] * len(names)


PLAIN = PERSONA.replace("desk", "plain").replace("Desk", "Plain")
SEVERAL = {
    "plain.yaml": PLAIN,
    "told.yaml": PERSONA.replace("desk", "told").replace("Desk", "Told").replace(
        "You welcome visitors.", "{file: prompts/told.md}"
    ),
    "prompts/told.md": "You tell visitors.\n",
    "laid.yaml": PERSONA.replace("desk", "laid").replace("Desk", "Laid"),
    "overlays/sandbox/laid.yaml": OVERLAY.replace("desk", "laid"),
    "pair.yaml": "---\n".join(
        PERSONA.replace("desk", name).replace("Desk", name.capitalize()) for name in ("one", "other")
    ),
    "wordy.yaml": PERSONA.replace("desk", "wordy").replace("Desk", "Wordy").replace(
        "  layers:", "  mood: glad\n  owner_id: u1\n  layers:"
    ),
    "refers.yaml": PERSONA.replace("desk", "refers").replace("Desk", "Refers").replace(
        "spec:", "spec:\n  document_ids: [{ref: document.hours}]"
    ),
    "eyes.yaml": "apiVersion: personas/v1\nkind: Guardrail\nmetadata: {name: eyes}\n"
    "spec: {guardrail_name: eyes, guardrail_prompt: No badge., modality: visual}\n",
    "blind.yaml": PERSONA.replace("desk", "blind").replace("Desk", "Blind").replace(
        "spec:", "spec:\n  guardrail_ids: [{ref: guardrail.eyes}]"
    ) + "    perception: {perception_model: 'off'}\n",
    "kept.yaml": PERSONA.replace("desk", "kept").replace("Desk", "Kept").replace(
        "spec:", "lifecycle: {protect: true, ignore: [/greeting]}\nspec:"
    ),
    "hours.yaml": "apiVersion: personas/v1\nkind: Document\nmetadata: {name: hours}\n"
    "spec: {document_name: Hours, document_url: 'https://docs.example/h.pdf'}\n",
}  # fmt: skip
REFERS = "spec:\n  document_ids: [{ref: document."
ALL = {"desk", "plain", "told", "laid", "one", "other", "wordy", "hours", "refers", "blind", "eyes", "kept"}


@pytest.fixture
def several(rich: Path, call: Run) -> Path:
    """More of the kind that needs nothing but itself, applied, and looked at by both verbs."""
    for name, text in SEVERAL.items():
        (rich / "manifests" / name).parent.mkdir(parents=True, exist_ok=True)
        (rich / "manifests" / name).write_text(text)
    ended = call("apply", "--auto-approve")
    assert ended.code == 0, ended
    for verb in ("plan", "drift"):
        said(call, verb)
    return rich


@contextmanager
def comparing() -> Iterator[set[str]]:
    """The resources that were compared meanwhile."""
    compared: set[str] = set()

    def hear(resource: Resource, live: LiveObject, binding: Binding, context: DiffContext) -> ResourcePlan:
        compared.add(resource.address.name)
        return plan_existing(resource, live, binding, context)

    with patch("reconciler.core.planning.assemble_changes.plan_existing", hear):
        yield compared


def replace_in(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def edit_entry(home: Path) -> None:
    edit_state(home, lambda state: state["resources"]["persona.plain"].update(source="elsewhere.yaml"))  # type: ignore[index]


def lose_document(home: Path) -> None:
    """The object of the document hours is no more."""
    path = home.parent / ".reconciler/sandbox/world.json"
    world = json.loads(path.read_text())
    found = world["objects"]["documents"]
    world["objects"]["documents"] = {id: held for id, held in found.items() if held["document_name"] != "Hours"}
    path.write_text(json.dumps(world))


PARTS: dict[str, tuple[set[str], Callable[[Path, pytest.MonkeyPatch], object]]] = {
    "one file": ({"plain"}, lambda home, _: replace_in(home / "plain.yaml", "Hello.", "Hi.")),
    "a comment": ({"plain"}, lambda home, _: replace_in(home / "plain.yaml", "kind:", "# why\nkind:")),
    "a file of two": ({"one", "other"}, lambda home, _: replace_in(home / "pair.yaml", "Other", "Others")),
    "an include": ({"told"}, lambda home, _: replace_in(home / "prompts/told.md", "tell", "call")),
    "an include less": (set(), lambda home, _: (home / "prompts/told.md").unlink()),
    "an overlay": ({"laid"}, lambda home, _: replace_in(home / "overlays/sandbox/laid.yaml", "Welcome", "Hi")),
    "an overlay less": ({"laid"}, lambda home, _: (home / "overlays/sandbox/laid.yaml").unlink()),
    "an overlay more": (
        {"plain"}, lambda home, _: (home / "overlays/sandbox/p.yaml").write_text(OVERLAY.replace("desk", "plain"))
    ),
    "a live object": (
        {"plain"},
        lambda home, _: replace_in(home.parent / ".reconciler/sandbox/world.json", '"Plain"', '"Plainer"'),
    ),
    "an entry of the state": ({"plain"}, lambda home, _: edit_entry(home)),
    "an object that is referred to": ({"refers"}, lambda home, _: lose_document(home)),
    "an object that is referred to, in its text": (
        {"hours"}, lambda home, _: replace_in(home / "hours.yaml", "name: Hours", "name: Times")
    ),
    "what is protected": ({"kept"}, lambda home, _: replace_in(home / "kept.yaml", "protect: true", "protect: no")),
    "what is ignored": ({"kept"}, lambda home, _: replace_in(home / "kept.yaml", "/greeting", "/system_prompt")),
    "what is referred to less": (set(), lambda home, _: (home / "hours.yaml").unlink()),
    "who refers to something that rules look into": (
        {"blind"}, lambda home, _: replace_in(home / "blind.yaml", "Hello.", "Hi.")
    ),
    "a secret": (set(), lambda _, env: env.setenv("LLM_KEY", "env-secret-2")),
    "a resource more": (set(), lambda home, _: (home / "new.yaml").write_text(PLAIN.replace("lain", "late"))),
    "a resource less": (set(), lambda home, _: (home / "plain.yaml").unlink()),
    "a second of one address": (set(), lambda home, _: (home / "again.yaml").write_text(PLAIN)),
    "a second of one name": (
        set(), lambda home, _: (home / "again.yaml").write_text(PLAIN.replace("name: plain", "name: again"))
    ),
    "a name that looks alike": (
        {"desk"}, lambda home, _: replace_in(home / "desk.yaml", "persona_name: Desk", "persona_name: PLAIN")
    ),
    "a reference": (
        {"desk"}, lambda home, _: replace_in(home / "desk.yaml", "spec:", REFERS + "hours}]")
    ),
    "a reference to what is nowhere": (
        {"desk"}, lambda home, _: replace_in(home / "desk.yaml", "spec:", REFERS + "h}]")
    ),
    "a document moved away": (
        set(),
        lambda home, _: (home / "moved.yaml").write_text(
            "apiVersion: personas/v1\nkind: Moved\nfrom: persona.plain\nto: persona.moved\n"
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("dated", [None, 0], ids=["just now", "long ago"])
@pytest.mark.parametrize("what", PARTS)
def test_what_moved_is_compared_and_nothing_else(
    several: Path, call: Run, monkeypatch: pytest.MonkeyPatch, what: str, dated: int | None
) -> None:
    moved, change = PARTS[what]
    change(several / "manifests", monkeypatch)
    date_files(several / "manifests", dated)
    for verb in ("plan", "drift"):
        for _ in range(2):
            with requests() as partly, comparing() as compared:
                found = said(call, verb)
            with requests() as plain:
                assert found == said(call, verb, "--no-cache")
            assert sorted(partly) == sorted(plain)
            assert compared <= moved | {"desk"}  # which has secrets, so that nothing of it is kept
            assert moved <= compared or not compared


def test_what_a_text_is_told_about_is_told_again(several: Path, call: Run) -> None:
    replace_in(several / "manifests" / "plain.yaml", "Hello.", "Hi.")
    with comparing() as compared:
        again = call("plan")
    plain = call("plan", "--no-cache")
    assert "mood" in again.out + again.err
    assert (again.code, again.out, again.err) == (plain.code, plain.out, plain.err)
    assert "wordy" not in compared


def test_what_is_in_sync_once_more_is_known_again(several: Path, call: Run) -> None:
    file = several / "manifests" / "plain.yaml"
    replace_in(file, "Hello.", "Hi.")
    assert call("apply", "--auto-approve").code == 0
    with comparing() as compared:
        said(call, "plan")
    assert compared == {"plain", "desk"}
    replace_in(several / "manifests" / "laid.yaml", "Hello.", "Hi.")
    with comparing() as compared:
        found = said(call, "plan")
    assert compared == {"laid", "desk"}
    assert found == said(call, "plan", "--no-cache")


def test_an_apply_and_a_saved_plan_compare_everything(several: Path, call: Run) -> None:
    replace_in(several / "manifests" / "plain.yaml", "Hello.", "Hi.")
    with comparing() as compared:
        assert call("plan", "--out", "saved.json").code == 0
    assert compared == ALL
    with comparing() as compared:
        assert call("apply", "--auto-approve").code == 0
    assert compared == ALL


def test_values_that_a_policy_judges_are_looked_at_each_time(several: Path, call: Run) -> None:
    home = several / "manifests"
    replace_in(home / "reconciler.yaml", "simulator}, over", "simulator}, policy: {https_only: true}, over")
    for _ in range(2):
        replace_in(home / "plain.yaml", "spec:", "# more\nspec:")
        with comparing() as compared:
            found = said(call, "plan")
        assert compared == ALL
        assert found == said(call, "plan", "--no-cache")


def test_what_the_defaults_say_stays_said(several: Path, call: Run) -> None:
    home = several / "manifests"
    (home / "reconciler.yaml").write_text(PROJECT + "defaults:\n- kind: Persona\n  spec: {greting: Hello.}\n")
    first = call("plan", "--no-cache")
    assert "greting" in first.out + first.err
    for _ in range(2):
        replace_in(home / "plain.yaml", "spec:", "# more\nspec:")
        assert said(call, "plan") == said(call, "plan", "--no-cache")


def choices(home: Path) -> dict[str, Callable[[random.Random], object]]:
    """What may happen to a project between two looks at it, each from whatever there is."""
    texts = {name: text for name, text in SEVERAL.items() if name != "hours.yaml"}

    def write(name: str, rnd: random.Random) -> None:
        greeting, line = rnd.choice(["Hello.", "Hi.", "Welcome."]), rnd.choice(["", "# why\n"])
        (home / name).write_text(line + texts[name].replace("Hello.", greeting).replace("tell", f"tell{len(line)}"))

    def lay(rnd: random.Random) -> None:
        over = home / "overlays/sandbox" / f"{rnd.choice('ab')}.yaml"
        over.write_text(OVERLAY.replace("desk", rnd.choice(["told", "laid"])))

    def touch(rnd: random.Random) -> None:
        path = home.parent / ".reconciler/sandbox/world.json"
        before, after = rnd.sample(["Hello.", "Hi.", "Welcome."], 2)
        path.write_text(path.read_text().replace(before, after, 1))

    def refer(rnd: random.Random) -> None:
        (home / "desk.yaml").write_text(rnd.choice([RICH, RICH.replace("spec:", REFERS + "hours}]")]))

    def hours(rnd: random.Random) -> None:
        text = SEVERAL["hours.yaml"].replace("name: Hours", f"name: {rnd.choice(['Hours', 'Times'])}")
        (home / "hours.yaml").write_text(text.replace("h.pdf", rnd.choice(["h.pdf", "i.pdf"])))

    return {
        **{name: lambda rnd, name=name: write(name, rnd) for name in texts},  # type: ignore[misc]
        "lay": lay,
        "touch": touch,
        "refer": refer,
        "less": lambda rnd: (home / rnd.choice(["plain.yaml", "pair.yaml"])).unlink(True),
        "hours": hours,
        "hours less": lambda rnd: (home / "hours.yaml").unlink(True),
        "lost": lambda rnd: lose_document(home),
        "overlay less": lambda rnd: (home / "overlays/sandbox/a.yaml").unlink(True),
        "twin": lambda rnd: (home / "twin.yaml").write_text(
            PLAIN.replace("name: plain", "name: twin").replace("Plain", rnd.choice(["Plain", "PLAIN", "Twin"]))
        ),
        "twin less": lambda rnd: (home / "twin.yaml").unlink(True),
    }


@pytest.mark.parametrize("seed", range(tried(4, 60)))
def test_whatever_happens_the_same_is_said(several: Path, call: Run, seed: int) -> None:
    rnd, home = random.Random(seed), several / "manifests"
    happens = choices(home)
    done: list[str] = []
    for _ in range(12):
        for name in rnd.sample(list(happens), rnd.choice([1, 1, 2])):
            done.append(name)
            happens[name](rnd)
        if rnd.random() < 0.4:
            done.append("apply")
            call("apply", "--auto-approve", "--allow-deletes", "--allow-mass-change")
        verb = rnd.choice(["plan", "plan", "drift"])
        with requests() as partly:
            found = said(call, verb)
        with requests() as plain:
            assert found == said(call, verb, "--no-cache"), done
        assert sorted(partly) == sorted(plain), done
