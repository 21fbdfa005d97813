"""Objectives: sets of steps that refer to each other by name."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from reconciler.platforms.tavus.kinds.objectives import KIND as KIND_SPEC
from reconciler.platforms.tavus.simulator.collection import (
    Context,
    Route,
    dated,
    find,
    matches,
    page_of,
    patched,
    scrub,
    select,
    show,
    with_defaults,
)
from reconciler.platforms.tavus.simulator.http_types import Refusal, Reply, refused
from reconciler.platforms.tavus.simulator.schema_check import table_errors
from reconciler.platforms.tavus.simulator.server_json_patch import PatchMalformed, parse_patch, same
from reconciler.types.json import Json, Object

KIND = "objectives"
READ_ONLY = ("objectives_id", "status", "created_at", "updated_at", "owner_id")
DEFAULTS: Object = {"confirmation_mode": "auto", "output_variables": [], "modality": "verbal", "callback_url": ""}


def _bad(reason: object) -> Refusal:
    return refused(f"Bad Request. {reason}", word="message")


def check_set(body: Json) -> list[Object]:
    """The steps of a set, checked one by one and together. Raises `Refusal` (400, `message`)."""
    if not isinstance(body, dict):
        raise _bad({"_schema": ["Invalid input type."]})
    errors = table_errors(KIND_SPEC, body)
    if errors:
        raise _bad(errors)
    data = body["data"]
    steps = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    _check_flow(steps, allow_loops=body.get("allow_loops") is True)
    return steps


def _next(step: Object) -> list[str]:
    required, conditional = step.get("next_required_objective"), step.get("next_conditional_objectives")
    return [
        *([required] if isinstance(required, str) else []),
        *(conditional if isinstance(conditional, dict) else ()),
    ]


def _check_flow(steps: list[Object], *, allow_loops: bool) -> None:
    names = [str(step["objective_name"]) for step in steps]
    follow = dict(zip(names, map(_next, steps), strict=True))
    if len(follow) != len(names):
        raise _bad("objective_name must be unique within the set.")
    for step in steps:
        if step.get("next_required_objective") and step.get("next_conditional_objectives"):
            raise _bad("An objective has either next_required_objective or next_conditional_objectives.")
    for name, targets in follow.items():
        for target in targets:
            if target == name and allow_loops:
                raise _bad(f"Objective '{name}' cannot reference itself.")
            if target not in follow:
                raise _bad(f"Objective '{name}' refers to unknown objective '{target}'.")
    if allow_loops:
        return
    try:
        TopologicalSorter(follow).prepare()
    except CycleError:
        raise _bad("The objectives contain a cycle.") from None
    roots = set(names) - {target for targets in follow.values() for target in targets}
    if len(roots) != 1:
        raise _bad("The objectives must have exactly one root.")


def check_create(ctx: Context) -> None:
    check_set(ctx.body)


def check_patch(ctx: Context) -> None:
    """400 here, where other collections say 422."""
    try:
        parse_patch(ctx.body)
    except PatchMalformed:
        raise refused("Invalid patch operation") from None


def _stored(body: Object, steps: list[Object]) -> Object:
    kept = {name: value for name, value in body.items() if name not in READ_ONLY and not name.startswith("$")}
    data: list[Json] = [
        {name: value for name, value in with_defaults(step, DEFAULTS).items() if value is not None} for step in steps
    ]
    return {**kept, "data": data, "allow_loops": body.get("allow_loops") is True}


def create(ctx: Context) -> Reply:
    body = ctx.object()
    id = ctx.world.mint("o")
    stored = dated(ctx, {**_stored(body, check_set(body)), "status": "active"})
    ctx.world.put(KIND, id, stored)
    name = stored.get("name") or _first_name(stored)
    answer: Object = {"objectives_id": id, "objective_name": name, "status": "active", "created_at": ctx.now}
    return Reply(ctx.mood.created, answer)


def _first_name(body: Object) -> Json:
    data = body.get("data")
    first = data[0] if isinstance(data, list) and data else None
    return first.get("objective_name") if isinstance(first, dict) else None


def _show(_: Context, id: str, body: Object) -> Object:
    return show("objectives_id", id, body)


def list_all(ctx: Context) -> Reply:
    needle = ctx.call.query.get("name_or_uuid", "")
    wanted = ctx.call.query.get("type") or "user"
    chosen = [item for item in select(ctx.world, KIND, wanted) if matches(needle, item[0], item[1].get("name"))]
    item = _summary if ctx.mood.items == "summary" else _show
    return page_of(ctx, KIND, chosen, item, base=1).reply(ctx.mood.list_key)


def _summary(ctx: Context, id: str, body: Object) -> Object:
    return {name: value for name, value in _show(ctx, id, body).items() if name != "data"}


def get(ctx: Context) -> Reply:
    answer = _show(ctx, ctx.ids[0], find(ctx, KIND, "Objective"))
    return Reply(200, {"data": answer} if ctx.mood.get == "wrapped" else answer)


def patch(ctx: Context) -> Reply:
    id, before = ctx.ids[0], find(ctx, KIND, "Objective", write=True)
    document = _show(ctx, id, before)
    after = patched(ctx, document, READ_ONLY)
    stored: Object = {
        **_stored(after, check_set(after)),
        **{name: before[name] for name in READ_ONLY if name in before},
    }
    if same(before, stored):
        return Reply(304)
    ctx.world.put(KIND, id, {**stored, "updated_at": ctx.now})
    return Reply(200, {"message": "Objective updated successfully"})


def delete(ctx: Context) -> Reply:
    """What the real API does to personas that use the set is not known; here they lose it."""
    find(ctx, KIND, "Objective", write=True)
    ctx.world.drop(KIND, ctx.ids[0])
    scrub(ctx.world, ("objectives_id",), ctx.ids[0])
    return Reply(204)


def validate(_: Context) -> Reply:
    """A dry run: the check has been made already."""
    return Reply(200, {"valid": True})


ROUTES = (
    Route("POST", "/objectives", create, check_create),
    Route("POST", "/objectives/validate", validate, check_create),
    Route("GET", "/objectives", list_all),
    Route("GET", "/objectives/*", get),
    Route("PATCH", "/objectives/*", patch, check_patch),
    Route("DELETE", "/objectives/*", delete),
)
