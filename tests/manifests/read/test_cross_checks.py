"""Checks over several manifests, without files."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.read.cross_checks import check_claims, check_moves, check_references, references
from reconciler.manifests.tree.problems import Findings
from reconciler.types.address import Address, ResourceRef
from reconciler.types.diagnostic import Source
from reconciler.types.manifest import Manifest, Moved, Removed
from tests.support.manifestfolder import Folder
from tests.support.records import manifest_of


def manifest(
    name: str, spec: dict[str, Any] | None = None, *, kind: str = "persona", id: str | None = None
) -> Manifest:
    return manifest_of(Address(kind, name), spec or {}, {}, Source(f"{name}.yaml", 0, "/spec"), id=id)


def table(*manifests: Manifest) -> dict[Address, Manifest]:
    return {item.address: item for item in manifests}


def check(manifests: dict[Address, Manifest], elsewhere: frozenset[Address] = frozenset()) -> Findings:
    findings = Findings()
    check_references(manifests, list(manifests), lambda: elsewhere, findings)
    return findings


def ref(target: str) -> ResourceRef:
    return ResourceRef(target)


def test_references_are_found_with_their_pointers() -> None:
    spec = {"tools": [ref("tool.a"), "x"], "a/b": {"c": ref("persona.b")}, "d": 1}
    assert list(references(spec)) == [("/tools/0", "tool.a"), ("/a~1b/c", "persona.b")]


def test_references_that_lead_somewhere() -> None:
    assert check(table(manifest("a", {"tools": [ref("tool.t")]}), manifest("t", kind="tool"))).items == []


def test_the_rest_of_the_project_counts() -> None:
    manifests = table(manifest("a", {"tools": [ref("tool.t")]}))
    assert check(manifests, frozenset({Address("tool", "t")})).items == []
    (found,) = check(manifests).items
    assert (found.code, found.pointer) == ("E-ref", "/tools/0")


def test_the_rest_is_read_only_when_needed() -> None:
    def never() -> frozenset[Address]:
        raise AssertionError("read")

    manifests = table(manifest("a", {"greeting": ref("persona.b")}), manifest("b"))
    check_references(manifests, list(manifests), never, Findings())


def test_a_schemas_own_ref_is_not_ours() -> None:
    assert check(table(manifest("a", {"x": {"$ref": "tool.none"}}))).items == []


def test_a_reference_to_the_wrong_kind() -> None:
    manifests = table(manifest("a", {"tools": [ref("persona.b")]}), manifest("b"))
    (found,) = check(manifests).items
    assert "is no tool" in found.summary


@given(st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=3), max_size=8))
def test_a_circle_is_reported_exactly_when_there_is_one(graph: dict[int, list[int]]) -> None:
    nodes = set(graph) | {target for targets in graph.values() for target in targets}
    manifests = table(
        *(manifest(f"n{node}", {"x": [ref(f"persona.n{t}") for t in graph.get(node, [])]}) for node in nodes)
    )
    left = {node: set(graph.get(node, [])) for node in nodes}
    while free := [node for node, targets in left.items() if not targets]:
        for node in free:
            del left[node]
        for targets in left.values():
            targets.difference_update(free)
    found = check(manifests).items
    assert bool(found) == bool(left)
    assert all(item.code == "E-cycle" for item in found)


def test_one_object_has_one_manifest() -> None:
    findings = Findings()
    check_claims(
        table(manifest("a", id="p1"), manifest("b", id="p1"), manifest("c", id="p2"), manifest("d")), findings
    )
    (found,) = findings.items
    assert found.address == Address("persona", "b")
    assert "persona.a" in found.summary


@pytest.mark.parametrize(
    ("moves", "drops", "pointers"),
    [
        ([("x", "a")], ["y"], []),
        ([("a", "x")], [], ["/from"]),
        ([], ["a"], ["/address"]),
        ([("x", "a")], ["x"], ["/address"]),
        ([("x", "a"), ("x", "b")], [], ["/from"]),
    ],
)
def test_what_moved_or_left_is_declared_no_more(
    moves: list[tuple[str, str]], drops: list[str], pointers: list[str]
) -> None:
    findings = Findings()
    check_moves(
        table(manifest("a")),
        [Moved(Address("persona", old), Address("persona", new), Source("m.yaml")) for old, new in moves],
        [Removed(Address("persona", name), Source("m.yaml")) for name in drops],
        findings,
    )
    assert [item.pointer for item in findings.items] == pointers


@pytest.mark.parametrize(
    ("one", "other"),
    [("Desk", "desk"), ("caf\u00e9", "cafe\u0301"), ("A B", "A  B"), ("A B", "A\u00a0B"), ("AB", "A\u200bB")],
)
def test_names_that_look_alike_are_said_with_both_places(folder: Folder, one: str, other: str) -> None:
    folder.persona("first", f'  persona_name: "{one}"\n')
    folder.persona("second", f'  pal_name: "{other}"\n')
    warning = folder.load().warning
    assert (warning.code, str(warning.span)) == ("E-name", "second.yaml:6:13")
    assert "first.yaml:6:17" in warning.summary


def test_addresses_that_look_alike_are_said_once(folder: Folder) -> None:
    folder.write(
        "a.yaml", "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: t}\nspec: {name: t, description: d}\n"
    )
    folder.write(
        "b.yaml", "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: T}\nspec: {name: T, description: d}\n"
    )
    assert "'T'" in folder.load().warning.summary


def test_equal_and_different_names_are_no_lookalikes(folder: Folder) -> None:
    for name, called in (("a", "One"), ("b", "One"), ("c", "Two")):
        folder.persona(name, f"  persona_name: {called}\n")
    folder.persona("d", "  persona_name: {env: NAME}\n")
    assert folder.load().found() == []
