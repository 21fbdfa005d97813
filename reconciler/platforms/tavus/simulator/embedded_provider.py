"""The embedded provider: the real API client over a simulated service in this process, without key or network."""

from __future__ import annotations

from pathlib import Path

from reconciler.errors import UsageError
from reconciler.platforms.base import ProviderContext
from reconciler.platforms.pace import Pace
from reconciler.platforms.tavus.client.open_provider import check_settings, vocabulary_of
from reconciler.platforms.tavus.client.retry_policy import RetryPolicy
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.types.ports import Provider
from reconciler.types.project import ProviderSettings

BASE_URL = "http://simulator.localhost/v2"
WORLD = "world.json"


def open_provider(settings: ProviderSettings, context: ProviderContext) -> Provider:
    """Open the world of this workspace, kept in `world.json` beside its state.

    The setting `faults` names a file of faults (and moods) to rehearse with, relative to the project. Raises
    `UsageError`.
    """
    from reconciler.platforms.tavus.simulator.faults import load_faults
    from reconciler.platforms.tavus.simulator.simulator_transport import SimulatorTransport

    check_settings(settings, known=("faults",))
    folder = Path(context.state_folder)
    named = settings.settings.get("faults")
    if named is not None and not isinstance(named, str):
        raise UsageError(f"workspace {context.workspace}: provider.faults is the path of a file")
    faults = load_faults(folder.parent.parent / named) if named else None
    return TavusProvider(
        api_key=f"simulator-{context.workspace}",
        base_url=BASE_URL,
        vocabulary=vocabulary_of(settings),
        reading=context.reading,
        transport=SimulatorTransport(world_path=folder / WORLD, faults=faults),
        parallelism=context.parallelism,
        pace=Pace(context.clock, context.max_requests_per_second),
        policy=RetryPolicy(give_up_after=context.give_up_after),
        emit=context.emit,
        redactor=context.redactor,
        clock=context.clock,
        random=context.random,
        answers=context.answers,
    )
