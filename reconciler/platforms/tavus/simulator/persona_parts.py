"""Sub resources of a persona: attached registry tools, and skills."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds.persona import KIND
from reconciler.platforms.tavus.simulator import persona_handlers, tool_handlers
from reconciler.platforms.tavus.simulator.collection import Context, Route
from reconciler.platforms.tavus.simulator.http_types import Reply, invalid, refused, write_json
from reconciler.platforms.tavus.simulator.schema_check import MISSING, find_errors, require, strings, table_errors
from reconciler.platforms.tavus.simulator.world import SKILLS, is_own, strings_of
from reconciler.types.json import Json, Object

MOST = 50
SKILL_NAMES = ("magic_canvas", "presentation", "internet_search", "memory")


def check_attach(ctx: Context) -> None:
    body = ctx.object()
    errors = find_errors(body, {"tool_ids": strings(MOST)}, never_null=("tool_ids",))
    require(body, errors, "tool_ids")
    if not errors and not body["tool_ids"]:
        errors["tool_ids"] = [f"Length must be between 1 and {MOST}."]
    if errors:
        raise invalid(errors)


def list_tools(ctx: Context) -> Reply:
    body = persona_handlers.find(ctx)
    return _tools(ctx, strings_of(body.get("tool_ids")))


def _tools(ctx: Context, ids: list[str]) -> Reply:
    found = ((id, ctx.world.find(tool_handlers.KIND, id)) for id in ids)
    texts = [tool_handlers.written(ctx, id, tool) for id, tool in found if tool is not None]
    return Reply(200, b'{"data":[' + b",".join(texts) + b"]}")


def attach(ctx: Context) -> Reply:
    """Idempotent: tools that are attached already count as attached."""
    body = persona_handlers.find_own(ctx)
    wanted = list(dict.fromkeys(strings_of(ctx.object().get("tool_ids"))))
    for id in wanted:
        tool = ctx.world.find(tool_handlers.KIND, id)
        if tool is None or not is_own(tool):
            raise refused(f"Bad Request. Invalid tool_id {id}")
    before = strings_of(body.get("tool_ids"))
    after = list(dict.fromkeys([*before, *wanted]))
    if len(after) > MOST:
        raise refused(f"Bad Request. At most {MOST} tools can be attached to a PAL.")
    if after != before:
        _store(ctx, body, after)
    return _tools(ctx, wanted)


def _store(ctx: Context, body: Object, ids: list[str]) -> None:
    changed: Object = {**body, "tool_ids": list(ids)}
    if ctx.mood.attach_touches:
        changed["updated_at"] = ctx.now
    ctx.world.put(persona_handlers.KIND, ctx.ids[0], changed)


def detach(ctx: Context) -> Reply:
    """Not idempotent: what is not attached, whatever the reason, is 400."""
    body = ctx.world.find(persona_handlers.KIND, ctx.ids[0])
    attached = strings_of(body.get("tool_ids")) if body is not None else []
    if body is None or not is_own(body) or ctx.ids[1] not in attached:
        raise refused("Bad Request. Tool not attached to this PAL")
    _store(ctx, body, [id for id in attached if id != ctx.ids[1]])
    return Reply(204)


def _skills(body: Object) -> Object:
    skills = body.get(SKILLS)
    return dict(skills) if isinstance(skills, dict) else {}


def _config(ctx: Context) -> Object:
    config = ctx.object().get("config", {})
    if not isinstance(config, dict):
        raise invalid({"config": ["Not a valid mapping type."]})
    return config


def _check_config(id: str, config: Json) -> None:
    errors = table_errors(KIND, {"skills": {id: config}}, whole=False)
    if not errors and id == "presentation" and isinstance(config, dict) and not config.get("document_ids"):
        errors = {"document_ids": [MISSING]}
    if errors:
        raise invalid(errors)


def _check_skill(id: str) -> None:
    if id not in SKILL_NAMES:
        raise refused(f"Bad Request. Unknown skill {id}")


def _entry(ctx: Context, id: str, config: Json, old: Json) -> Object:
    attached = old.get("attached_at") if isinstance(old, dict) else None
    return {"skill_id": id, "config": config, "attached_at": attached or ctx.now, "updated_at": ctx.now}


def list_skills(ctx: Context) -> Reply:
    return Reply(200, {"data": _skills(persona_handlers.find(ctx))})


def get_skill(ctx: Context) -> Reply:
    skill = _skills(persona_handlers.find(ctx)).get(ctx.ids[1])
    if skill is None:
        raise refused("Bad Request. Skill not attached to this PAL")
    return Reply(200, skill)


def put_skill(ctx: Context) -> Reply:
    """Attach or overwrite (PUT), or merge one level deep with null removing a member (PATCH)."""
    body, id = persona_handlers.find_own(ctx), ctx.ids[1]
    _check_skill(id)
    skills = _skills(body)
    old, config = skills.get(id), _config(ctx)
    if ctx.call.method == "PATCH":
        if not isinstance(old, dict):
            raise refused("Bad Request. Skill not attached to this PAL")
        before = old.get("config")
        merged = {**before, **config} if isinstance(before, dict) else config
        config = {name: value for name, value in merged.items() if value is not None}
    _check_config(id, config)
    skills[id] = _entry(ctx, id, config, old)
    ctx.world.put(persona_handlers.KIND, ctx.ids[0], {**body, SKILLS: skills})
    return Reply(200, skills[id])


def delete_skill(ctx: Context) -> Reply:
    body, skills = persona_handlers.find_own(ctx), _skills(persona_handlers.find_own(ctx))
    if skills.pop(ctx.ids[1], None) is None:
        raise refused("Bad Request. Skill not attached to this PAL")
    ctx.world.put(persona_handlers.KIND, ctx.ids[0], {**body, SKILLS: skills})
    return Reply(204)


def replace_skills(ctx: Context) -> Reply:
    """The whole set at once; skills that are not named are detached."""
    body = persona_handlers.find_own(ctx)
    wanted = ctx.object().get("skills")
    if not isinstance(wanted, dict):
        raise invalid({"skills": ["Not a valid mapping type."]})
    old, skills = _skills(body), dict[str, Json]()
    for id, config in wanted.items():
        _check_skill(id)
        _check_config(id, config)
        skills[id] = _entry(ctx, id, config if config is not None else {}, old.get(id))
    ctx.world.put(persona_handlers.KIND, ctx.ids[0], {**body, SKILLS: skills})
    return Reply(200, {"data": skills})


def list_known_skills(_: Context) -> Reply:
    items = tuple(write_json({"skill_id": name, "name": name}) for name in SKILL_NAMES)
    return Reply(200, b'{"data":[' + b",".join(items) + b"]}")


def get_known_skill(ctx: Context) -> Reply:
    _check_skill(ctx.ids[0])
    return Reply(200, {"skill_id": ctx.ids[0], "name": ctx.ids[0]})


ROUTES = (
    Route("GET", "/{P}/*/tools", list_tools),
    Route("POST", "/{P}/*/tools", attach, check_attach),
    Route("DELETE", "/{P}/*/tools/*", detach),
    Route("GET", "/{P}/*/skills", list_skills),
    Route("PUT", "/{P}/*/skills", replace_skills),
    Route("GET", "/{P}/*/skills/*", get_skill),
    Route("PUT", "/{P}/*/skills/*", put_skill),
    Route("PATCH", "/{P}/*/skills/*", put_skill),
    Route("DELETE", "/{P}/*/skills/*", delete_skill),
    Route("GET", "/skills", list_known_skills),
    Route("GET", "/skills/*", get_known_skill),
)
