"""The front door: everything together, garbage included."""

from __future__ import annotations

import contextlib
import gc
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import UsageError
from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.manifests.tree.problems import suggest
from reconciler.types.diagnostic import Severity
from tests.support.manifestfolder import Folder
from tests.support.projects import load_project

TOOL = "apiVersion: personas/v1\nkind: Tool\nmetadata: {{name: {name}}}\nspec: {{name: {name}, description: d}}\n"


def test_an_empty_folder(folder: Folder) -> None:
    loaded = folder.load()
    assert loaded.set.manifests == ()
    assert loaded.found() == []


def test_an_unknown_workspace(folder: Folder) -> None:
    with pytest.raises(UsageError, match="sandbox"):
        load_manifests(load_project(folder.root), "nothing")


def test_two_manifests_with_one_address_name_both_places(folder: Folder) -> None:
    folder.persona("same", path="a.yaml")
    folder.persona("same", path="b/c.yaml")
    found = folder.load().error
    assert (found.code, str(found.span)) == ("E-duplicate", "b/c.yaml:4:9")
    assert "a.yaml:4:9" in found.summary


def test_two_manifests_that_claim_one_object(folder: Folder) -> None:
    folder.persona("a", head="  id: p1\n")
    folder.persona("b", head="  id: p1\n")
    found = folder.load().error
    assert found.code == "E-id"
    assert "persona.a" in found.summary


def test_equal_ids_of_two_kinds_are_two_objects(folder: Folder) -> None:
    folder.persona("a", head="  id: x1\n")
    folder.write("t.yaml", TOOL.format(name="t").replace("{name: t}\n", "{name: t, id: x1}\n"))
    assert folder.load().errors == []


def test_references_in_a_circle(folder: Folder) -> None:
    for name, target in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")):
        folder.persona(name, f"  greeting: {{ref: persona.{target}}}\n")
    found = folder.load().error
    assert found.code == "E-cycle"
    assert "persona.a -> persona.b -> persona.c -> persona.a" in found.summary


def test_a_manifest_that_refers_to_itself(folder: Folder) -> None:
    assert folder.one("  greeting: {ref: persona.p}\n").codes == ["E-cycle"]


def test_a_long_chain_of_references_is_no_circle(folder: Folder) -> None:
    for number in range(300):
        folder.persona(f"n{number}", f"  greeting: {{ref: persona.n{number + 1}}}\n")
    folder.persona("n300")
    assert folder.load().errors == []


def test_tools_twice(folder: Folder) -> None:
    found = folder.one("  tools: [a]\n  tool_ids: [t1]\n").error
    assert (found.code, str(found.span)) == ("E-tools", "p.yaml:7:13")
    assert folder.one("  tools: [a]\n  tool_ids: [a]\n").codes == ["E-tools"]
    assert folder.one("  tool_ids: [t1]\n").errors == []


def test_two_spellings_that_disagree(folder: Folder) -> None:
    found = folder.one("  persona_name: A\n  pal_name: B\n").error
    assert found.pointer == "/pal_name"
    assert "two spellings" in found.summary
    assert folder.one("  persona_name: A\n  pal_name: A\n").spec == {"pal_name": "A"}


def test_server_fields_leave_with_a_warning(folder: Folder) -> None:
    loaded = folder.one("  persona_id: p1\n  persona_name: A\n  created_at: now\n")
    assert loaded.spec == {"pal_name": "A"}
    assert [str(item.span) for item in loaded.found(Severity.WARNING)] == ["p.yaml:6:15", "p.yaml:8:15"]


def test_unknown_fields_pass_with_a_warning(folder: Folder) -> None:
    loaded = folder.one("  sytem_prompt: x\n")
    assert loaded.spec == {"sytem_prompt": "x"}
    assert (loaded.warning.code, str(loaded.warning.span)) == ("L18", "p.yaml:6:17")
    assert "system_prompt" in (loaded.warning.hint or "")


def test_the_off_trap(folder: Folder) -> None:
    loaded = folder.one("  layers:\n    perception: {perception_model: off}\n")
    assert loaded.spec == {"layers": {"perception": {"perception_model": "off"}}}
    assert (loaded.warning.code, str(loaded.warning.span)) == ("E-yaml11", "p.yaml:7:36")


def test_a_part_may_refer_to_the_rest(folder: Folder) -> None:
    folder.persona("p", "  tools: [{ref: tool.there}]\n", path="a/p.yaml")
    folder.persona("q", "  tools: [{ref: tool.nowhere}]\n", path="a/q.yaml")
    folder.write("b/t.yaml", TOOL.format(name="there"))
    folder.write("b/broken.yaml", "a: [\n")
    assert folder.load(paths=["a"]).at() == ["a/q.yaml:6:11 E-ref"]


def test_an_id_by_workspace(folder: Folder) -> None:
    folder.persona("a", head="  id: {sandbox: p1, tavus: p2}\n")
    folder.persona("b", head="  id: {tavus: p3}\n")
    assert [item.id for item in folder.load("sandbox").set.manifests] == ["p1", None]
    assert [item.id for item in folder.load("tavus").set.manifests] == ["p2", "p3"]


def test_one_id_for_several_workspaces_is_warned_of(folder: Folder) -> None:
    folder.write(
        "reconciler.yaml",
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n"
        "workspaces: {a: {provider: {type: simulator}}, b: {provider: {type: tavus}}}\n",
    )
    folder.persona("p", head="  id: p1\n")
    loaded = folder.load()
    assert loaded["persona.p"].id == "p1"
    assert loaded.warning.code == "E-id"


def test_the_digest_covers_every_file_that_was_read(folder: Folder) -> None:
    folder.persona("a", "  system_prompt: {file: a.txt}\n")
    folder.write("a.txt", "one")
    first = folder.load().set.inputs_digest
    assert folder.load().set.inputs_digest == first
    folder.write("unrelated.txt", "x")
    assert folder.load().set.inputs_digest == first
    folder.write("a.txt", "two")
    second = folder.load().set.inputs_digest
    folder.write("a.txt", "one")
    (folder.root / "a.yaml").rename(folder.root / "b.yaml")
    assert len({first, second, folder.load().set.inputs_digest}) == 3


def test_the_same_files_give_the_same_set(folder: Folder) -> None:
    for number in range(20):
        folder.persona(f"n{number}", path=f"{number % 3}/n{number}.yaml")
    assert folder.load().set == folder.load().set


def test_line_ends_and_marks_change_nothing(folder: Folder) -> None:
    folder.persona("p", "  system_prompt: |\n    one\n    two\n  greeting: 'a\n\n    b'\n")
    text = (folder.root / "p.yaml").read_text()
    spec = folder.load().spec
    for data in (text.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        folder.write("p.yaml", data)
        assert folder.load().spec == spec


def test_the_collector_is_as_it_was(folder: Folder) -> None:
    folder.persona("a")
    folder.load()
    assert gc.isenabled()
    gc.disable()
    try:
        folder.load()
        assert not gc.isenabled()
    finally:
        gc.enable()


PIECES = st.sampled_from(
    [
        b"apiVersion: personas/v1\n",
        b"kind: Persona\n",
        b"metadata: {name: a}\n",
        b"spec:\n",
        b"  layers: {llm: {api_key: x}}\n",
        b"  system_prompt: {file: a.yaml}\n",
        b"  tools: [{ref: tool.x}]\n",
        b"---\n",
        b"kind: Moved\n",
        b"from: persona.a\n",
        b"lifecycle: {ignore: [1]}\n",
        b"&a [*a]\n",
        b"<<: *a\n",
        b'{"layers": {"llm": ',
        b'"data": [',
        b"null",
        b"off\n",
        b"literal: ",
        b"{literal: {env: A}}",
        b"join: [",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\r\n",
        *(bytes([byte]) for byte in b"{}[]\xff\x00\t'-?:~/ \n"),
    ]
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES | st.binary(max_size=6), max_size=14), st.sampled_from(["yaml", "json", "md"]))
def test_any_bytes_give_a_set_or_diagnostics(tmp_path: Path, pieces: list[bytes], suffix: str) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    (tmp_path / f"a.{suffix}").write_bytes(b"".join(pieces))
    with contextlib.suppress(UsageError):
        loaded = Folder(tmp_path.resolve()).load()
        for item in loaded.errors:
            assert item.span is not None
            assert item.summary


@pytest.mark.parametrize("suffix", ["yaml", "json", "md"])
def test_binary_garbage(folder: Folder, suffix: str) -> None:
    source = random.Random(7)
    for number in range(60):
        folder.write(f"g{number}.{suffix}", source.randbytes(source.randrange(1, 400)))
    for item in folder.load().errors:
        assert item.span is not None


def test_damaged_manifests(folder: Folder) -> None:
    """Every truncation, and a random byte at every place, of a real manifest."""
    folder.persona("p", "  system_prompt: |\n    Hi\n  layers:\n    llm: {model: a, headers: {X: {env: Y}}}\n")
    data = (folder.root / "p.yaml").read_bytes()
    source = random.Random(11)
    for cut in range(0, len(data), 3):
        folder.write("p.yaml", data[:cut])
        folder.load()
        folder.write("p.yaml", data[:cut] + source.randbytes(1) + data[cut + 1 :])
        folder.load()


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("parallelizm", ["parallelism"], "did you mean 'parallelism'?"),
        ("guardrailset", ["GuardrailSet"], "did you mean 'GuardrailSet'?"),
        ("max-change", ["max_change"], "did you mean 'max_change'?"),
        ("xyz", ["parallelism"], None),
        ("same", ["same"], "did you mean 'same'?"),
    ],
)
def test_suggestions(word: str, known: list[str], hint: str | None) -> None:
    assert suggest(word, known) == hint
