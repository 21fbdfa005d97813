"""Names in the place of ids, for reports that people read; machine formats keep the ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.planning.id_names import document_named, value_named
from reconciler.reporters.redacted import kind_of
from reconciler.types.change import Change
from reconciler.types.plan import DriftItem
from reconciler.types.report import Report


def with_names(report: Report) -> Report:
    """The same report with what the plan knows of names told wherever an id stands for an object."""
    plan = report.plan
    if plan is None or not plan.names:
        return report
    changes = tuple(_change(one, plan.names) for one in plan.changes)
    drift = tuple(_drift(one, plan.names) for one in plan.drift)
    return replace(report, plan=replace(plan, changes=changes, drift=drift))


def _change(change: Change, names: Mapping[str, str]) -> Change:
    spec = kind_of(change.address)
    if spec is None:
        return change
    fields = tuple(
        replace(one, before=value_named(row, one.before, names), after=value_named(row, one.after, names))
        if (row := field_at(spec, one.path)) is not None and row.ref
        else one
        for one in change.fields
    )
    before, after = (document and document_named(spec, document, names) for document in (change.before, change.after))
    return replace(change, fields=fields, before=before, after=after)


def _drift(item: DriftItem, names: Mapping[str, str]) -> DriftItem:
    spec = kind_of(item.address)
    if spec is None:
        return item
    changes = tuple(
        replace(
            one,
            before=value_named(field_at(spec, one.path), one.before, names),
            after=value_named(field_at(spec, one.path), one.after, names),
        )
        for one in item.changes
    )
    return replace(item, changes=changes)
