"""The invariants of the records that flow through the program."""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
from importlib import import_module
from types import ModuleType

import pytest

import reconciler.types
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, PatchOp, Reason
from reconciler.types.diagnostic import Diagnostic, Severity, Source, Span
from reconciler.types.live import Account
from reconciler.types.plan import Plan, Summary
from reconciler.types.report import ApplyResult, StepResult
from reconciler.types.state import Entry, LockInfo
from tests.support.records import change_of

ADDRESS = Address("persona", "x")
BLOCK = Block("deletes", "one deletion", "give --allow-deletes")
MODULES = [import_module(f"reconciler.types.{info.name}") for info in pkgutil.iter_modules(reconciler.types.__path__)]
RECORDS = [
    record
    for module in MODULES
    for _, record in inspect.getmembers(module, inspect.isclass)
    if record.__module__ == module.__name__ and dataclasses.is_dataclass(record)
]


def plan(*changes: Change, **others: object) -> Plan:
    return dataclasses.replace(Plan("sandbox", Account("http://x", "pal"), "l", 0, changes), **others)  # type: ignore[arg-type]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_a_record_is_frozen_and_slotted(record: type) -> None:
    assert record.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(record)
    assert inspect.getdoc(record)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_no_record_shares_a_mutable_default(record: type) -> None:
    for field in dataclasses.fields(record):
        assert not isinstance(field.default, list | dict | set), field.name


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_public_functions_of_the_types_are_documented(module: ModuleType) -> None:
    functions = [value for _, value in inspect.getmembers(module, inspect.isfunction)]
    own = [value for value in functions if value.__module__ == module.__name__ and value.__name__[0] != "_"]
    assert [value.__name__ for value in own if not inspect.getdoc(value)] == []


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (PatchOp("add", "/a", 1), {"op": "add", "path": "/a", "value": 1}),
        (PatchOp("replace", "/a", None), {"op": "replace", "path": "/a", "value": None}),
        (PatchOp("remove", "/a", 1), {"op": "remove", "path": "/a"}),
        (PatchOp("move", "/b", source="/a"), {"op": "move", "from": "/a", "path": "/b"}),
    ],
)
def test_an_operation_has_the_members_of_its_kind(operation: PatchOp, expected: dict[str, object]) -> None:
    assert operation.to_json() == expected


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (change_of(ADDRESS, Action.NOOP), False),
        (change_of(ADDRESS, Action.NOOP, importing="p1"), True),
        (change_of(ADDRESS, Action.NOOP, previous=Address("persona", "old")), True),
        (change_of(ADDRESS, Action.CREATE, Reason.NEW), True),
        (change_of(ADDRESS, Action.FORGET), True),
    ],
)
def test_imports_and_moves_count_as_differences(change: Change, difference: bool) -> None:
    assert change.is_difference is difference
    assert plan(change).differences == ((change,) if difference else ())


def test_one_block_anywhere_stops_the_whole_plan() -> None:
    assert plan().applyable
    assert not plan(blocked=(BLOCK,)).applyable
    blocked = plan(change_of(ADDRESS, Action.DELETE, blocked=(BLOCK,)), change_of(ADDRESS, Action.CREATE))
    assert not blocked.applyable
    assert blocked.all_blocks == (BLOCK,)


@pytest.mark.parametrize(("severity", "applyable"), [(Severity.ERROR, False), (Severity.WARNING, True)])
def test_errors_stop_a_plan_and_warnings_do_not(severity: Severity, applyable: bool) -> None:
    assert plan(diagnostics=(Diagnostic("X", severity, "found"),)).applyable is applyable


def test_changes_are_counted_by_action() -> None:
    many = plan(
        change_of(ADDRESS, Action.CREATE), change_of(ADDRESS, Action.CREATE), change_of(ADDRESS, Action.DELETE)
    )
    assert (many.count(Action.CREATE), many.count(Action.DELETE), many.count(Action.UPDATE)) == (2, 1, 0)


def test_an_empty_summary_ignores_what_did_not_change() -> None:
    assert Summary(unchanged=9, unmanaged=3, not_looked_at=1, incomplete=2).is_empty
    counted = [field.name for field in dataclasses.fields(Summary)]
    for name in set(counted) - {"unchanged", "unmanaged", "not_looked_at", "incomplete"}:
        assert not Summary(**{name: 1}).is_empty, name


def test_outcomes_are_counted() -> None:
    steps = tuple(StepResult(ADDRESS, Action.CREATE, outcome) for outcome in ("done", "done", "failed", "skipped"))
    result = ApplyResult(steps)
    assert [result.count(outcome) for outcome in ("done", "failed", "skipped")] == [2, 1, 1]


def test_what_was_seen_is_what_was_sent_unless_it_differs() -> None:
    entry = Entry("p1", sent={"/a": "1", "/b": "2"}, seen={"/b": "3"})
    assert [entry.seen_at(pointer) for pointer in ("/a", "/b", "/c")] == ["1", "3", None]


def test_a_diagnostic_takes_its_place_and_compares_without_the_fix() -> None:
    found = Diagnostic("L03", Severity.ERROR, "a literal secret", source=Source("a.yaml"))
    placed = found.at(Span("a.yaml", 3, 7))
    assert found.span is None
    assert str(placed.span) == "a.yaml:3:7"
    assert placed.is_error
    assert placed.at(None) == found


def test_a_lock_record_names_the_run_only_where_there_is_one() -> None:
    info = LockInfo("1", "apply", "ada@host", "host", 7, "t0", "t1", "0.1.0")
    assert "Run" not in info.record()
    assert dataclasses.replace(info, run="https://ci/1").record()["Run"] == "https://ci/1"
    assert info.record()["Process"] == "7"
