"""What a pipeline has to know of a project: accounts, keys, variables, state, branch, source of the program."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.operator_trust import HANDED_ON
from reconciler.core.secrets.secret_book import markers
from reconciler.core.setting_reader import reference_in
from reconciler.installation import Source
from reconciler.types.json import Json
from reconciler.types.project import Workspace

ALWAYS = tuple(HANDED_ON)
"""Variables of the program itself that every run has to know alike, where they are set."""
EXTRAS: Mapping[str, str] = {"s3": "s3", "postgres": "postgres"}
"""State backend -> the optional feature that it needs."""
CLOUDS: Mapping[str, tuple[str, ...]] = {
    "aws": ("AWS_ROLE_ARN", "AWS_REGION"),
    "azure": ("AZURE_CLIENT_ID", "AZURE_TENANT_ID"),
    "google": ("GOOGLE_WORKLOAD_IDENTITY_PROVIDER", "GOOGLE_SERVICE_ACCOUNT_EMAIL"),
}
"""Cloud -> the variables from which a job gets a short-lived credential with its own identity (OIDC)."""
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Account:
    """A workspace with a real account.

    `key` is the variable that its API key stands in, `reading` the secret of a key that may only read; `state` its
    backend, `cloud` whose store that is (else ""); `variables` are the others that its manifests and settings name,
    sorted."""

    workspace: str
    key: str
    reading: str
    state: str
    cloud: str = ""
    variables: tuple[str, ...] = ()

    @property
    def shared(self) -> bool:
        """Whether two runners see one state."""
        return self.state != "local"


def expected_account(key: str) -> Account:
    """What a project without any account will have one day; `key` is the variable of the vendor's own client."""
    return Account("production", key, _reading(key), "local")


GITHUB = "github.com"


@dataclass(frozen=True, slots=True)
class PipelineFacts:
    """`branch`: the one whose merges are applied; `directory`: the project's folder from the top of the repository;
    `paths`: globs from there over the files that plans are made from; `encrypted`: whether a state is."""

    source: Source
    accounts: tuple[Account, ...]
    branch: str = "main"
    directory: str = "."
    paths: tuple[str, ...] = ("manifests/**",)
    encrypted: bool = False
    forge: str = GITHUB
    """The host that the project itself lies on."""

    @property
    def extras(self) -> tuple[str, ...]:
        """Optional features that the states need."""
        needed = {EXTRAS[account.state] for account in self.accounts if account.state in EXTRAS}
        return tuple(sorted(needed | ({"encryption"} if self.encrypted else set())))

    @property
    def variables(self) -> tuple[str, ...]:
        """What the manifests and settings of all accounts name, sorted."""
        return tuple(sorted({name for account in self.accounts for name in account.variables}))

    @property
    def unshared(self) -> tuple[str, ...]:
        """Workspaces whose state a runner would lose."""
        return tuple(account.workspace for account in self.accounts if not account.shared)


def accounts_of(
    workspaces: Iterable[Workspace], bodies: Mapping[str, Iterable[Json]], usual_key: str
) -> tuple[Account, ...]:
    """The real accounts among `workspaces`; `bodies`: workspace name -> specs of its manifests. `usual_key` is the
    variable of a workspace that names none."""
    real = [workspace for workspace in workspaces if not workspace.embedded]
    keys = {
        workspace.name: next(iter(_variables(workspace.provider.settings.get("api_key"))), usual_key)
        for workspace in real
    }
    shared = Counter(keys.values())
    found: list[Account] = []
    for workspace in real:
        key = keys[workspace.name]
        reading = _reading(key)
        if shared[key] > 1:
            reading += "_" + re.sub(r"\W", "_", workspace.name).upper()
        cloud = _cloud(workspace) if workspace.state.type == "s3" else ""
        named = {*_settings(workspace.provider.settings), *_settings(workspace.state.settings)}
        named |= _variables([*bodies.get(workspace.name, ())])
        others = sorted(named - {key, *ALWAYS, *(CLOUDS[cloud] if cloud else ())})
        found.append(Account(workspace.name, key, reading, workspace.state.type, cloud, tuple(others)))
    return tuple(found)


def _reading(key: str) -> str:
    """The secret of a key that may only read, beside the one called `key`."""
    return re.sub(r"(_API)?_KEY$", "", key) + "_READ_KEY"


def each_variable(facts: PipelineFacts, command: str, how: str = "") -> Iterator[tuple[str, str]]:
    """The step for the variables that a project names: `command` with `{}` for the name, in a loop for several."""
    if len(facts.variables) == 1:
        yield (
            f"{facts.variables[0]}, which manifests or the project file name{how}",
            command.format(facts.variables[0]),
        )
    elif facts.variables:
        yield (
            f"{len(facts.variables)} variables that manifests or the project file name{how}; each value is asked for",
            f"for name in {' '.join(facts.variables)}; do {command.format('$name')}; done",
        )


def scalar(text: str) -> str:
    """The text as a value in YAML, quoted where it would be read as something else."""
    plain = re.fullmatch(r"[A-Za-z_][\w./-]*", text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text)


def _settings(value: Json) -> Iterator[str]:
    """Variables of settings, in which references further down stand as they are written (the key of `encryption`)."""
    if (reference := reference_in(value)) is not None:
        yield from [reference.variable] if reference.variable else []
    elif isinstance(value, dict):
        for member in value.values():
            yield from _settings(member)


def _variables(value: Json) -> set[str]:
    return {marker.variable for marker in markers(value) if marker.variable is not None}


def _cloud(workspace: Workspace) -> str:
    settings = workspace.state.settings
    if settings.get("endpoint") or any(name in settings for name in ("access_key_id", "secret_access_key")):
        return ""  # another S3, or keys of its own
    scheme = str(settings.get("url") or "s3://").partition("://")[0]
    return {"s3": "aws", "s3a": "aws", "gs": "google", "az": "azure", "azure": "azure", "abfss": "azure"}.get(
        scheme, ""
    )
