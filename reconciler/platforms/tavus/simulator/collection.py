"""What the smaller collections have in common: finding, showing, listing, and JSON Patch over a whole object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from reconciler.platforms.tavus.simulator.call_context import Context
from reconciler.platforms.tavus.simulator.http_types import Refusal, refused, write_json
from reconciler.platforms.tavus.simulator.list_pages import page_bounds
from reconciler.platforms.tavus.simulator.persona_patch import apply_operations
from reconciler.platforms.tavus.simulator.server_json_patch import PatchMalformed, parse_patch
from reconciler.platforms.tavus.simulator.world import Page, is_own
from reconciler.types.json import Object

Show: TypeAlias = Callable[[Context, str, Object], Object]


def find(ctx: Context, kind: str, what: str, *, word: str = "error", write: bool = False) -> Object:
    """The object of the call's id. Raises `Refusal` for none, and for a write to what is not the account's own."""
    body = ctx.world.find(kind, ctx.ids[0])
    if body is None:
        raise Refusal(ctx.mood.unknown_object, {word: f"{what} not found"})
    if write and not is_own(body):
        raise refused(f"Bad Request. This {what.lower()} cannot be modified.", word=word)
    return body


def show(id_word: str, id: str, body: Object) -> Object:
    """The object with its id in front and what only the simulator knows left out."""
    return {id_word: id, **{name: value for name, value in body.items() if not name.startswith("$")}}


def dated(ctx: Context, body: Object) -> Object:
    """A new object's body with its dates."""
    return {**body, "created_at": ctx.now, "updated_at": ctx.now}


def with_defaults(body: Object, defaults: Object) -> Object:
    """Absent and null members take the default."""
    return {**body, **{name: value for name, value in defaults.items() if body.get(name) is None}}


def check_patch(ctx: Context) -> None:
    """422 for a body that is no JSON Patch document."""
    try:
        parse_patch(ctx.body)
    except PatchMalformed:
        raise Refusal(422, {"message": "Invalid JSON patch format"}) from None


def patched(ctx: Context, document: Object, read_only: Sequence[str]) -> Object:
    """The document after the call's operations, read-only members as they were."""
    result = apply_operations(ctx, document, parse_patch(ctx.body))
    if not isinstance(result, dict):
        raise refused("Bad Request. The patched document is not an object.")
    kept = {name: document[name] for name in read_only if name in document}
    return {**{name: value for name, value in result.items() if name not in read_only}, **kept}


def write_items(ctx: Context, chosen: Sequence[tuple[str, Object]], shower: Show) -> tuple[bytes, ...]:
    """The items of one list page as JSON text."""
    return tuple(write_json(shower(ctx, id, body)) for id, body in chosen)


def page_of(
    ctx: Context,
    key: str,
    chosen: Sequence[tuple[str, Object]],
    shower: Show,
    *,
    base: int,
    echo: bool = False,
    newest_first: bool = False,
    total_word: str = "total_count",
) -> Page:
    """One page. `echo` adds `page` and `limit`, as the 0-based collections do; `newest_first` is the default."""
    order = ctx.call.query.get("sort", "desc" if newest_first else "asc")
    first, limit = page_bounds(ctx.call.query, base=base)
    ordered = list(reversed(chosen)) if order.startswith("desc") else chosen
    items = write_items(ctx, ordered[first : first + limit], shower)
    extras = (("page", first // limit + base), ("limit", limit)) if echo else ()
    return Page(key, items, len(chosen), extras, total_word)
