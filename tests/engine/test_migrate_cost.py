"""What a migration reads and writes, as counts: linear in the manifests, in one file as in many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reconciler.core.migration import Finding
from reconciler.engine.migrate import run_migrations as engine
from reconciler.errors import ReconcilerError
from reconciler.manifests.edit import editable_text
from reconciler.manifests.edit.editable_file import EditableFile
from reconciler.manifests.read import envelope
from reconciler.platforms.tavus.migrations import MIGRATIONS
from reconciler.types.manifest import SetValue
from tests.bench.migrating import in_many_files, in_one_file, in_one_list
from tests.support.migrating import Project, one


class Counting:
    """Characters that were parsed or laid out, how often a whole file was, and how often files were put together."""

    def __init__(self) -> None:
        self.characters: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()
        self.written: Counter[str] = Counter()


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch, project: Project) -> Iterator[Counting]:
    found = Counting()
    lengths = {path: len(data) for path, data in project.files.items()}
    parse, layout, data = envelope.parse_yaml, editable_text.yaml_layout, EditableFile.data
    part = editable_text.json_part

    def parsed(text, path, findings):  # type: ignore[no-untyped-def]
        found.characters["parsed"] += len(text)
        found.whole[path] += len(text) >= lengths.get(path, 1 << 30) // 2
        return parse(text, path, findings)

    def laid_out(text):  # type: ignore[no-untyped-def]
        found.characters["laid out"] += len(text)
        return layout(text)

    def part_laid_out(text, at):  # type: ignore[no-untyped-def]
        found.characters["laid out"] += len(text)
        return part(text, at)

    def written(self):  # type: ignore[no-untyped-def]
        found.written[self.path] += 1
        return data(self)

    with monkeypatch.context() as patch:
        patch.setattr(envelope, "parse_yaml", parsed)
        patch.setattr(editable_text, "yaml_layout", laid_out)
        patch.setattr(editable_text, "json_part", part_laid_out)
        patch.setattr(EditableFile, "data", written)
        yield found


def test_one_file_is_parsed_twice_and_put_together_once(monkeypatch: pytest.MonkeyPatch) -> None:
    project = in_one_file(60)
    with counting(monkeypatch, project) as found:
        project.migrate()
    assert found.whole["all.yaml"] == 2, "read, and proven before it is given back"
    assert found.written["all.yaml"] == 1


def test_the_work_is_linear_and_the_same_in_one_file_as_in_many(monkeypatch: pytest.MonkeyPatch) -> None:
    work = {}
    for name, project in {
        "60": in_one_file(60), "240": in_one_file(240), "240 files": in_many_files(240),
    }.items():  # fmt: skip
        with counting(monkeypatch, project) as found:
            project.migrate()
        work[name] = sum(found.characters.values())
    assert work["240"] < 4.5 * work["60"]
    assert work["240"] < 2 * work["240 files"]


@pytest.mark.parametrize("path", ["all.yaml", "data.yaml", "all.json"])
def test_a_list_of_bodies_is_no_dearer(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    work = []
    for count in (20, 80):
        with counting(monkeypatch, project := in_one_list(count, path)) as found:
            project.migrate()
        assert found.whole[path] <= 2 and found.written[path] == 1
        work.append(sum(found.characters.values()))
        assert "function" not in project.text(path)
    assert work[1] < 4.5 * work[0]


def test_every_manifest_is_migrated_and_every_tool_is_attached() -> None:
    project = in_one_file(60)
    result = project.migrate()
    assert "type: function" not in project.text("all.yaml")
    made = {path.rpartition("/")[2].removesuffix(".yaml") for path in project.files if path.startswith("tools/")}
    assert made == {f"tool_{number}" for number in range(20)}
    assert all(f"[{name}]" in project.text("all.yaml") for name in made)
    assert result.manifests == 60
    assert project.migrate().files == ()


@pytest.mark.parametrize("several", [False, True])
def test_migrations_that_undo_each_other_are_an_error_that_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, several: bool
) -> None:
    def flip(old: str, new: str):  # type: ignore[no-untyped-def]
        def find(subject, context):  # type: ignore[no-untyped-def]
            if subject.spec["greeting"] in (old, old if several else new):
                word = new if subject.spec["greeting"] == old else old
                yield Finding(("/greeting",), "flips", "why", (SetValue("/greeting", word),))

        return replace(MIGRATIONS.get("M01"), find=find)

    restless = (flip("a", "b"), flip("b", "a")) if several else (flip("a", "b"),)
    monkeypatch.setattr("tests.support.migrating.choose_migrations", lambda *_: restless)
    monkeypatch.setattr(engine, "STEPS", 5)
    monkeypatch.setattr(engine, "ROUNDS", 5)
    project = one("pal_name: A\ngreeting: a\n")
    before = dict(project.files)
    with pytest.raises(ReconcilerError, match="nothing was written"):
        project.migrate()
    assert project.files == before
