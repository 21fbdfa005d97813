"""Off what is deprecated, in the files or live first: nothing that took effect is lost, both ways meet (A1-A6)."""

from __future__ import annotations

import json
import random
from typing import Any

from reconciler.errors import ReconcilerError
from tests.properties.world import laws, oracle
from tests.properties.world.machine import Gone, Kind, Step, Violated, World
from tests.properties.world.project import WORKSPACES
from tests.properties.world.steps_files import INLINE, doc, inline, pick, put, text

FLAGS = {"allow_deletes": True, "allow_mass_change": True, "allow_empty": True}
ANSWERS = {
    "context-into-system-prompt": ("append", "prepend", "keep"), "guardrail-set-split": ("split", "keep"),
    "perception-field-names": ("rename", "both", "old", "keep"), "raven-0-to-raven-1": ("yes", "keep"),
    "misplaced-keys": ("move", "remove", "keep"), "vqa-to-perception": ("query", "raven-1", "off", "keep"),
    "perception-tool-prompt-removed": ("visual", "audio", "both", "keep"), "turn-detection-model": ("yes", "keep"),
    "stt-turn-taking-to-conversational-flow": ("definition", "guide", "remove", "keep"),
    "tts-engine-and-model": ("yes", "sonic-3", "keep"), "model-successor": ("yes", "tavus-gpt-oss", "keep"),
    "stt-engine": ("yes", "keep"), "inline-tool-dedupe": ("odd-inline", "common", "rename", "keep"),
    "inline-tool-create": ("keep",), "vocabulary-persona-to-pal": ("keep",), "inline-tool-swap": ("keep",),
}  # fmt: skip


def propose_outdated(world: World, rnd: random.Random) -> Step | None:
    """Something deprecated in a persona, often what another persona has as well."""
    address = pick(world, rnd, "persona")
    if address is None:
        return None
    said = rnd.choice([text(world), "text0", "text0"])
    tools = [inline(name, said) for name in rnd.sample(["look", "find"], rnd.randint(1, 2))]
    rails = [a for a in world.project.docs if a.startswith("guardrail_set.")]
    values: dict[str, Any] = {
        "/context": said, INLINE[0]: tools, INLINE[1]: tools, INLINE[2]: tools,
        "/layers/perception/ambient_awareness_queries": [said],
        "/layers/vqa/enable_vision": "false", "/layers/stt/participant_pause_sensitivity": "high",
        "/layers/vqa": {"enable_vision": True, "prompt": said}, "/layers/stt/stt_engine": "tavus-advanced",
        "/layers/perception/tool_prompt": said, "/layers/perception/perception_tool_prompt": said,
        "/layers/perception/perception_model": "raven-0",
        "/layers/conversational_flow/turn_detection_model": "sparrow-0",
        "/layers/stt/participant_interrupt_sensitivity": "low",
        "/layers/stt/smart_turn_detection": rnd.random() < 0.5,
        "/layers/llm/model": "tavus-gpt-4o", "/layers/llm/temperature": 0.3,
        "/layers/tts/tts_model_name": "sonic",
        "/layers/llm/extra_body/top_p": 0.5, "/layers/perception/audio_tools": tools,
    }  # fmt: skip
    if rails:
        values["/guardrails_id"] = {"ref": rnd.choice(rails)}
    pointer = rnd.choice(list(values))
    return {"address": address, "pointer": pointer, "value": values[pointer], "over": rnd.random() < 0.15}


def outdated(world: World, address: str, pointer: str, value: Any, over: bool) -> None:
    from tests.properties.world.steps_files import alive

    found = doc(world, address)
    spec = world.project.overlays.setdefault(address, {"spec": {}})["spec"] if over else found.spec
    put(spec, pointer, alive(value, world))


def propose_answer(world: World, rnd: random.Random) -> Step | None:
    name = rnd.choice(list(ANSWERS))
    one = pick(world, rnd, "persona") if rnd.random() < 0.3 else None
    return {"name": name, "answer": rnd.choice(ANSWERS[name]), **({"address": one} if one else {})}


def answer(world: World, name: str, answer: str, address: str = "*") -> None:
    """A question of a migration is answered in the project file, for all or for one persona."""
    held = world.project.answers.get(name, {})
    world.project.answers[name] = {**({"*": held} if isinstance(held, str) else held), address: answer}


def propose_migrate(world: World, rnd: random.Random) -> Step | None:
    return {"live": rnd.random() < 0.5} if pick(world, rnd, "persona") else None


def migrate(world: World, live: bool) -> None:
    """From a settled project off what is deprecated; `live`: `apply --migrate` before the files are rewritten."""
    for workspace in WORKSPACES:
        settle(world, workspace)
    before = {workspace: laws.effects_of(world.wires[workspace].account()) for workspace in WORKSPACES}
    twin = world.fork()
    first, second = (twin, world) if live else (world, twin)
    # Base files change only where that fits every workspace, a live run looks at its own (A1): with overlays the two
    # ways may part, and only conservation holds.
    alike = not world.project.overlays
    rewrite(first)
    codes = {workspace: first.apply(workspace, **FLAGS).code for workspace in WORKSPACES}
    for workspace in WORKSPACES:
        ahead = second.apply(workspace, migrate=True, **FLAGS)
        laws.check_secrets(second, ahead)
        laws.check_announced(ahead)
        if ahead.code == 0:
            laws.check_conserved(before[workspace], laws.effects_of(ahead.after), "live migration")
        one, other = (facts(side.wires[workspace].account()) for side in (first, second))
        if alike and (ahead.code != codes[workspace] or one != other):
            why = f"{codes[workspace]}, {ahead.code} {ahead.error}: {differences(one, other)}"
            raise Violated("files then apply is not apply --migrate", why)
    rewrite(second)
    for side in (first, second):
        for workspace in WORKSPACES:
            code = codes[workspace] if alike else side.apply(workspace, **FLAGS).code
            if code == 0:
                after = laws.effects_of(side.wires[workspace].account())
                laws.check_conserved(before[workspace], after, "migration")
                side.memory[workspace] = side.recalled(workspace)
                laws.check_quiet(side, workspace, **FLAGS)


def settle(world: World, workspace: str) -> None:
    """Apply what the files say. Raises `Gone` where that is refused."""
    account = world.wires[workspace].account()
    memory, verdict = world.judge(workspace, account, oracle.Run(deletes=True, mass=True))
    if verdict.code or not world.wanted(workspace):
        raise Gone
    outcome = world.apply(workspace, **FLAGS)
    laws.check_as_judged(world, workspace, outcome, verdict, memory)


def rewrite(world: World) -> None:
    """`migrate --write`, which leaves nothing to do, and writes what every reader reads the same."""
    world.project.write()
    project = world.open(WORKSPACES[0])
    before = {one.key for one in project.validate() if one.is_error}  # and stays so where a question is open
    project.migrate(write=True)
    again = project.migrate(write=True)
    if again.files:
        raise Violated("migrate twice is not once", [(one.path, one.after.decode()) for one in again.files])
    world.project.reread()
    try:
        findings = project.validate()
    except ReconcilerError as error:
        raise Violated("migrate wrote what cannot be read", error) from error
    wrong = [one for one in findings if one.is_error and one.key not in before]
    if wrong:
        raise Violated("migrate wrote what is not valid", wrong)


def facts(account: oracle.Account) -> list[str]:
    """An account without its ids, so that two of the same history can be compared."""
    names = {id: f"<{kind} {body.get(oracle.NAME.get(kind, 'name'))}>" for (kind, id), body in account.items()}

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        if isinstance(value, list):
            items = [plain(inner) for inner in value]
            return sorted(items, key=str) if all(isinstance(one, str) for one in items) else items
        return names.get(value, value) if isinstance(value, str) else value

    return sorted(f"{key[0]} {json.dumps(plain(body), sort_keys=True)}" for key, body in account.items())


def differences(one: list[str], other: list[str]) -> tuple[list[str], list[str]]:
    """What only one of two accounts holds."""
    return [item for item in one if item not in other], [item for item in other if item not in one]


STEPS = {
    "outdated": Kind(10, propose_outdated, outdated),
    "answer": Kind(3, propose_answer, answer),
    "migrate": Kind(6, propose_migrate, migrate),
}
