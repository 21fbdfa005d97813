"""`reconciler state mv | rm | push | migrate | unlock | rollback`: repairs, and the way back to an earlier apply."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import command
from reconciler.cli.flags import OUT_MODE, approval, options_for, options_of
from reconciler.cli.global_options import ADDRESS, DURATION, SELECTOR
from reconciler.cli.settings import Settings
from reconciler.errors import UsageError
from reconciler.types.json import number_in

if TYPE_CHECKING:
    from reconciler.engine.state.state_operations import StateAccess
    from reconciler.types.address import Address
    from reconciler.types.json import Json, Object

WAIT = click.option(
    "--lock-timeout", type=DURATION, default=0.0, metavar="DURATION", help="Wait this long for a lock, e.g. 30s."
)


@command("mv", examples="\nreconciler state mv persona.claims persona.claims-desk\n")
@click.argument("before", type=ADDRESS, metavar="ADDR")
@click.argument("after", type=ADDRESS, metavar="NEW_ADDR")
@WAIT
def mv(settings: Settings, before: Address, after: Address, lock_timeout: float) -> int:
    """Rename an address; neither the account nor the manifests are touched.

    A `kind: Moved` document does the same for everybody who applies the manifests.
    """
    from reconciler.cli.output import write
    from reconciler.engine.state.state_operations import move_entry

    with access(settings, lock_timeout) as state:
        moved = move_entry(state, before, after)
    write(f"{before} is now {moved.address} ({moved.id})\n")
    return 0


@command("rm", examples="\nreconciler state rm tool.lookup_policy persona.claims\n")
@click.argument("addresses", type=ADDRESS, nargs=-1, required=True, metavar="ADDR...")
@WAIT
def rm(settings: Settings, addresses: tuple[Address, ...], lock_timeout: float) -> int:
    """Forget addresses; the live objects stay as they are. All of them, or none.

    With its manifest still there, the next plan would import the object again. A `kind: Removed` document forgets
    for everybody who applies the manifests.
    """
    from reconciler.cli.output import write
    from reconciler.engine.state.state_operations import remove_entries

    with access(settings, lock_timeout) as state:
        forgotten = remove_entries(state, addresses)
    for gone in forgotten:
        write(f"forgot {gone.address} ({gone.id or 'never created'})\n")
    return 0


@command("push", examples="\nreconciler state push errored.state.json\n")
@click.argument("file", metavar="FILE")
@click.option("--force", is_flag=True, help="Also over a newer state, or one of another lineage.")
@WAIT
def push(settings: Settings, file: str, force: bool, lock_timeout: float) -> int:
    """Put a state document in place, for example the one that a run could not save."""
    from reconciler.api.paths import read_file
    from reconciler.cli.output import write
    from reconciler.core.planning.plan_file import looks_like_plan
    from reconciler.engine.state.state_operations import push_state

    data = read_file(file)
    if looks_like_plan(data):
        raise UsageError(f"{file} is a saved plan, no state document", hint=f"reconciler apply {file} carries it out")
    with access(settings, lock_timeout) as state:
        stored = push_state(state, data, force=force)
    write(f"stored serial {stored.serial} with {len(stored.resources)} resources\n")
    return 0


@command("unlock", examples="\nreconciler state unlock\n")
def unlock(settings: Settings) -> int:
    """Free the lock if its holder is dead or its lease is over; otherwise say who holds it (exit code 4)."""
    from reconciler.cli.output import write
    from reconciler.engine.state.state_operations import unlock as free

    with access(settings, 0.0) as state:
        free(state)
    write("The state is not locked.\n")
    return 0


@command("force-unlock", examples="\nreconciler state force-unlock 4f0c8b1e-2d5a\n")
@click.argument("lock_id", metavar="LOCK_ID")
def force_unlock(settings: Settings, lock_id: str) -> int:
    """Free the lock with this id, whoever holds it. Be sure that its holder is not at work any more."""
    from reconciler.api.connect import open_backend
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import write
    from reconciler.engine.state.state_operations import force_unlock as break_lock

    with closing(open_backend(open_session(settings))) as backend:
        break_lock(backend, lock_id)
    write(f"Freed lock {lock_id}.\n")
    return 0


def access(settings: Settings, lock_timeout: float) -> AbstractContextManager[StateAccess]:
    """The state of the run's workspace, to be written."""
    from reconciler.api.state import access as access_of
    from reconciler.cli.composition import open_session

    return access_of(open_session(settings), lock_timeout)


MIGRATE_EXAMPLES = """
reconciler state migrate --to http --set address=https://states.example/claims --set token=env:STATE_TOKEN
reconciler state migrate --to s3 --set bucket=our-states --set region=eu-central-1
reconciler state migrate --to postgres --set dsn=env:STATE_DSN
reconciler state migrate --to local
reconciler state migrate --to-workspace shared
reconciler state migrate --from-project old-name
"""


@command("migrate", examples=MIGRATE_EXAMPLES)
@click.option("--to", "backend", metavar="BACKEND", help="The backend to copy into: local, http, postgres, s3.")
@click.option(
    "--set", "pairs", type=SELECTOR, multiple=True, metavar="KEY=VALUE",
    help="A setting of that backend; env:NAME for the value of a variable. Any number.",
)  # fmt: skip
@click.option("--to-workspace", "other", metavar="NAME", help="The workspace whose backend to copy into.")
@click.option(
    "--from-project", "former", metavar="NAME", help="What the project was called before: take its state along."
)
@click.option("--force", is_flag=True, help="Also over a newer state, or one of another lineage.")
@WAIT
def migrate(
    settings: Settings,
    backend: str | None,
    pairs: tuple[tuple[str, str], ...],
    other: str | None,
    former: str | None,
    force: bool,
    lock_timeout: float,
) -> int:
    """Copy the state of the workspace into another backend; both are locked meanwhile, the old copy stays.

    Afterwards put the new place into the project file: until then every command goes on with the old one. With
    --from-project the state of a project that was renamed becomes that of this one, and nothing else is to be done.
    """
    from reconciler.api.connect import open_backend
    from reconciler.api.state import access as access_of
    from reconciler.api.state import with_backend
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import write
    from reconciler.engine.state.state_operations import migrate_state
    from reconciler.errors import UsageError

    if sum(one is not None for one in (backend, other, former)) != 1 or (pairs and backend is None):
        raise UsageError(
            "say where to: --to BACKEND (with --set KEY=VALUE) or --to-workspace NAME; or --from-project NAME",
            hint="reconciler state migrate --to http --set address=https://states.example/claims",
        )
    session = open_session(settings)
    if former is not None:
        from reconciler.api.state import take_name

        stored = take_name(session, former, lock_timeout)
        with closing(open_backend(session)) as store:
            place = store.describe()
        write(f"Serial {stored.serial} in {place} is now that of project {stored.project}.\n")
        return 0
    target = (
        session.in_workspace(other) if other is not None else with_backend(session, backend or "", _settings(pairs))
    )
    with access_of(session, lock_timeout) as source, access_of(target, lock_timeout) as goal:
        stored = migrate_state(source, goal, force=force)
        before, after = source.backend.describe(), goal.backend.describe()
    count = len(stored.resources)
    noun = "resource" if count == 1 else "resources"
    write(f"Serial {stored.serial} with {count} {noun} is now in {after}.\n")
    write(f"The copy in {before} stays, and is no longer looked at once the project file says\n")
    if other is None:
        write(f"  state: {_line(backend or '', _settings(pairs))}\n")
        write(f"for workspace {session.workspace.name}.\n")
    else:
        write(f"so: from now on use -w {other}.\n")
    return 0


def _settings(pairs: tuple[tuple[str, str], ...]) -> Object:
    """The settings as they would stand in the project file: references, numbers, true and false."""
    return {key: _value(text) for key, text in pairs}


def _value(text: str) -> Json:
    for kind in ("env", "file"):
        if text.startswith(f"{kind}:"):
            return {kind: text.removeprefix(f"{kind}:")}
    if text in {"true", "false"}:
        return text == "true"
    number = number_in(text)
    return text if number is None else number


def _line(type: str, settings: Object) -> str:
    """The mapping in one line of YAML (JSON is YAML)."""
    import json

    return json.dumps({"backend": type, **settings}, ensure_ascii=False)


ROLLBACK_EXAMPLES = """
reconciler state history                       the serials to go back to
reconciler state rollback 12                   plan, show, ask, carry out
reconciler state rollback 12 --out back.plan   keep the plan; `reconciler apply back.plan` carries it out
reconciler state rollback 12 --target persona.claims-desk --auto-approve
"""


@command("rollback", examples=ROLLBACK_EXAMPLES)
@click.argument("serial", type=click.IntRange(min=0))
@click.option("--out", metavar="FILE", help="Change nothing: keep the plan, so that apply carries out exactly this.")
@OUT_MODE
@click.option("--detailed-exitcode", is_flag=True, help="With --out: exit with 2 when there are differences.")
@approval("state rollback")
@options_for("state rollback")
def rollback(
    settings: Settings,
    serial: int,
    out: str | None,
    out_mode: int,
    detailed_exitcode: bool,
    auto_approve: bool,
    force_maker: bool,
    lock_timeout: float,
    **flags: Any,
) -> int:
    """Go back to the moment right after the apply of SERIAL: a plan like any other, reviewed and applied.

    Puts back what runs have written since, and nothing else. Inline tools return before registry tools are detached;
    deleted objects are made again; personas made since are deletes (blocked without --allow-deletes); tools and other
    shared objects made since stay as orphans. The manifests in git are then ahead: take them back, too.
    """
    from reconciler.cli.output import reporting

    options = options_of(**flags, record=True)
    with reporting("rollback", settings):
        if out is not None:
            return keep_plan(settings, serial, options, out, out_mode, detailed_exitcode)
        return carry_out(settings, serial, options, auto_approve, force_maker, lock_timeout)


def keep_plan(settings: Settings, serial: int, options: Any, out: str, out_mode: int, detailed_exitcode: bool) -> int:
    """Make the plan with a client that cannot write, show it and keep it."""
    from reconciler.api.state import plan_rollback_now
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import deliver
    from reconciler.cli.plan import save_plan
    from reconciler.types.report import Report

    session = open_session(settings)
    made = plan_rollback_now(session, serial, options).plan
    differs = bool(made.differences or made.all_blocks)
    code = exit_codes.DIFFERENCES if detailed_exitcode and differs else exit_codes.DONE
    notes = (save_plan(made, out, session, out_mode),)
    return deliver(Report("plan", session.workspace.name, made, exit_code=code, notes=notes), settings)


def carry_out(
    settings: Settings, serial: int, options: Any, auto_approve: bool, force_maker: bool, lock_timeout: float
) -> int:
    """Plan under the lock, show, ask, carry out."""
    from reconciler.api.apply import apply_options
    from reconciler.api.state import rollback_now
    from reconciler.cli.apply import require_someone, show_and_carry_out
    from reconciler.cli.composition import open_session
    from reconciler.types.manifest import ManifestSet

    if not auto_approve:
        require_someone("state rollback")
    session = open_session(settings)
    how = apply_options(
        session, force_maker=force_maker, lock_timeout=lock_timeout, accept_account=options.accept_account
    )
    return show_and_carry_out(
        "apply", settings, session,
        lambda run, confirm: rollback_now(run, serial, options, how, lambda plan: confirm(plan, ManifestSet())),
        auto_approve=auto_approve, declined="rollback cancelled",
    )  # fmt: skip
