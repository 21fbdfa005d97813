"""The shape of `watch:` in the project file, the record that it becomes, and the check of `depends_on`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictFloat, StrictInt, model_validator

from reconciler.manifests.tree.problems import PROJECT, Findings, Suggestions
from reconciler.types.address import SecretRef
from reconciler.types.diagnostic import Source
from reconciler.types.json import join, seconds_in
from reconciler.types.project import Workspace
from reconciler.types.watch import Backoff, Mode, Notification, Status, Watch, Window

RECOVERED = "recovered"


def _duration(text: str) -> str:
    if not seconds_in(text):
        raise ValueError("write a number with a unit, as in 30s, 10m, 1h or 2d")
    return text


def _percent(text: str) -> str:
    if re.fullmatch(r"\d{1,3}(\.\d+)?%", text) is None or float(text[:-1]) > 100:
        raise ValueError("write a share, as in 20%")
    return text


def _event(text: str) -> str:
    known = [*Status, RECOVERED]
    if text not in known:
        raise ValueError(f"write some of {', '.join(known)}")
    return text


Number: TypeAlias = StrictInt | StrictFloat
Duration: TypeAlias = Annotated[str, AfterValidator(_duration)]
Percent: TypeAlias = Annotated[str, AfterValidator(_percent)]
Event: TypeAlias = Annotated[str, AfterValidator(_event)]


def seconds(text: str) -> float:
    """A duration of the file, which the model has checked, in seconds."""
    return seconds_in(text) or 0.0


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", defer_build=True)


class RetryModel(_Strict):
    first: Duration = "30s"
    """The wait after the first failure; it doubles with each further one."""
    max: Duration = "30m"
    """The longest wait."""


class HealModel(_Strict):
    first: Duration = "1m"
    """The wait before the same drift is put back a second time."""
    factor: Annotated[Number, Field(ge=1)] = 3
    """How much longer each further wait is."""
    max: Duration = "1h"
    """The longest wait."""


class WindowModel(_Strict):
    deny: str | None = None
    """When writing begins to be denied: minute, hour, day of month, month, day of week, as for cron."""
    allow: str | None = None
    """When writing begins to be allowed; outside of all `allow` windows nothing is written."""
    for_: Annotated[Duration, Field(alias="for")]
    """How long the window stays open, in real hours."""
    timezone: str = "UTC"
    """The time zone of the schedule, by its name."""
    manual: Literal["allow", "deny"] = "deny"
    """Whether a plan that a person approved may be carried out while the window denies."""
    running: Literal["finish", "stop"] = "finish"
    """What becomes of changes that are under way when it begins to deny: all finish, or running requests alone."""

    @model_validator(mode="after")
    def _one_of_both(self) -> WindowModel:
        if (self.deny is None) == (self.allow is None):
            raise ValueError("write either deny or allow, with a schedule as for cron")
        return self


class NotifyModel(_Strict):
    webhook: Annotated[dict[Literal["env", "file"], str], Field(min_length=1, max_length=1)]
    """Where it is sent by POST; the address is a secret, so it stands in a variable: {env: HOOK}."""
    format: Literal["slack", "teams", "json"] = "json"
    """The form that the receiver understands."""
    on: Annotated[list[Event], Field(min_length=1)] = list(Notification(SecretRef("env", "")).on)
    """What people are told of."""


class WatchModel(_Strict):
    mode: Literal["auto", "approve", "drift", "off"] = "drift"
    """What a round may do: write what differs, write it once a person approved the plan, look, or nothing."""
    ref: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_+-]*([./][A-Za-z0-9_+-]+)*$")] | None = None
    """Branch or tag whose commits are read; without it the folder as it is."""
    interval: Duration = "10m"
    """Time between two looks at git."""
    drift_interval: Duration = "1h"
    """Time after which the account is looked at though git stands still."""
    jitter: Percent = "20%"
    """By how much an interval may be longer, so that many workspaces do not come at once."""
    retry: RetryModel = RetryModel()
    """Waits after rounds that failed."""
    heal: HealModel = HealModel()
    """Waits before the same drift is put back again."""
    windows: list[WindowModel] = []
    """Times in which writing is denied, or alone allowed."""
    depends_on: list[str] = []
    """Workspaces in which a commit must be synced before it is written here."""
    notify: list[NotifyModel] = []
    """Who is told of what."""
    approval_expires: Duration = "3d"
    """Time after which a plan that nobody answered is made again, and asked about again."""


WATCH_KEYS: dict[str, tuple[str, ...]] = {
    "": tuple(WatchModel.model_fields),
    "/retry": tuple(RetryModel.model_fields),
    "/heal": tuple(HealModel.model_fields),
}
"""Keys by place, for did-you-mean."""


def watch_record(model: WatchModel) -> Watch:
    """The record of a checked model."""
    return Watch(
        Mode(model.mode),
        model.ref,
        seconds(model.interval),
        seconds(model.drift_interval),
        float(model.jitter[:-1]) / 100,
        Backoff(seconds(model.retry.first), seconds(model.retry.max)),
        Backoff(seconds(model.heal.first), seconds(model.heal.max), float(model.heal.factor)),
        tuple(_window(window) for window in model.windows),
        tuple(model.depends_on),
        tuple(
            Notification(SecretRef.of(dict(notify.webhook.items())), notify.format, tuple(notify.on))
            for notify in model.notify
        ),
        seconds(model.approval_expires),
    )


def _window(model: WindowModel) -> Window:
    kind, cron = ("deny", model.deny) if model.deny is not None else ("allow", model.allow or "")
    return Window(kind, cron, seconds(model.for_), model.timezone, model.manual == "allow", model.running == "stop")


NAMED = 12
"""Workspaces of a cycle that an error names."""


def check_neighbours(workspaces: Mapping[str, Workspace], source: Source, findings: Findings) -> None:
    """An error for each workspace that depends on one that is not watched, or through others on itself."""
    waits = {
        name: workspace.watch.depends_on for name, workspace in workspaces.items() if workspace.watch is not None
    }
    for name, others in waits.items():
        near = Suggestions(word for word in waits if word != name) if others else None
        for index, other in enumerate(others):
            if near is not None and (other not in waits or other == name):
                findings.error(
                    PROJECT,
                    f"depends_on {other!r} is no other workspace of this project that is watched",
                    source=source,
                    pointer=_pointer_to_dependency(name, index),
                    hint=near.of(other) or "add `watch:` to that workspace",
                )
    known = {name: [other for other in others if other in waits and other != name] for name, others in waits.items()}
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))  # from the dependency to its dependent
        first, second = circle[0], circle[1]
        more = f" and {len(circle) - NAMED} more" if len(circle) > NAMED else ""
        findings.error(
            PROJECT,
            f"depends_on goes in a circle: {' -> '.join(circle[:NAMED])}{more}; all of them would wait for ever",
            source=source,
            pointer=_pointer_to_dependency(first, waits[first].index(second)),
            hint="take one of them out",
        )


def _pointer_to_dependency(name: str, index: int) -> str:
    return join("workspaces", name, "watch", "depends_on", str(index))
