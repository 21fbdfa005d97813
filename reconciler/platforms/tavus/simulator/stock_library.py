"""Faces (formerly replicas) and voices: the vendor's library, read only here."""

from __future__ import annotations

from reconciler.platforms.tavus.simulator.call_context import Context, Route
from reconciler.platforms.tavus.simulator.collection import find, page_of, show
from reconciler.platforms.tavus.simulator.http_types import Reply
from reconciler.platforms.tavus.simulator.list_pages import select
from reconciler.platforms.tavus.simulator.world import TYPE
from reconciler.types.json import Object


def _show_face(ctx: Context, id: str, body: Object) -> Object:
    answer = show("face_id", id, body)
    if ctx.call.flag("verbose"):
        answer["face_type"] = body.get(TYPE, "user")
    if ctx.vocabulary == "persona":
        return {name.replace("face_", "replica_", 1): value for name, value in answer.items()}
    return answer


def _show_voice(_: Context, id: str, body: Object) -> Object:
    return show("voice_id", id, body)


def list_faces(ctx: Context) -> Reply:
    word = "replica" if ctx.vocabulary == "persona" else "face"
    wanted = ctx.call.query.get(f"{word}_type") or "all"
    ids = {id for id in ctx.call.query.get(f"{word}_ids", "").split(",") if id}
    chosen = [item for item in select(ctx.world, "faces", wanted) if not ids or item[0] in ids]
    return page_of(ctx, f"{word}s", chosen, _show_face, base=1).reply(ctx.mood.list_key)


def get_face(ctx: Context) -> Reply:
    return Reply(200, _show_face(ctx, ctx.ids[0], find(ctx, "faces", "Replica", word="message")))


def list_voices(ctx: Context) -> Reply:
    chosen = select(ctx.world, "voices", "all")
    return page_of(ctx, "voices", chosen, _show_voice, base=1, echo=True).reply(ctx.mood.list_key)


ROUTES = (
    Route("GET", "/{F}", list_faces),
    Route("GET", "/{F}/*", get_face),
    Route("GET", "/voices", list_voices),
)
