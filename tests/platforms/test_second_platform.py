"""A platform that nothing outside of its own folder knows goes through every verb, also on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler import Action, OpenedProject, UsageError, dump_plan, load_plan, open_project, render
from reconciler.cli.main import run
from reconciler.core.platform import Platform
from reconciler.platforms import PLATFORMS
from reconciler.types.kind import Kinds
from tests.support.greetings import ENTRY
from tests.support.greetings.kinds import KINDS

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: lobby}
workspaces:
  here: {provider: {type: toy-greetings}}
  there: {provider: {type: toy-greetings}}
  real: {provider: {type: greetings}}
"""
HELLO = """\
apiVersion: personas/v1
kind: Phrase
metadata: {name: hello}
spec: {title: Hello, text: Hello there.}
"""
DOOR = """\
apiVersion: personas/v1
kind: Bot
metadata: {name: door}
spec:
  label: Door
  phrase: {ref: phrase.hello}
  loudness: 7  # as it was
  rooms: [hall, porch]
  key: {env: DOOR_KEY}
"""
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def greetings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line that adds a platform; taken away again afterwards."""
    monkeypatch.setattr(PLATFORMS, "_entries", dict(PLATFORMS._entries))
    PLATFORMS.add("greetings", ENTRY)


@pytest.fixture
def lobby(greetings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of that platform alone; the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOOR_KEY", "open-sesame-4711")
    for name, text in (("reconciler.yaml", PROJECT), ("hello.yaml", HELLO), ("door.yaml", DOOR)):
        (tmp_path / "manifests").mkdir(exist_ok=True)
        (tmp_path / "manifests" / name).write_text(text)
    return tmp_path


@pytest.fixture
def opened(lobby: Path) -> Iterator[OpenedProject]:
    with open_project() as found:
        yield found


@pytest.fixture
def call(lobby: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    def called(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(list(words))
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return called


def world(lobby: Path, workspace: str = "here") -> dict[str, dict[str, dict[str, Any]]]:
    """What the account holds, by kind and id."""
    found: dict[str, Any] = json.loads((lobby / ".reconciler" / workspace / "greetings.json").read_text())
    return {kind: objects for kind, objects in found.items() if kind != "last"}


def change(lobby: Path, kind: str, workspace: str = "here", **members: object) -> None:
    """Somebody changes the only object of a kind past us."""
    path = lobby / ".reconciler" / workspace / "greetings.json"
    found = json.loads(path.read_text())
    next(iter(found[kind].values())).update(members)
    path.write_text(json.dumps(found))


def actions(opened: OpenedProject, **flags: Any) -> dict[str, Action]:
    return {str(one.address): one.action for one in opened.plan(**flags).differences}


def test_files_are_judged_by_its_tables(opened: OpenedProject, lobby: Path) -> None:
    assert [one.code for one in opened.validate() if one.is_error] == []
    (lobby / "manifests" / "door.yaml").write_text(DOOR.replace("loudness: 7", "volume: 11"))
    assert "G01" in {one.code for one in opened.validate()}
    (lobby / "manifests" / "desk.yaml").write_text(HELLO.replace("Phrase", "Persona"))
    assert any(one.is_error and "Persona" in one.summary for one in opened.validate())


def test_plan_apply_and_nothing_more_to_do(opened: OpenedProject, lobby: Path) -> None:
    assert actions(opened) == {"bot.door": Action.CREATE, "phrase.hello": Action.CREATE}
    saved = dump_plan(opened.plan())
    assert "open-sesame" not in saved.decode() + render(opened.plan(), "json")
    result = opened.apply(load_plan(saved))
    assert result.count("done") == 2
    (phrase,), (bot,) = world(lobby)["phrase"].values(), world(lobby)["bot"].values()
    assert bot["phrase"] == phrase["id"]
    assert bot["key"] == "open-sesame-4711"
    assert actions(opened) == {}
    assert "open-sesame" not in (lobby / ".reconciler" / "here" / "state.json").read_text()


def test_an_edit_a_removal_and_a_delete(opened: OpenedProject, lobby: Path) -> None:
    opened.apply()
    file = lobby / "manifests" / "door.yaml"
    file.write_text(file.read_text().replace("[hall, porch]", "[porch, stairs]"))
    assert actions(opened) == {"bot.door": Action.UPDATE}
    opened.apply()
    (bot,) = world(lobby)["bot"].values()
    assert bot["rooms"] == ["porch", "stairs"]
    file.unlink()
    opened.apply(allow_deletes=True)
    assert list(world(lobby)["bot"]) == []


def test_drift_is_found_accepted_or_undone(opened: OpenedProject, lobby: Path) -> None:
    opened.apply()
    change(lobby, "phrase", text="Go away.")
    (drifted,) = opened.drift().drift
    assert str(drifted.address) == "phrase.hello"
    opened.accept("phrase.hello/text")
    assert "Go away." in (lobby / "manifests" / "hello.yaml").read_text()
    assert actions(opened) == {}
    change(lobby, "bot", loudness=9)
    opened.apply()
    assert next(iter(world(lobby)["bot"].values()))["loudness"] == 7


def test_its_migrations_run(opened: OpenedProject, lobby: Path) -> None:
    opened.apply()
    opened.migrate(write=True)
    text = (lobby / "manifests" / "door.yaml").read_text()
    assert "volume: 7  # as it was" in text
    assert opened.migrate().files == ()
    opened.apply()
    (bot,) = world(lobby)["bot"].values()
    assert (bot.get("volume"), bot.get("loudness")) == (7, None)


def test_rollback_brings_back_what_was(opened: OpenedProject, lobby: Path) -> None:
    opened.apply()
    serial = opened.state.history()[-1].serial
    file = lobby / "manifests" / "hello.yaml"
    file.write_text(HELLO.replace("Hello there.", "Welcome."))
    opened.apply()
    opened.state.rollback(serial)
    assert next(iter(world(lobby)["phrase"].values()))["text"] == "Hello there."


def test_export_writes_what_is_there_and_import_takes_it(opened: OpenedProject, lobby: Path, call: Call) -> None:
    opened.apply()
    code, _, said = call("-w", "there", "plan", "--out", "p.json")
    assert code == 0, said
    assert call("apply", "p.json")[0] == 0
    for path in (lobby / "manifests").glob("[hd]*.yaml"):
        path.unlink()
    (lobby / ".reconciler" / "there" / "state.json").unlink()
    code, text, said = call("-w", "there", "export", "manifests/found")
    assert code == 0, said
    files = sorted(path.name for path in (lobby / "manifests" / "found").rglob("*.yaml"))
    assert files == ["Door.yaml", "Hello.yaml"], text + said
    with open_project(workspace="there") as other:
        made = other.plan()
        assert all(one.importing for one in made.differences)
        other.apply()
        assert actions(other) == {}


def test_two_workspaces_side_by_side(opened: OpenedProject) -> None:
    opened.apply()
    assert "phrase.hello" in render(opened.compare("there"))


def test_the_command_line_knows_its_words(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("apply", "--auto-approve")[0] == 0
    code, text, _ = call("plan", "--target", "phrase.hello")
    assert code == 0
    assert "No changes" in text
    for words, wanted in (
        (("explain", "bot.volume"), "How loud"),
        (("explain", "G01"), "volume-range"),
        (("explain", "loudness-to-volume"), "volume"),
        (("schema", "--kind", "bot"), '"loudness"'),
        (("state", "list"), "phrase.hello"),
        (("migrate", "--only", "loudness-to-volume"), "+  volume: 7"),
        (("drift",), ""),
        (("models",), ""),
    ):
        code, text, said = call(*words)
        assert code in {0, 2}, said
        assert wanted in text
    code, _, said = call("-w", "real", "plan")
    assert code != 0
    assert "GREETINGS_KEY" in said


def test_keys_of_its_vendor_are_never_shown(call: Call, lobby: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREETINGS_KEY", "a-key-of-greetings-1234")
    (lobby / "manifests" / "hello.yaml").write_text(HELLO.replace("Hello there.", "a-key-of-greetings-1234"))
    _, text, said = call("-w", "real", "plan")
    assert "a-key-of-greetings-1234" not in text + said


def test_both_platforms_in_one_project(lobby: Path) -> None:
    """A workspace of each: what files mean is said by the workspace that is chosen."""
    (lobby / "manifests" / "reconciler.yaml").write_text(PROJECT + "  pals: {provider: {type: simulator}}\n")
    with open_project(workspace="here") as one:
        one.apply()
        assert actions(one) == {}
    with open_project(workspace="pals") as other:
        assert any(one.is_error for one in other.validate())
    with pytest.raises(UsageError, match="platform 'greetings' already"):
        PLATFORMS.add("greetings", "elsewhere:PLATFORM")


def test_a_kind_more_is_a_file_and_a_line(
    opened: OpenedProject, lobby: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is `kinds/bell.py` beside the others, the line its entry in the table."""
    monkeypatch.setattr(KINDS, "_entries", dict(KINDS._entries))
    monkeypatch.setattr(KINDS, "_loaded", dict(KINDS._loaded))
    KINDS.add("bell", "bell:KIND")
    (lobby / "manifests" / "bell.yaml").write_text(
        "apiVersion: personas/v1\nkind: Bell\nmetadata: {name: front}\nspec: {label: Front, bot: {ref: bot.door}}\n"
    )
    assert actions(opened)["bell.front"] is Action.CREATE
    opened.apply()
    assert next(iter(world(lobby)["bell"].values()))["bot"] in world(lobby)["bot"]
    assert actions(opened) == {}
    assert "Bell" in KINDS.by_manifest_kind
    for made_of_all in ("by_manifest_kind", "kinds_by_id_member", "vocabularies", "attached", "bare"):
        monkeypatch.delitem(KINDS.__dict__, made_of_all, raising=False)


def test_a_platform_needs_no_more_than_four_things() -> None:
    bare = Platform(name="bare", package="nowhere", kinds=Kinds("nowhere", {}), providers={"bare": "provider:open"})
    assert (len(bare.rules), len(bare.migrations), bare.vocabularies, bare.catalogue) == (0, 0, (), "")
