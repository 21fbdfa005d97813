"""The laws that hold for every run: about the plan, the requests, the account and what is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from reconciler.api.render import render
from reconciler.core.planning.plan_file import dump_plan
from reconciler.errors import ReconcilerError
from reconciler.types.plan import Plan
from tests.properties.world import oracle
from tests.properties.world.machine import Outcome, Violated, World
from tests.properties.world.trees import leaves

UNKNOWN = re.compile(r"\{([a-z_]+\.[^{}/]*)\}")


def check_as_judged(
    world: World, workspace: str, outcome: Outcome, verdict: oracle.Verdict, memory: dict[str, oracle.Entry],
    *, wanted: dict[str, oracle.Manifest] | None = None,
) -> None:  # fmt: skip
    """The run did what the oracle says, the state remembers it, and everything else holds too."""
    if outcome.code != verdict.code:
        said = outcome.error or [s for s in outcome.result.steps if s.outcome != "done"] if outcome.result else ""
        why = verdict.blocked or verdict.refused
        raise Violated(
            f"exit {outcome.code}, must be {verdict.code}",
            f"{why} / {outcome.error!r} {said} "
            f"{[b.rule for b in outcome.plan.all_blocks] if outcome.plan else ''} "
            f"{[d.summary for d in getattr(outcome.error, 'diagnostics', ())]}",
        )
    check_secrets(world, outcome)
    if verdict.code:
        if outcome.writes:
            raise Violated("a refused run sent something", outcome.writes)
        return
    made = world.ids(workspace)
    born = {e.address: made.get(e.address, "") for e in verdict.effects if e.action == "create"}
    for text in oracle.faults(outcome.before, outcome.after, verdict, born):
        raise Violated("the account is not as it must be", text)
    check_announced(outcome)
    check_twins(world, workspace, outcome)
    world.memory[workspace] = oracle.remember(memory, wanted or world.wanted(workspace), verdict, born, world.env)
    check_state(world, workspace)
    serial = world.open(workspace).state.read().serial
    kept = (serial, outcome.after, dict(world.memory[workspace]), world.strangers)
    world.moments.setdefault(workspace, []).append(kept)


def check_state(world: World, workspace: str) -> None:
    """The state knows exactly what the oracle remembers (D6)."""
    known = {address: entry.id for address, entry in world.memory[workspace].items()}
    if world.ids(workspace) != known:
        raise Violated("the state is not as it must be", f"{world.ids(workspace)} != {known}")


def check_quiet(world: World, workspace: str, **flags: object) -> None:
    """After an apply: the plan is empty, a second apply sends nothing, and the account stays as it is."""
    flags["allow_empty"] = True
    plan = world.plan(workspace, **flags)
    observed = {address for address, one in world.wanted(workspace).items() if one.observe}
    left = [c for c in plan.differences if str(c.address) not in observed]
    if left or any(change.requests for change in plan.changes):
        raise Violated("the plan after an apply is not empty", [(str(c.address), c.action, c.fields) for c in left])
    if [item for item in plan.drift if str(item.address) not in observed]:
        raise Violated("the plan after an apply shows drift", plan.drift)
    raw = world.wires[workspace].raw()
    again = world.apply(workspace, **flags)
    if again.writes or again.code or world.wires[workspace].raw() != raw:
        raise Violated("a second apply did something", (again.writes, again.error))


def check_announced(outcome: Outcome, *, broken: bool = False) -> None:
    """Every write stands in the plan's list of requests, and nothing else was sent (F5, 13.17)."""
    if outcome.plan is None:
        return
    told: list[object] = []
    listed = [(r.method, shape(r.path)) for change in outcome.plan.changes for r in change.requests]
    for sent in outcome.writes:
        key = (sent.method, sent.path)
        match = next((one for one in listed if one[0] == sent.method and re.fullmatch(one[1], sent.path)), None)
        if match is None and broken and (key, sent.body) in told:
            continue  # sent again after an answer that was lost
        if match is None:
            raise Violated("a write that the plan did not list", (key, sent.body, listed))
        listed.remove(match)
        told.append((key, sent.body))


def shape(path: str) -> str:
    """A pattern for the path of a planned request: ids that are not known yet are anything."""
    return "[^/]+".join(re.escape(part) for part in UNKNOWN.split(path)[::2]).rstrip("/") + "/?"


def check_twins(world: World, workspace: str, outcome: Outcome) -> None:
    """No second object of one kind and name by our doing, unless two manifests want just that."""

    def named(account: oracle.Account) -> list[tuple[str, str]]:
        return [(key[0], str(body.get(oracle.NAME.get(key[0], "name")))) for key, body in account.items()]

    before, after = named(outcome.before), named(outcome.after)
    meant = [(one.kind, one.name) for one in world.wanted(workspace).values()]
    for one in set(after):
        if after.count(one) > max(1, before.count(one), meant.count(one)):
            raise Violated("a twin", one)


def check_secrets(world: World, outcome: Outcome) -> None:
    """No value of a secret in the state, its history, the plan, or anything that is shown."""
    texts: list[tuple[str, str]] = [("output", text) for text in outcome.shown]
    if outcome.plan is not None:
        texts += [(name, render(outcome.plan, name, result=outcome.result)) for name in ("text", "json")]
        try:
            texts.append(("plan file", dump_plan(outcome.plan).decode()))
        except ReconcilerError as error:
            texts.append(("error", str(error)))
    if outcome.error is not None:
        found = getattr(outcome.error, "diagnostics", ())
        texts.append(("error", f"{outcome.error} {outcome.error.hint} {found}"))
    folder = world.project.folder / ".reconciler"
    texts += [(p.name, p.read_text("utf-8", "replace")) for p in folder.rglob("*") if p.is_file()]
    for where, text in texts:
        for secret in world.secrets:
            if secret in text:
                raise Violated("a secret is shown", f"{secret} in {where}")


def tools_of(account: oracle.Account) -> dict[str, set[str]]:
    """Persona id -> names of the tools that it has, inline and attached."""
    names = {id: str(body.get("name")) for (kind, id), body in account.items() if kind == "tool"}
    found: dict[str, set[str]] = {}
    for (kind, id), body in account.items():
        if kind == "persona":
            inline = [pointer for pointer, _ in leaves(body.get("layers", {}), "/layers") if "tools/" in pointer]
            attached = body.get("tools")
            found[id] = {names[one] for one in attached if one in names} if isinstance(attached, list) else set()
            found[id] |= {pointer.rpartition("/")[2] for pointer in inline}
    return found


def effects_of(account: oracle.Account) -> dict[str, set[str]]:
    """Persona id -> all that takes effect in a conversation: texts, tools and guardrails, wherever they stand."""
    said = {id: _tool(body) for (kind, id), body in account.items() if kind == "tool"}
    rails = {id: [str(body.get("guardrail_prompt"))] for (kind, id), body in account.items() if kind == "guardrail"}
    for (kind, id), body in account.items():
        if kind == "guardrail_set":
            rails[id] = [str(value) for pointer, value in leaves(body) if pointer.endswith("/guardrail_prompt")]
    found: dict[str, set[str]] = {}
    for (kind, id), body in account.items():
        if kind == "persona":
            inline = [str(value) for pointer, value in leaves(body) if "tools/" in pointer]
            texts = [words(value) for pointer, value in leaves(body) if "tools/" not in pointer]
            attached, ids = body.get("tools"), [*(body.get("guardrail_ids") or []), body.get("guardrails_id")]
            found[id] = {f"text {token}" for text in texts for token in TOKEN.findall(text)}
            found[id] |= {f"tool {_tool(json.loads(value))}" for value in inline}
            found[id] |= (
                {f"tool {said[one]}" for one in attached if one in said} if isinstance(attached, list) else set()
            )
            found[id] |= {f"guardrail {text}" for one in ids if one in rails for text in rails[one]}
    return found


def words(value: object) -> str:
    """All texts of a value, as they are."""
    return " ".join(map(words, value)) if isinstance(value, list) else str(value)


def _tool(body: Mapping[str, object]) -> str:
    return f"{body.get('name')}: {body.get('description')} {json.dumps(body.get('parameters'), sort_keys=True)}"


TOKEN = re.compile(r"\btext\d+\b")


def check_conserved(before: dict[str, set[str]], after: dict[str, set[str]], why: str) -> None:
    """Nothing that took effect is lost."""
    for id, things in before.items():
        lost = things - after.get(id, set())
        if lost:
            raise Violated(f"lost: {why}", f"{id}: {sorted(lost)}")


def requests_of(plan: Plan) -> list[object]:
    """What a plan would send, comparable between two plans."""
    return [
        (r.method, r.path, json.dumps(r.body, sort_keys=True, default=repr)) for c in plan.changes for r in c.requests
    ]


def same_plans(one: Plan, other: Plan, why: str) -> None:
    """Two ways to the same plan."""
    if requests_of(one) != requests_of(other):
        raise Violated(f"not the same plan: {why}", f"{requests_of(one)} != {requests_of(other)}")


def only(addresses: Iterable[str], plan: Plan) -> bool:
    """Whether a plan touches nothing but these."""
    return {str(change.address) for change in plan.changes if change.requests} <= set(addresses)
