"""Two ways to one end: drift taken into the files, an export that plans to nothing, a commit for the folder."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from pathlib import Path

from reconciler.api.export import export_into
from reconciler.api.project import OpenedProject
from reconciler.api.session import Sources
from reconciler.engine.export_account import ExportChoice
from reconciler.errors import ReconcilerError
from tests.properties.world import laws, oracle
from tests.properties.world.machine import Gone, Kind, Step, Violated, World
from tests.properties.world.steps_account import target
from tests.properties.world.steps_runs import workspace_of


def propose_accept(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd)
    return at and {"workspace": at[0], "address": at[1]}


def accept(world: World, workspace: str, address: str) -> None:
    """`drift --accept`: the files say what is live, or they are as they were."""
    if address not in world.project.docs or world.project.moves or world.project.removed:
        raise Gone
    world.project.docs[address].shared = False  # what is shared is not written into one manifest
    world.project.write()
    texts, raw = dict(world.project.written), world.wires[workspace].raw()
    project = world.open(workspace)
    try:
        project.accept(address)
    except ReconcilerError:
        world.project.reread()
        if world.project.written != texts:
            raise Violated("a refused accept changed files", address) from None
        return
    if world.wires[workspace].raw() != raw:
        raise Violated("accept wrote to the account", address)
    world.project.reread()
    left = [item for item in world.open(workspace).drift().drift if str(item.address) == address]
    open_ones = [field for item in left for field in item.changes if not field.sensitive and item.reason is None]
    if open_ones:
        raise Violated("accept did not end the drift", open_ones)


def propose_export(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd)}


def export(world: World, workspace: str) -> None:
    """The whole account as manifests: a plan of them only imports, whatever the account holds (B4)."""
    wire = world.wires[workspace]
    account, raw = wire.account(), wire.raw()
    names = [(key[0], body.get(oracle.NAME.get(key[0], "name"))) for key, body in account.items()]
    if not account or len(set(names)) < len(names):
        raise Gone
    world.project.write()
    world.count += 1
    folder = world.folder / f"export{world.count}"
    run = world.open(workspace).session
    export_into(replace(run, sources=Sources(), state_root=world.folder / "nowhere"), folder, ExportChoice())
    if wire.raw() != raw:
        raise Violated("export wrote to the account", workspace)
    variables = dict(world.env) | dict.fromkeys(variables_in(folder), "sk-exported-value")
    fresh = replace(
        run, sources=Sources(paths=(str(folder),)), state_root=world.folder / "nowhere", environ=variables
    )
    try:
        plan = OpenedProject(fresh).plan()
    except ReconcilerError as error:
        found = [one.summary for one in getattr(error, "diagnostics", ())]
        raise Violated("what was exported cannot be planned", f"{error} {found}") from error
    sent = laws.requests_of(plan)
    if sent or plan.summary.added:
        raise Violated("what was exported does not plan to nothing", sent)
    imported = {change.importing for change in plan.changes}
    left = [key for key in account if key[1] not in imported]
    if left:
        raise Violated("export left something out", left)


def variables_in(folder: Path) -> set[str]:
    """Names of the variables that exported manifests ask for."""
    import re

    texts = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
    return {name for text in texts for name in re.findall(r"env: \"?'?([A-Za-z0-9_]+)", text)}


def propose_commit(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd)} if world.project.docs else None


def commit(world: World, workspace: str) -> None:
    """The same plan from the folder and from the commit that holds it (B1)."""
    world.project.write()
    root = world.project.folder
    for words in (["init", "-q"], ["add", "-A", "manifests"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)
    plans, errors = [], []
    for ref in (None, "HEAD"):
        try:
            plans.append(world.open(workspace, ref=ref).plan(allow_deletes=True))
        except ReconcilerError as error:
            errors.append(type(error).__name__)
    if len(errors) == 1 or len(set(errors)) > 1:
        raise Violated("not the same plan: folder and commit", errors)
    if plans:
        laws.same_plans(plans[0], plans[1], "folder and commit")


def propose_select(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd), "team": rnd.choice(["a", "b"])}


def select(world: World, workspace: str, team: str) -> None:
    """`--selector`: only what bears the label, and what that needs, is touched."""
    wanted = world.wanted(workspace)
    chosen = [a for a, one in wanted.items() if one.labels.get("team") == team]
    if not chosen:
        raise Gone
    scope = oracle.closure(chosen, {a: oracle.needs(m.spec) for a, m in wanted.items()})
    outcome = world.apply(
        workspace, selector={"team": team}, allow_deletes=True, allow_mass_change=True, allow_empty=True
    )
    laws.check_secrets(world, outcome)
    laws.check_twins(world, workspace, outcome)
    laws.check_announced(outcome)
    if outcome.plan and not laws.only(scope, outcome.plan):
        raise Violated("a selector let others through", [str(c.address) for c in outcome.plan.changes])
    if outcome.code not in {0, 1, 3} or (outcome.error and outcome.writes):
        raise Violated("a refused run sent something", outcome.writes)
    world.memory[workspace] = world.recalled(workspace)


STEPS = {
    "accept": Kind(3, propose_accept, accept),
    "export": Kind(2, propose_export, export),
    "commit": Kind(1, propose_commit, commit),
    "select": Kind(2, propose_select, select),
}
