"""What a pull request writes one behind the other, as long as it likes, costs steps in proportion to its length."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType

import pytest

from reconciler.core.canonical.references import resources_of
from reconciler.core.planning.desired import follow_moves
from reconciler.core.planning.run_scope import include_dependencies, select_scope
from reconciler.core.planning.usage import Usage, Use, keep_used
from reconciler.core.resource_diff.resource_plan import Matching
from reconciler.manifests.read.cross_checks import check_moves, check_references
from reconciler.manifests.read.unselected_manifests import referred
from reconciler.manifests.tree import problems
from reconciler.manifests.tree.problems import MOST_COMPARED, Findings
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import Address, ResourceRef
from reconciler.types.change import Action, Change, Request
from reconciler.types.diagnostic import Source
from reconciler.types.manifest import Manifest, ManifestSet, Moved, Removed
from reconciler.types.options import PlanOptions
from reconciler.types.state import State
from tests.support.making import SALT, at, entry, manifest

SHORT, LONG = 40, 160


def steps(work: Callable[[], object]) -> int:
    """How many instructions of the interpreter `work` takes."""
    taken = 0

    def count(frame: FrameType, event: str, _: object) -> object:
        nonlocal taken
        frame.f_trace_opcodes = True
        taken += event == "opcode"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return taken


def persona(number: int) -> Address:
    return at(f"persona.p{number}")


def chain(length: int) -> list[Manifest]:
    """Each refers to the next one."""
    return [
        manifest(str(persona(one)), {"greeting": ResourceRef(str(persona(one + 1)))} if one + 1 < length else {},
                 labels={"team": "x"})
        for one in range(length)
    ]  # fmt: skip


def held(length: int) -> State:
    """Each was applied with the next one, and gives way to it."""
    return State("lineage", 3, "test", {
        persona(one): replace(entry(f"id{one}", refs=(str(persona(one + 1)),)), gives_way_to=persona(one + 1))
        for one in range(length)
    }, salt=SALT)  # fmt: skip


def moves(pairs: Sequence[tuple[int, int]]) -> Callable[[], object]:
    source = Source("moves.yaml")
    documents = tuple(Moved(persona(before), persona(after), source) for before, after in pairs)
    given, state = ManifestSet(moved=documents), held(len(pairs))

    def work() -> None:
        check_moves({}, documents, [Removed(one.before, source) for one in documents], Findings())
        follow_moves(given, state)

    return work


def scope(length: int, **options: object) -> Callable[[], object]:
    resources, state = resources_of(chain(length)), held(length)
    return lambda: select_scope(resources, state, PlanOptions(**options), None)  # type: ignore[arg-type]


def beside(length: int) -> Callable[[], object]:
    resources = resources_of(chain(length))
    chosen = select_scope(resources, State("lineage"), PlanOptions(), None)
    return lambda: include_dependencies(chosen, resources, [persona(0)], Matching())


def rest(length: int) -> Callable[[], object]:
    ours = {persona(one): manifest(str(persona(one)), {"tools": [f"t{one}"]}) for one in range(length)}
    return lambda: referred(ours, dict, lambda draft: pytest.fail(str(draft)), KINDS)


def destroy(length: int) -> Callable[[], object]:
    """Each is used by the next one, and the last by somebody who stays."""
    persona_kind = KINDS.get("persona")
    changes = [
        Change(
            persona(one),
            persona_kind,
            Action.DELETE,
            id=f"id{one}",
            requests=(Request("DELETE", "/x", persona(one)),),
        )
        for one in range(length)
    ]
    uses = {("persona", f"id{one}"): [Use(("persona", f"id{one + 1}"), "/x_id")] for one in range(length)}
    usage = Usage(uses, {}, {}, {("persona", f"id{one + 1}"): persona_kind for one in range(length)})

    def work() -> None:
        left, kept = keep_used(changes, usage, destroy=True)
        assert (left, len(kept)) == ([], length)

    return work


def references(length: int, last: int) -> Callable[[], object]:
    """All refer to the next and to the first one, the last to the one at `last`."""
    known = {one.address: one for one in chain(length)}
    known[persona(length - 1)] = manifest(str(persona(length - 1)), {"greeting": ResourceRef(str(persona(last)))})
    return lambda: check_references(known, list(known), frozenset, Findings())


WORK: dict[str, Callable[[int], Callable[[], object]]] = {
    "moves": lambda n: moves([(one, one + 1) for one in range(n)]),
    "moves, the last first": lambda n: moves([(one, one + 1) for one in reversed(range(n))]),
    "moves in a circle": lambda n: moves([(one, (one + 1) % n) for one in range(n)]),
    "moves into a circle": lambda n: moves([(one, min(one + 1, n - 2)) for one in range(n)]),
    "moves to one": lambda n: moves([(one, n) for one in range(n)]),
    "targets": lambda n: scope(n, targets=tuple(map(persona, range(n)))),
    "excludes": lambda n: scope(n, excludes=tuple(map(persona, range(n)))),
    "selector": lambda n: scope(n, selector={"team": "x"}),
    "selector of destroy": lambda n: scope(n, selector={"team": "x"}, destroy=True),
    "targets of destroy": lambda n: scope(n, targets=tuple(map(persona, range(n))), destroy=True),
    "the rest of the project": beside,
    "names of the rest": rest,
    "uses": destroy,
    "references": lambda n: references(n, n - 1),
    "references in a circle": lambda n: references(n, 0),
}


@pytest.mark.parametrize("name", WORK)
def test_four_times_as_long_is_four_times_as_much(name: str) -> None:
    steps(WORK[name](SHORT))  # what is made once
    assert steps(WORK[name](LONG)) < 1.5 * LONG / SHORT * steps(WORK[name](SHORT))


@pytest.mark.parametrize("length", [2, 12, 13, 500])
def test_a_circle_is_told_in_a_line(length: int) -> None:
    source = Source("moves.yaml")
    circle = tuple(Moved(persona(one), persona((one + 1) % length), source) for one in range(length))
    (found,) = follow_moves(ManifestSet(moved=circle), held(length)).problems
    assert found.summary.startswith("moves go round in a circle: persona.p0 -> persona.p1 -> ")
    assert found.summary.endswith("-> persona.p0")
    assert len(found.summary) < 300
    assert ("more)" in found.summary) == (length > 12)


def test_names_that_are_close_are_looked_for_so_many_times(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def close(word: str, names: Sequence[str], n: int, cutoff: float) -> list[str]:
        nonlocal compared
        compared += len(names)
        return ["persona.near"]

    monkeypatch.setattr(problems, "get_close_matches", close)
    many = 1_000
    lost = [manifest(str(persona(one)), {"greeting": ResourceRef(f"persona.lost{one}")}) for one in range(many)]
    findings = Findings()
    check_references({one.address: one for one in lost}, [one.address for one in lost], frozenset, findings)
    assert len(findings.items) == many
    assert {one.hint for one in findings.items[:50]} == {"did you mean 'persona.near'?"}
    assert MOST_COMPARED // 2 < compared <= MOST_COMPARED + many
