"""What every account finds there: stock PALs, system tools, faces and voices, and how faces and voices are read."""

from __future__ import annotations

from reconciler.platforms.tavus.simulator.collection import Context, Route, find, page_of, select, show
from reconciler.platforms.tavus.simulator.http_types import Reply
from reconciler.platforms.tavus.simulator.world import TYPE, World
from reconciler.types.json import Json, Object

BORN = "2026-01-05T10:00:00.000000Z"


def _pal(name: str, prompt: str, face: str, owner: str) -> Object:
    return {
        TYPE: owner,
        "pal_name": name,
        "system_prompt": prompt,
        "default_face_id": face,
        "layers": {"llm": {"model": "tavus-glm-4.7"}, "perception": {"perception_model": "raven-1"}},
        "created_at": BORN,
        "updated_at": BORN,
    }


PALS: dict[str, Object] = {
    "p5317866": _pal("Interview Coach", "You lead a practice interview.", "r5dc7c7d0bcb", "system"),
    "pd43ffef": _pal("Sales Coach", "You train a seller.", "r9fa0878977a", "system"),
    "p0rphan00": _pal("Retired Guide", "You once guided visitors.", "r5dc7c7d0bcb", "orphan"),
}


def _tool(name: str, description: str) -> Object:
    return {
        TYPE: "system",
        "name": name,
        "description": description,
        "parameters": {"type": "object", "properties": {}},
        "trigger_type": "in_call",
        "origin": "llm",
        "on_call": "silent",
        "on_resolve": "fire_and_forget",
        "static_filler": None,
        "delivery": {"app_message": True},
        "tags": [],
        "created_at": BORN.removesuffix("Z"),
        "updated_at": BORN.removesuffix("Z"),
    }


TOOLS: dict[str, Object] = {
    "end_call": _tool("end_call", "End the conversation."),
    "go_to_sleep": _tool("go_to_sleep", "Stop listening until the wake phrase."),
}
FACES: dict[str, Object] = {
    id: {
        TYPE: "system",
        "face_name": name,
        "status": "completed",
        "training_progress": "100/100",
        "model_name": model,
        "default_voice_id": voice,
        "thumbnail_video_url": f"https://cdn.example.com/{id}.mp4",
        "created_at": BORN,
        "updated_at": BORN,
    }
    for id, name, model, voice in (
        ("r5dc7c7d0bcb", "Anna", "phoenix-4", "v1a2b3c4d5e6"),
        ("r9fa0878977a", "Nathan", "phoenix-4", "v6e5d4c3b2a1"),
        ("r90bbd427f71", "Gloria", "phoenix-3", "v1a2b3c4d5e6"),
        ("rf4e9d9790f0", "Charlie", "phoenix-3", "v6e5d4c3b2a1"),
        ("rfe12d8b9597", "Rose", "phoenix-3", "v1a2b3c4d5e6"),
    )
}
VOICES: dict[str, Object] = {
    id: {TYPE: "system", "voice_name": name, "face_id": face, "audio_url": f"https://cdn.example.com/{id}.mp3"}
    for id, name, face in (
        ("v1a2b3c4d5e6", "Anna", "r5dc7c7d0bcb"),
        ("v6e5d4c3b2a1", "Nathan", "r9fa0878977a"),
    )
}


def new_world(salt: str) -> World:
    """An account as it is on its first day. `salt` decides ids, owner and digests."""
    world = World(salt, "")
    world.owner_id = world.mint("u")
    stock: dict[str, dict[str, Object]] = {"pals": PALS, "tools": TOOLS, "faces": FACES, "voices": VOICES}
    for kind, objects in stock.items():
        for id, body in objects.items():
            world.put(kind, id, _copy(body))
    return world


def _copy(body: Object) -> Object:
    def copy(value: Json) -> Json:
        return {name: copy(item) for name, item in value.items()} if isinstance(value, dict) else value

    return {name: copy(value) for name, value in body.items()}


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
