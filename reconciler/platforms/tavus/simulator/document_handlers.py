"""Documents: created by URL, processed at once or by and by, changed by a partial object."""

from __future__ import annotations

from urllib.parse import urlsplit

from reconciler.platforms.tavus.kinds.document import KIND as SPEC
from reconciler.platforms.tavus.simulator.collection import (
    Context,
    Route,
    dated,
    find,
    matches,
    page_of,
    scrub,
    select,
    show,
)
from reconciler.platforms.tavus.simulator.http_types import Refusal, Reply, invalid
from reconciler.platforms.tavus.simulator.schema_check import find_errors, strings, table_errors, text
from reconciler.platforms.tavus.simulator.server_json_patch import same
from reconciler.platforms.tavus.simulator.world import strings_of
from reconciler.types.json import Json, Object

KIND = "documents"


def check_create(ctx: Context) -> None:
    errors = table_errors(SPEC, ctx.object())
    if errors:
        raise invalid(errors)


def check_update(ctx: Context) -> None:
    errors = find_errors(ctx.object(), {"document_name": text(least=1), "tags": strings()})
    if errors:
        raise invalid(errors)


def create(ctx: Context) -> Reply:
    """The answer says `started`; the document is ready by the next read, or so many reads later as the mood says.

    What is to be fetched from a host under `.invalid`, which by convention never exists, ends in an error.
    """
    body = ctx.object()
    url = str(body["document_url"])
    stored = dated(
        ctx,
        {
            "document_name": body.get("document_name") or url.rstrip("/").rpartition("/")[2] or url,
            "document_url": url,
            "status": "ready",
            "progress": None,
            "callback_url": body.get("callback_url") or "",
            "tags": list(strings_of(body.get("tags"))),
            "crawl_config": body.get("crawl"),
            **{name: body[name] for name in ("custom_description", "participant_tags") if name in body},
        },
    )
    if (urlsplit(url).hostname or "").endswith(".invalid"):
        stored |= {"status": "error", "error_message": "file_download_failed"}
    id = ctx.world.mint("d1-")
    ctx.world.put(KIND, id, stored)
    if ctx.mood.document_reads:
        ctx.world.earlier[(KIND, id)] = ({**stored, "status": "processing"}, ctx.mood.document_reads)
    return Reply(ctx.mood.created, {**show("document_id", id, stored), "status": "started"})


def _show(_: Context, id: str, body: Object) -> Object:
    return show("document_id", id, body)


def list_all(ctx: Context) -> Reply:
    query = ctx.call.query
    tags, needle = {tag for tag in query.get("tags", "").split(",") if tag}, query.get("name_or_uuid", "")
    chosen = [
        (id, body)
        for id, body in select(ctx.world, KIND, "user")
        if matches(needle, id, body.get("document_name"))
        and (not tags or tags & set(strings_of(body.get("tags"))))
        and query.get("status", body.get("status")) == body.get("status")
    ]
    return page_of(ctx, KIND, chosen, _show, base=0, echo=True).reply(ctx.mood.list_key)


def get(ctx: Context) -> Reply:
    body = find(ctx, KIND, "Document", word="message")
    busy, left = ctx.world.earlier.pop((KIND, ctx.ids[0]), (body, 0))
    if not left:
        return Reply(200, _show(ctx, ctx.ids[0], body))
    if left > 1:
        ctx.world.earlier[(KIND, ctx.ids[0])] = (busy, left - 1)
    return Reply(200, {**_show(ctx, ctx.ids[0], busy), "progress": 100 - 100 * left // (left + 1)})


def update(ctx: Context) -> Reply:
    """Only the name and the tags; tags are overwritten."""
    id, before = ctx.ids[0], find(ctx, KIND, "Document", word="message", write=True)
    given = {name: value for name, value in ctx.object().items() if name in ("document_name", "tags")}
    after: Object = {**before, **{name: [] if value is None else value for name, value in given.items()}}
    if not same(before, after):
        after["updated_at"] = ctx.now
        ctx.world.put(KIND, id, after)
    return Reply(200, _show(ctx, id, after))


def delete(ctx: Context) -> Reply:
    find(ctx, KIND, "Document", word="message", write=True)
    ctx.world.drop(KIND, ctx.ids[0])
    scrub(ctx.world, ("document_ids",), ctx.ids[0])
    return Reply(204)


def recrawl(ctx: Context) -> Reply:
    body = find(ctx, KIND, "Document", word="message", write=True)
    if not isinstance(body.get("crawl_config"), dict):
        raise Refusal(409, {"error": "Document is not in a state that can be recrawled"})
    return Reply(202, {**_show(ctx, ctx.ids[0], body), "status": "recrawling"})


def list_tags(ctx: Context) -> Reply:
    tags: dict[str, list[Json]] = {}
    for id, body in ctx.world.own(KIND):
        for tag in strings_of(body.get("tags")):
            tags.setdefault(tag, []).append(id)
    found: list[Json] = [{"tag": tag, "document_ids": ids} for tag, ids in tags.items()]
    return Reply(200, {"tags": found, "total_count": len(found)})


def list_chunks(ctx: Context) -> Reply:
    find(ctx, KIND, "Document", word="message")
    return Reply(200, {"data": [], "next_offset": None})


ROUTES = (
    Route("POST", "/documents", create, check_create),
    Route("GET", "/documents", list_all),
    Route("GET", "/documents/tags", list_tags),
    Route("GET", "/documents/*", get),
    Route("PATCH", "/documents/*", update, check_update),
    Route("DELETE", "/documents/*", delete),
    Route("POST", "/documents/*/recrawl", recrawl),
    Route("GET", "/documents/*/chunks", list_chunks),
)
