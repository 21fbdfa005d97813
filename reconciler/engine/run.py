"""The writing runs: lock, read, plan, confirm, carry out, save; for manifests and for a saved plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.journal import AccountNoted, DigestKeyNoted, IntentDropped, IntentNoted, Outcome, PlanStarted
from reconciler.engine.apply import apply_changes, refuse_blocked
from reconciler.engine.fill import check_secrets
from reconciler.engine.fresh import check_account, check_state
from reconciler.engine.plan import plan_with_live
from reconciler.engine.reading import Reader
from reconciler.engine.rescue import Rescue
from reconciler.engine.session import HERE, Session, open_session
from reconciler.engine.setting import Setting
from reconciler.engine.steps import Worker
from reconciler.types.address import Address
from reconciler.types.live import LiveObject
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import ApplyOptions, PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.ports import Backend, Clock, Emit
from reconciler.types.report import ApplyResult
from reconciler.types.state import Entry, Intent, State


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a writing run needs of the outside world beside the account."""

    backend: Backend
    clock: Clock
    emit: Emit
    stop: Callable[[], bool] = lambda: False
    """True once the user asked to stop: running requests end, nothing new begins."""
    rescue: Rescue = HERE
    """Keeps a state that could not be stored."""


class SessionLedger:
    """The ledger of the steps on top of the session's journal."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._announced: set[Address] = set()

    @property
    def state(self) -> State:
        return self._session.state

    def check(self) -> None:
        self._session.check()

    def announce(self, intents: Sequence[Intent]) -> None:
        if self._session.journals:
            return  # One line each, right before its request, is cheap.
        self._session.record_all([IntentNoted(intent) for intent in intents])
        self._announced = {intent.address for intent in intents}

    def retract(self) -> None:
        left, self._announced = sorted(self._announced), set()
        self._session.record_all([IntentDropped(address) for address in left])

    def intend(self, intent: Intent) -> None:
        if intent.address in self._announced:
            self._announced.discard(intent.address)
            return
        self._session.record(IntentNoted(intent))

    def drop(self, address: Address) -> None:
        self._session.record(IntentDropped(address))

    def keep(self, address: Address, entry: Entry, *, previous: Address | None = None) -> None:
        self._session.record(Outcome(address, "recorded", entry, previous))

    def forget(self, address: Address) -> None:
        self._session.record(Outcome(address, "forgotten"))


def apply_manifests(
    manifests: ManifestSet,
    setting: Setting,
    around: Surroundings,
    plan_options: PlanOptions,
    options: ApplyOptions,
    *,
    confirm: Callable[[Plan], bool],
    review: Callable[[Plan], Plan] = lambda plan: plan,
) -> tuple[Plan, ApplyResult | None]:
    """Plan under the lock, show it to `confirm`, and carry it out; the result is None when the answer was no.

    `review` may add findings to the plan, or refuse it by raising. A plan that changes nothing is not asked about.
    Raises `StateLocked`, `PlanError`, `PlanBlocked`, `SecretMissing`, `ProviderError` (the account cannot be read).
    """
    with open_session(
        around.backend, workspace=setting.workspace.name, operation="apply", clock=around.clock, emit=around.emit,
        lock_timeout=options.lock_timeout, rescue=around.rescue,
    ) as session:  # fmt: skip
        plan, live = plan_with_live(manifests, session.state, plan_options, setting)
        read_at = around.clock.monotonic()
        plan = review(plan)
        refuse_blocked(plan)
        asked = bool(plan.differences) or (plan.mode == "refresh-only" and bool(plan.drift))
        if asked and not confirm(plan):
            return plan, None
        _drop_settled(plan, manifests, session)
        return plan, _carry_out(plan, live, read_at, session, setting, around, options)


def apply_saved(
    plan: Plan, digest: str, setting: Setting, around: Surroundings, options: ApplyOptions
) -> ApplyResult:
    """Carry out exactly a saved plan, or refuse it before the first write when anything it rests on moved.

    Raises `PlanStale`, `PlanBlocked`, `StateLocked`, `SecretMissing`.
    """
    refuse_blocked(plan)
    with open_session(
        around.backend, workspace=setting.workspace.name, operation="apply", clock=around.clock, emit=around.emit,
        lock_timeout=options.lock_timeout, lineage=plan.lineage, rescue=around.rescue,
    ) as session:  # fmt: skip
        check_state(plan, session.state, workspace=setting.workspace.name, digest=digest)
        reader = Reader(setting.provider, setting.workspace.parallelism)
        live = check_account(plan, session.state, setting, reader, accept=options.accept_account)
        read_at = around.clock.monotonic()
        return _carry_out(plan, live, read_at, session, setting, around, options, digest=digest)


def _carry_out(
    plan: Plan,
    live: Mapping[tuple[str, str], LiveObject],
    read_at: float,
    session: Session,
    setting: Setting,
    around: Surroundings,
    options: ApplyOptions,
    *,
    digest: str | None = None,
) -> ApplyResult:
    if digest is not None:
        check_secrets(
            plan.changes, setting.book(session.state)
        )  # what stops here was not started: it may be tried again
        session.record(PlanStarted(digest))
    worker = Worker(
        setting.provider,
        SessionLedger(session),
        setting.book(session.state),
        around.clock,
        live,
        read_at,
        plan.namesakes,
        force_maker=options.force_maker,
        refresh=plan.mode == "refresh-only",
    )
    result = apply_changes(plan, worker, parallelism=options.parallelism, emit=around.emit, stop=around.stop)
    if result.count("done"):
        _note_account(session, setting)
    return result


def _note_account(session: Session, setting: Setting) -> None:
    """Remember whose account this is, and under which key secrets are digested."""
    account = setting.provider.account()
    key = setting.fingerprint(session.state)
    session.record(AccountNoted(account.owner, key, account.base_url))
    id = setting.book(session.state).digests.key_id
    if id != session.state.digest_key:
        session.record(DigestKeyNoted(id))


def _drop_settled(plan: Plan, manifests: ManifestSet, session: Session) -> None:
    """Open creates that left nothing behind and that no manifest asks for any more are closed."""
    wanted = {one.address for one in manifests.manifests} | {change.address for change in plan.changes}
    for intent in session.state.pending:
        if intent.address not in wanted and manifests.paths is None:
            session.record(IntentDropped(intent.address))
