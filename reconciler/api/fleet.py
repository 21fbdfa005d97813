"""A fleet on Temporal: workers that make the rounds of workspaces, and the workflows that say when."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from reconciler.api.session import Session
from reconciler.api.watch import Fleet, Watched, watched
from reconciler.api.watch_requests import RequestStore
from reconciler.core.serialization import record_codec
from reconciler.core.serialization.checked_json import Malformed
from reconciler.errors import ReconcilerError, UsageError
from reconciler.types.json import Object
from reconciler.types.watch import Memory, WorkerCounts

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowHandle

    from reconciler.api.fleet_workflow import Asked, ReconcileWorkspace
    from reconciler.types.watch import Round

USUAL = "127.0.0.1:7233"
"""Where Temporal is, where nobody says something else."""
PATIENCE = 10.0
"""Seconds for a Temporal that takes connections to answer one."""


TOGETHER = 20
"""Workflows that are started or told of something at the same time."""
CREDENTIALS = ("api_key", "tls", "rpc_metadata")
TLS_HINTS = {
    "UnknownIssuer": "its certificate is by nobody known here: TEMPORAL_TLS_SERVER_CA_CERT_PATH names that of its CA",
    "NotValidForName": "its certificate is for another name: TEMPORAL_TLS_SERVER_NAME says which one is meant",
    "InvalidContentType": "it speaks without TLS: leave TEMPORAL_TLS and TEMPORAL_API_KEY away",
    "transport error": "does it want TLS (TEMPORAL_TLS=true), or a certificate (TEMPORAL_TLS_CLIENT_CERT_PATH)?",
}
"""What to do about words of the library."""


def need_temporal() -> None:
    """Raise `UsageError` where the library is not installed."""
    try:
        import temporalio  # noqa: F401
    except ImportError:
        from reconciler.installation import extra_hint

        raise UsageError("`fleet` needs temporalio, which is not installed", hint=extra_hint("fleet")) from None


def find_temporal(session: Session, address: str | None, namespace: str | None) -> tuple[str, str]:
    """Address and namespace of Temporal: those given, else what the project file says, else the usual ones.

    Raises `NotTrusted` for a host that only the project file names, `UsageError` for a variable that is not set.
    """
    from reconciler.api.connect import trusted
    from reconciler.api.manifests import known_secrets
    from reconciler.core.operator_trust import Operator
    from reconciler.core.setting_reader import ROLES, SettingsReader

    fleet = session.project.fleet
    if address is None:
        operator = Operator(session.environ, lambda: trusted(session), session.platform.vendor)
        settings: Object = {} if fleet.address is None else {"address": fleet.address}
        secrets, learn = known_secrets(session), session.redactor.learn
        address = SettingsReader("fleet", ROLES["fleet"], settings, operator, secrets.resolve, learn=learn).text(
            "address"
        )
    return (address or USUAL).strip(), namespace or fleet.namespace or "default"


@asynccontextmanager
async def connected(address: str, namespace: str, environ: Mapping[str, str]) -> AsyncIterator[Client]:
    """A connection to Temporal, with the key and certificates of `environ`.

    Raises `UsageError` for those, `ReconcilerError` where nobody listens (at once), where nobody answers for
    `PATIENCE` seconds, and for what it refuses later.
    """
    need_temporal()
    from temporalio.service import RPCError

    client = await _connect(address, namespace, read_credentials(environ))
    try:
        yield client
    except RPCError as error:
        raise ReconcilerError(
            f"Temporal at {address} refused: {_first_line(error)}",
            hint=f"does it have the namespace {namespace!r}? --namespace, or TEMPORAL_NAMESPACE, names another one",
        ) from None


def read_credentials(environ: Mapping[str, str]) -> dict[str, Any]:
    """What Temporal's own tools read from the environment too: `TEMPORAL_API_KEY`, `TEMPORAL_TLS`,
    `TEMPORAL_TLS_CLIENT_CERT_PATH` and the like, as options of a connection. Raises `UsageError`."""
    from temporalio.envconfig import ClientConfig

    given = {name: value for name, value in environ.items() if name.startswith("TEMPORAL_")}
    try:
        found = ClientConfig.load_client_connect_config(disable_file=True, override_env_vars=given)
    except (RuntimeError, ValueError, OSError) as error:
        raise UsageError(f"a variable TEMPORAL_... cannot be read: {_first_line(error)}") from None
    return {name: value for name, value in found.items() if name in CREDENTIALS}


async def _connect(address: str, namespace: str, credentials: Mapping[str, Any]) -> Client:
    """A server that has just opened its port refuses at first: tried again, with growing pauses."""
    from temporalio.client import Client

    problem, pause = "it takes connections, and does not answer", 0.1
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                await _probe(address)
                try:
                    return await Client.connect(address, namespace=namespace, **credentials)
                except RuntimeError as error:
                    problem = _first_line(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
    except TimeoutError:
        raise _silent(address, problem) from None


async def _probe(address: str) -> None:
    """Raise `ReconcilerError` where nobody listens."""
    from reconciler.core.fields.web_addresses import parse_endpoint

    place = parse_endpoint(f"https://{address}")
    if place is None or not place.port or int(place.port) > 65535:
        raise UsageError(f"{address} is no HOST:PORT, where Temporal was looked for", hint=f"for example {USUAL}")
    try:
        _, writer = await asyncio.open_connection(place.host, int(place.port))
    except TimeoutError:
        raise
    except socket.gaierror as error:
        raise _silent(address, error.strerror or "its name is not known") from None
    except OSError as error:
        raise _silent(address, os.strerror(error.errno) if error.errno else type(error).__name__) from None
    writer.close()


def _silent(address: str, problem: str) -> ReconcilerError:
    usual = "for a try: `reconciler fleet dev`; else --address, or TEMPORAL_ADDRESS"
    hint = next((hint for word, hint in TLS_HINTS.items() if word in problem), usual)
    return ReconcilerError(f"Temporal at {address} does not answer: {problem}", hint=hint)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__


def workflow_id(session: Session) -> str:
    """The name of the workflow of a workspace."""
    return f"{session.project.name}/{session.workspace.name}"


@dataclass
class Rounds:
    """Makes rounds in a worker; one workspace at a time never twice."""

    open: Callable[[str], Session]
    """The session of a project file."""
    told: Callable[[Watched, Round, Memory], None] = lambda one, done, before: None
    """Called after each round."""
    complain: Callable[[str], None] = lambda text: None
    """Called with what could not be noted or told."""
    below: Sequence[str] = ()
    """The folders whose projects it makes rounds of; all where none is named."""
    stop: threading.Event = field(default_factory=threading.Event)
    ready: threading.Event = field(default_factory=threading.Event)
    """Set while the worker takes rounds."""
    counts: WorkerCounts = WorkerCounts()
    _turns: dict[tuple[str, str], threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self, asked: Asked, cancelled: Callable[[], bool]) -> tuple[Round, Memory, float]:
        """One round: how it ended, what the next one must know, and the seconds until that is due. `cancelled`:
        whether Temporal gave it to another worker by now.

        Raises `Interrupted` where this worker, or the round, is to stop, and `UsageError` for a project elsewhere.
        """
        self._check_folder(asked.project)
        with self._lock:
            turn = self._turns.setdefault((asked.project, asked.workspace), threading.Lock())
        with turn, self._counted() as ended:
            base = self.open(asked.project)  # anew each time: the file may have changed
            (one,) = watched(base, [asked.workspace])
            one.memory = read_memory(asked.memory) or one.memory
            one.last = one.told.round if one.told is not None else None
            fleet = Fleet(
                [one], self.told, self.complain, _Either(self.stop, cancelled),
                elsewhere=lambda name: _synced_at(base, name), superseded=cancelled,
            )  # fmt: skip
            done, seconds = fleet.one_round(one, called=asked.called or one.last is None)
            ended.append(done)
            return one.session.redactor.record(done), one.memory, seconds

    def _check_folder(self, project: str) -> None:
        """Temporal names the project file: whoever may start workflows there could name any on this disk."""
        real = os.path.realpath(project)
        folders = [os.path.realpath(folder) for folder in self.below]
        if folders and not any(os.path.commonpath((real, folder)) == folder for folder in folders):
            raise UsageError(
                f"this worker makes no rounds of {project}: it lies below none of {', '.join(self.below)}",
                hint="`reconciler fleet worker --below FOLDER` names the folders",
            )

    @contextmanager
    def _counted(self) -> Iterator[list[Round]]:
        """A round under way; how it ended is put into the list."""
        ended: list[Round] = []
        with self._lock:
            self.counts = replace(self.counts, running=self.counts.running + 1)
        try:
            yield ended
        finally:
            with self._lock:
                rounds = Counter(self.counts.rounds)
                rounds.update(done.status.value for done in ended)
                sent = self.counts.requests + sum(done.requests for done in ended)
                self.counts = WorkerCounts(self.counts.running - 1, rounds, sent)


class _Either(threading.Event):
    """Set where the event is, or `also` says so."""

    def __init__(self, event: threading.Event, also: Callable[[], bool]) -> None:
        super().__init__()
        self._event, self._also = event, also

    def is_set(self) -> bool:
        return self._event.is_set() or self._also()


def _synced_at(session: Session, name: str) -> str | None:
    report = RequestStore(session.in_workspace(name)).read().report
    return None if report is None else report.memory.synced


def dump_memory(memory: Memory) -> str:
    """A memory as JSON."""
    return json.dumps(record_codec.to_json(memory))


def read_memory(text: str) -> Memory | None:
    """The inverse; None for nothing, and for what another version wrote."""
    try:
        return record_codec.from_json(Memory, json.loads(text)) if text else None
    except (Malformed, ValueError):
        return None


async def sync(client: Client, session: Session, heartbeat: float | None = None) -> list[str]:
    """Make the workflows those of the project file: one for each watched workspace, no others; what was done."""
    from temporalio.common import WorkflowIDConflictPolicy

    from reconciler.api.fleet_workflow import QUEUE, Given, ReconcileWorkspace

    fleet = session.project.fleet
    if heartbeat is not None and heartbeat >= fleet.lease:
        raise UsageError(
            f"a heartbeat of {heartbeat:g} s is not shorter than the lease of {fleet.lease:g} s",
            hint="who is replaced must not hold a lock any more: a shorter one, or `fleet: {lease: ...}`",
        )
    names = session.project.watched
    running = {id: said async for id, said in _running(client, session.project.name)}
    turns = asyncio.Semaphore(TOGETHER)

    async def adjust(name: str) -> str | None:
        own = session.in_workspace(name)
        id = workflow_id(own)
        account = own.workspace.account.name if own.workspace.account else own.workspace.provider.type
        given = Given(str(session.project.file), name, account, heartbeat or fleet.heartbeat)
        handle = client.get_workflow_handle(id)
        async with turns:
            if id not in running:
                await client.start_workflow(
                    ReconcileWorkspace.run, given, id=id, task_queue=QUEUE, memo=given.memo,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                )  # fmt: skip
                return f"started {id}"
            if running[id] == given.memo:
                await handle.signal(ReconcileWorkspace.call)
                return None
            await handle.signal(ReconcileWorkspace.change, given)
            return f"changed {id}"

    told = [line for line in await asyncio.gather(*map(adjust, names)) if line is not None]
    wanted = {f"{session.project.name}/{name}" for name in names}
    for id in sorted(running.keys() - wanted):
        await client.get_workflow_handle(id).cancel()
        told.append(f"ended {id}, which is not watched any more")
    return told


async def _running(client: Client, project: str) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """The workflows of a project, and what each was told that its workspace is."""
    from reconciler.api.fleet_workflow import WORKFLOW

    query = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running'"
    async for workflow in client.list_workflows(query):
        if workflow.id.rpartition("/")[0] == project:
            yield workflow.id, await workflow.memo()


async def call(client: Client, session: Session) -> bool:
    """Have the workflow of a workspace look now; False where none runs."""
    from temporalio.service import RPCError

    from reconciler.api.fleet_workflow import ReconcileWorkspace

    handle: WorkflowHandle[ReconcileWorkspace, None] = client.get_workflow_handle_for(
        ReconcileWorkspace.run, workflow_id(session)
    )
    try:
        await handle.signal(ReconcileWorkspace.call)
    except RPCError:
        return False
    return True


async def missing(client: Client, session: Session, names: Sequence[str]) -> list[str]:
    """Those of the workspaces whose workflow does not run."""
    running = {id async for id, _ in _running(client, session.project.name)}
    return [name for name in names if f"{session.project.name}/{name}" not in running]
